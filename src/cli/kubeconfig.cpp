#include "kubeconfig.hpp"

#include <fmt/core.h>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>

#include "client.hpp"
#include "orilla/base/read_file.hpp"
#include "orilla/schema/manifest.hpp"
#include "orilla/schema/yaml.hpp"
#include "print/output.hpp"
#include "replace_file.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

constexpr const char* default_name = "orilla";

Result<json::object> parse_config(std::string_view text, const std::string& file) {
    auto documents = api::read_documents(text, file);
    if (!documents) return Error(Code::invalid, "error: " + documents.error().message());
    if (documents->empty()) return json::object{{"apiVersion", "v1"}, {"kind", "Config"}};
    boost::system::error_code failed;
    json::value root = json::parse((*documents)[0].json, failed);
    const bool fits = documents->size() == 1 && !failed && root.is_object() &&
                      (!root.get_object().contains("kind") || text_at(root.get_object(), "kind") == "Config");
    if (!fits) return usage(file + " is no kubeconfig: one document of kind Config is expected");
    return std::move(root.get_object());
}

/// The entry of a list of {name, ...}; null when there is none.
json::object* find_entry(json::object& config, const char* list, const std::string& name) {
    json::value* entries = config.if_contains(list);
    if (!entries || !entries->is_array()) return nullptr;
    for (auto& entry : entries->get_array())
        if (entry.is_object() && text_at(entry.get_object(), "name") == name) return &entry.get_object();
    return nullptr;
}

Result<void> check_list(const json::object& config, const char* list, const std::string& file) {
    const json::value* entries = config.if_contains(list);
    if (!entries || entries->is_null() || entries->is_array()) return ok();
    return usage(fmt::format("{} is no kubeconfig: {} is no list", file, list));
}

json::object first_entry(const json::object& config, const char* list) {
    const json::array& entries = array_at(config, list);
    return entries.empty() ? json::object() : entries[0].get_object();
}

void put_entry(json::object& config, const char* list, json::object entry) {
    if (json::object* found = find_entry(config, list, text_at(entry, "name"))) {
        *found = std::move(entry);
        return;
    }
    json::value& entries = config[list];
    if (!entries.is_array()) entries.emplace_array();
    entries.get_array().emplace_back(std::move(entry));
}

/// Our entries under the wanted name.
struct Entries {
    json::object cluster, user, context;
};

Entries rename_entries(const json::object& ours, const std::string& name) {
    const std::string user = name + "-admin";
    Entries out{first_entry(ours, "clusters"), first_entry(ours, "users"), first_entry(ours, "contexts")};
    out.cluster["name"] = name;
    out.user["name"] = user;
    out.context["name"] = name;
    json::object context = object_at(out.context, "context");
    context["cluster"] = name;
    context["user"] = user;
    out.context["context"] = std::move(context);
    return out;
}

/// The same box by its CA: its address may change, and several boxes are reached through 127.0.0.1.
bool is_same_cluster(const json::object& a, const json::object& b) {
    constexpr const char* ca = "certificate-authority-data";
    return text_at(object_at(a, "cluster"), ca) == text_at(object_at(b, "cluster"), ca);
}

Error taken(const std::string& file, const std::string& what) {
    return usage(fmt::format(
        "{} has another {}: it stays as it is; choose another name for this box with --name, or --overwrite to replace it",
        file, what));
}

/// Does nothing of the file go lost?
Result<void> check_section_names(json::object& config, const Entries& ours, const std::string& file) {
    const std::string name = text_at(ours.cluster, "name"), user = text_at(ours.user, "name");
    const json::object* cluster = find_entry(config, "clusters", name);
    if (cluster && !is_same_cluster(*cluster, ours.cluster))
        return taken(file, fmt::format("cluster \"{}\" ({})", name, text_at(object_at(*cluster, "cluster"), "server")));
    if (!cluster && find_entry(config, "users", user)) return taken(file, fmt::format("user \"{}\"", user));
    const json::object* context = find_entry(config, "contexts", name);
    if (context && text_at(object_at(*context, "context"), "cluster") != name)
        return taken(file, fmt::format("context \"{}\"", name));
    return ok();
}

Result<std::string> fetch_kubeconfig(Client& client, const Options& options, const Local& local) {
    if (!options.data_dir.empty())
        return local.kubeconfig(options.data_dir, options.server.empty() ? "https://127.0.0.1:6443" : options.server);
    Request request;
    request.path = "/orilla/v1/kubeconfig?server=" + escape(options.server);
    return client.send(request);
}

}  // namespace

Result<std::string> find_kubeconfig_path() {
    const char* list = getenv("KUBECONFIG");
    std::string last;
    for (std::string_view rest = list ? list : ""; !rest.empty();) {
        const size_t end = std::min(rest.find(':'), rest.size());
        if (end > 0) last = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        std::error_code failed;
        if (end > 0 && fs::exists(last, failed)) return last;
    }
    if (!last.empty()) return last;
    const char* home = getenv("HOME");
    if (!home || !*home) return usage("neither KUBECONFIG nor HOME says where kubectl's file is: name it with -o FILE");
    return std::string(home) + "/.kube/config";
}

Result<std::string> merge_kubeconfig(std::string_view existing, std::string_view ours, const std::string& name,
                                     const std::string& file, bool overwrites) {
    TRY(json::object config, parse_config(existing, file));
    TRY(const json::object made, parse_config(ours, "the daemon's answer"));
    for (const char* list : {"clusters", "users", "contexts"}) TRY_VOID(check_list(config, list, file));
    Entries entries = rename_entries(made, name);
    if (!overwrites) TRY_VOID(check_section_names(config, entries, file));
    // What somebody chose for the context, its namespace for example, stays.
    if (const json::object* context = find_entry(config, "contexts", name)) {
        json::object kept = object_at(*context, "context");
        for (const auto& field : object_at(entries.context, "context")) kept[field.key()] = field.value();
        entries.context["context"] = std::move(kept);
    }
    put_entry(config, "clusters", std::move(entries.cluster));
    put_entry(config, "users", std::move(entries.user));
    put_entry(config, "contexts", std::move(entries.context));
    if (text_at(config, "current-context").empty()) config["current-context"] = name;
    return api::render_yaml(json::serialize(config));
}

Result<std::string> merge_into_file(const std::string& file, std::string_view ours, const std::string& name, bool overwrites) {
    TRY(FileReplacement replacement, FileReplacement::begin(file));
    TRY(const std::string before, replacement.read(kubeconfig_bytes_max));
    TRY(const std::string after, merge_kubeconfig(before, ours, name, file, overwrites));
    TRY_VOID(replacement.commit(after));
    TRY(const json::object config, parse_config(after, file));
    const std::string current = text_at(config, "current-context");
    return fmt::format(
        "cluster, user and context \"{}\" are in {}\n{}", name, file,
        current == name ? ""
                        : fmt::format("the current context there is still \"{}\": 'kubectl config use-context {}' changes it\n",
                                      current, name));
}

Result<void> run_kubeconfig(Client& client, const Options& options, const Local& local) {
    TRY_VOID(refuse_words(options));
    const std::string name = options.name.empty() ? default_name : options.name;
    TRY(const std::string ours, fetch_kubeconfig(client, options, local));
    if (!options.merge && (options.kubeconfig_file.empty() || options.kubeconfig_file == "-")) {
        TRY(const std::string text, options.name.empty() ? Result<std::string>(ours) : merge_kubeconfig("", ours, name, ""));
        print_data(text);
        return ok();
    }
    TRY(const std::string file,
        options.kubeconfig_file.empty() ? find_kubeconfig_path() : Result<std::string>(options.kubeconfig_file));
    TRY(const std::string done, merge_into_file(file, ours, name, options.overwrite));
    print(done);
    return ok();
}

}  // namespace orilla::cli
