#include "targets.hpp"

#include <fmt/core.h>
#include <boost/json.hpp>

#include "manifests.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;

Result<std::vector<Target>> find_targets(const Options& options, const std::vector<std::string>& words) {
    if (options.files.empty()) return parse_targets(words, options);
    if (!words.empty())
        return usage("when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well");
    Options unchecked = options;
    unchecked.validate = "ignore";  // here a kind and a name are enough
    TRY(auto manifests, read_manifests(unchecked));
    std::vector<Target> out;
    for (const auto& manifest : manifests) {
        if (manifest.name.empty()) return usage(manifest.document.source + ": resource name may not be empty");
        out.push_back({manifest.kind, manifest.name, manifest.ns, manifest.document.source});
    }
    return out;
}

Result<json::object> fetch(Client& client, const Options& options, const Target& target) {
    Request request;
    request.path = path_of(target) + (target.name.empty() ? list_query(options) : "");
    TRY(std::string body, client.send(request));
    return parse_object(body);
}

Result<std::vector<Target>> expand(Client& client, const Options& options, const std::vector<Target>& targets) {
    std::vector<Target> out;
    for (const auto& target : targets) {
        if (!target.name.empty()) {
            out.push_back(target);
            continue;
        }
        TRY(json::object list, fetch(client, options, target));
        for (const auto& item : array_at(list, "items")) {
            const json::object& metadata = object_at(item.get_object(), "metadata");
            out.push_back({target.kind, text_at(metadata, "name"), text_at(metadata, "namespace"), ""});
        }
    }
    return out;
}

Result<void> print_done(const Options& options, const Target& target, const std::string& done, const json::object& object) {
    if (!is_machine_output(options.output)) {
        print(fmt::format("{} {}{}\n", display_name(*target.kind, target.name), done, dry_run_suffix(options)));
        return ok();
    }
    TRY(const std::string text, render_objects(options, {object}, true));
    print_value(text);
    return ok();
}

}  // namespace orilla::cli
