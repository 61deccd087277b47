#include <boost/json.hpp>

#include "manifests.hpp"
#include "output.hpp"
#include "verbs.hpp"
#include "watching.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

struct Doomed {
    const api::KindInfo* kind;
    std::string ns;
    std::string name;
    std::string uid;  ///< once deleted
    bool waits = false;
};

Result<std::vector<Doomed>> find_listed(Client& client, const Options& options, const api::KindInfo& kind) {
    Request request;
    request.path = path_of(kind, namespace_for(kind, options)) + list_query(options);
    TRY(std::string body, client.send(request));
    TRY(json::object list, parse_object(body));
    std::vector<Doomed> out;
    for (const auto& item : array_at(list, "items")) {
        const json::object& metadata = object_at(item.get_object(), "metadata");
        out.push_back({&kind, text_at(metadata, "namespace"), text_at(metadata, "name"), "", false});
    }
    return out;
}

Result<std::vector<Doomed>> find_doomed(Client& client, const Options& options) {
    const bool selects = !options.selector.empty() || !options.field_selector.empty() || options.all;
    if (selects && !options.files.empty()) return Error(Code::bad_request, "error: -l, --field-selector and --all cannot be used together with -f");
    std::vector<Doomed> out;
    if (!options.files.empty()) {
        Options unchecked = options;
        unchecked.validate = "false";  // to delete, a name is enough
        TRY(auto manifests, read_manifests(unchecked));
        for (auto& manifest : manifests) out.push_back({manifest.kind, manifest.ns, manifest.name, "", false});
        return out;
    }
    TRY(auto targets, parse_targets(options.args));
    for (const auto& target : targets) {
        if (!target.name.empty() && selects)
            return Error(Code::bad_request, "error: name cannot be provided when a selector is specified");
        if (!target.name.empty()) {
            out.push_back({target.kind, namespace_for(*target.kind, options), target.name, "", false});
            continue;
        }
        if (!selects)
            return Error(Code::bad_request, "error: resource(s) were provided, but no name was specified; use names, -l or --all");
        TRY(auto listed, find_listed(client, options, *target.kind));
        out.insert(out.end(), listed.begin(), listed.end());
    }
    return out;
}

Result<std::string> plan_body(const Options& options) {
    json::object body;
    const std::string& cascade = options.cascade;
    if (cascade == "background") body["propagationPolicy"] = "Background";
    else if (cascade == "foreground") body["propagationPolicy"] = "Foreground";
    else if (cascade == "orphan") body["propagationPolicy"] = "Orphan";
    else return Error(Code::bad_request, "error: invalid cascade value (" + cascade + "). Must be \"background\", \"foreground\", or \"orphan\"");
    if (options.grace_period_s && *options.grace_period_s == 0 && !options.force)
        return Error(Code::bad_request, "error: --grace-period=0 takes --force as well: the processes may go on running");
    if (options.now) body["gracePeriodSeconds"] = 1;
    if (options.force) body["gracePeriodSeconds"] = 0;
    if (options.grace_period_s) body["gracePeriodSeconds"] = *options.grace_period_s;
    if (options.dry_run == "server") body["dryRun"] = json::array{"All"};
    return json::serialize(body);
}

Result<void> delete_one(Client& client, const Options& options, const std::string& body, Doomed& doomed) {
    Request request;
    request.method = "DELETE";
    request.path = path_of(*doomed.kind, doomed.ns, doomed.name);
    request.body = body;
    auto answer = options.dry_run == "client" ? Result<std::string>(std::string("{}")) : client.send(request);
    if (!answer && options.ignore_not_found && answer.error().code() == Code::not_found) return ok();
    if (!answer) return std::move(answer).error();
    TRY(json::object object, parse_object(*answer));
    doomed.uid = text_at(object_at(object, "metadata"), "uid");
    if (doomed.uid.empty()) doomed.uid = text_at(object_at(object, "details"), "uid");
    doomed.waits = options.dry_run == "none" && !options.force;
    const std::string how = options.force ? " force deleted" : " deleted";
    const std::string where = doomed.ns.empty() ? "" : " from " + doomed.ns + " namespace";
    const std::string dry = options.dry_run == "none" ? "" : " (" + std::string(options.dry_run == "server" ? "server " : "") + "dry run)";
    if (options.output == "name") print(display_name(*doomed.kind, doomed.name) + "\n");
    else print(std::string(doomed.kind->singular) + (doomed.kind->group.empty() ? "" : "." + std::string(doomed.kind->group)) + " \"" + doomed.name + "\"" + how + where + dry + "\n");
    fflush(stdout);
    return ok();
}

}  // namespace

Result<void> run_delete(Client& client, const Options& options) {
    TRY(const std::string body, plan_body(options));
    const int64_t limit_ms = options.timeout.empty() ? wait_ms_max : parse_duration_ms(options.timeout);
    if (limit_ms < 0) return Error(Code::bad_request, "error: invalid --timeout \"" + options.timeout + "\"");
    TRY(auto doomed, find_doomed(client, options));
    if (doomed.empty()) print("No resources found\n");
    for (auto& one : doomed) TRY_VOID(delete_one(client, options, body, one));
    for (const auto& one : doomed)
        if (options.wait && one.waits) TRY_VOID(wait_gone(client, *one.kind, one.ns, one.name, one.uid, limit_ms));
    return ok();
}

}  // namespace orilla::cli
