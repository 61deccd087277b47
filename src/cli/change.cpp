// scale, label and annotate: small patches of one field.
#include <boost/json.hpp>

#include "output.hpp"
#include "verbs.hpp"
#include "watching.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

std::string dry_run_query(const Options& options, const std::string& manager) {
    return "?fieldManager=" + manager + (options.dry_run == "server" ? "&dryRun=All" : "");
}

Result<std::vector<Target>> expand(Client& client, const Options& options, const std::vector<std::string>& words) {
    TRY(auto targets, parse_targets(words));
    std::vector<Target> out;
    for (const auto& target : targets) {
        if (!target.name.empty()) {
            out.push_back(target);
            continue;
        }
        if (options.selector.empty() && options.field_selector.empty() && !options.all)
            return Error(Code::bad_request, "error: a name, -l or --all is needed");
        Request request;
        request.path = path_of(*target.kind, namespace_for(*target.kind, options)) + list_query(options);
        TRY(std::string body, client.send(request));
        TRY(json::object list, parse_object(body));
        for (const auto& item : array_at(list, "items"))
            out.push_back({target.kind, text_at(object_at(item.get_object(), "metadata"), "name")});
    }
    return out;
}

Result<void> show(const Options& options, const Target& target, const std::string& done, const std::string& body) {
    const std::string dry = options.dry_run == "server" ? " (server dry run)" : options.dry_run == "client" ? " (dry run)" : "";
    if (options.output == "name") {
        print(display_name(*target.kind, target.name) + "\n");
    } else if (is_machine_output(options.output)) {
        TRY(std::string text, render_object(body, options));
        print(text);
    } else {
        print(display_name(*target.kind, target.name) + " " + done + dry + "\n");
    }
    return ok();
}

Result<void> scale_one(Client& client, const Options& options, const Target& target) {
    const std::string path = path_of(*target.kind, options.ns, target.name);
    if (options.current_replicas) {
        Request get;
        get.path = path + "/scale";
        TRY(std::string body, client.send(get));
        TRY(json::object scale, parse_object(body));
        const int64_t have = number_at(object_at(scale, "spec"), "replicas");
        if (have != *options.current_replicas)
            return Error(Code::conflict, "error: Expected replicas to be " + std::to_string(*options.current_replicas) + ", was " + std::to_string(have));
    }
    if (options.dry_run == "client") return show(options, target, "scaled", "{}");
    Request request;
    request.method = "PATCH";
    request.path = path + "/scale" + dry_run_query(options, "kubectl-scale");
    request.content_type = "application/merge-patch+json";
    request.body = json::serialize(json::object{{"spec", {{"replicas", *options.replicas}}}});
    TRY(std::string body, client.send(request));
    TRY_VOID(show(options, target, "scaled", body));
    if (options.timeout.empty()) return ok();
    const int64_t limit_ms = parse_duration_ms(options.timeout);
    if (limit_ms < 0) return Error(Code::bad_request, "error: invalid --timeout \"" + options.timeout + "\"");
    return wait_until(client, *target.kind, options.ns, target.name, limit_ms, [&](const json::object* object) -> Result<bool> {
        return object && number_at(object_at(*object, "status"), "replicas") == *options.replicas;
    });
}

/// key=value sets, key- removes; everything before the first of them names objects.
struct LabelChange {
    std::vector<std::string> words;
    json::object values;
};

Result<LabelChange> parse_change(const Options& options) {
    LabelChange out;
    for (const auto& arg : options.args) {
        const size_t equals = arg.find('=');
        const bool removes = equals == std::string::npos && arg.size() > 1 && arg.back() == '-' && !out.words.empty();
        if (equals != std::string::npos) out.values[arg.substr(0, equals)] = arg.substr(equals + 1);
        else if (removes) out.values[arg.substr(0, arg.size() - 1)] = nullptr;
        else if (!out.values.empty()) return Error(Code::bad_request, "error: all resources must be specified before changes: " + arg);
        else out.words.push_back(arg);
    }
    if (out.values.empty() && !options.list) return Error(Code::bad_request, "error: at least one update is required: KEY=VALUE or KEY-");
    return out;
}

Result<void> label_one(Client& client, const Options& options, const Target& target, const json::object& values) {
    const std::string field = options.verb == "label" ? "labels" : "annotations";
    Request get;
    get.path = path_of(*target.kind, namespace_for(*target.kind, options), target.name);
    TRY(std::string body, client.send(get));
    TRY(json::object live, parse_object(body));
    const json::object& have = object_at(object_at(live, "metadata"), field);
    if (options.list) {
        for (const auto& item : have) print(std::string(item.key()) + "=" + text_of(item.value()) + "\n");
        if (values.empty()) return ok();
    }
    bool changes = false;
    for (const auto& item : values) {
        const json::value* before = have.if_contains(item.key());
        changes |= item.value().is_null() ? before != nullptr : !before || *before != item.value();
        if (before && !item.value().is_null() && *before != item.value() && !options.overwrite)
            return Error(Code::conflict, "error: '" + std::string(item.key()) + "' already has a value (" + text_of(*before) +
                                             "), and --overwrite is false");
    }
    const std::string done = options.verb == "label" ? "labeled" : "annotated";
    if (!changes && options.verb == "label") return show(options, target, "not labeled", body);
    if (options.dry_run == "client") return show(options, target, done, body);
    Request request;
    request.method = "PATCH";
    request.path = get.path + dry_run_query(options, "kubectl-" + options.verb);
    request.content_type = "application/merge-patch+json";
    request.body = json::serialize(json::object{{"metadata", {{field, values}}}});
    TRY(std::string answer, client.send(request));
    return show(options, target, done, answer);
}

}  // namespace

Result<void> run_scale(Client& client, const Options& options) {
    TRY(auto targets, expand(client, options, options.args));
    for (const auto& target : targets) TRY_VOID(scale_one(client, options, target));
    return ok();
}

Result<void> run_label(Client& client, const Options& options) {
    TRY(LabelChange change, parse_change(options));
    TRY(auto targets, expand(client, options, change.words));
    for (const auto& target : targets) TRY_VOID(label_one(client, options, target, change.values));
    return ok();
}

}  // namespace orilla::cli
