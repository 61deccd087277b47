#include <fmt/core.h>
#include <algorithm>

#include "print/output.hpp"
#include "served_kinds.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace {

template <class Words>
std::string comma_joined(const Words& words) {
    std::string out;
    for (auto word : words) out += (out.empty() ? "" : ",") + std::string(word);
    return out;
}

bool is_listed(const Options& options, const api::KindInfo& kind) {
    if (!options.api_group.empty() && kind.group != options.api_group) return false;
    if (!options.namespaced.empty() && kind.namespaced != (options.namespaced == "true")) return false;
    return std::ranges::all_of(options.verbs, [&kind](const std::string& verb) { return kind.has_verb(verb); });
}

}  // namespace

std::string render_api_resources(const Options& options) {
    TextTable table;
    const bool wide = options.output == "wide";
    std::vector<std::string> head{"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"};
    if (wide) head.emplace_back("VERBS"), head.emplace_back("CATEGORIES");
    if (!options.no_headers && options.output != "name") table.add(head);
    for (const api::KindInfo& kind : served_kinds().resources()) {
        if (!is_listed(options, kind)) continue;
        std::vector<std::string> row{std::string(options.output == "name" ? kind.resource : kind.plural)};
        if (options.output != "name")
            row.insert(row.end(), {comma_joined(kind.short_names), std::string(kind.api_version),
                                   kind.namespaced ? "true" : "false", std::string(kind.kind)});
        if (wide) row.push_back(comma_joined(kind.verbs)), row.push_back(comma_joined(kind.categories));
        table.add(std::move(row));
    }
    return table.render();
}

Result<void> run_api_resources(Client&, const Options& options) {
    TRY_VOID(check_output(options, "name,wide"));
    TRY_VOID(refuse_words(options));
    if (!options.namespaced.empty() && options.namespaced != "true" && options.namespaced != "false")
        return usage(
            fmt::format("invalid argument \"{}\" for \"--namespaced\" flag: expected true or false", options.namespaced));
    print(render_api_resources(options));
    return ok();
}

}  // namespace orilla::cli
