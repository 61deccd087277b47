#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "manifests.hpp"
#include "print/output.hpp"
#include "print/watching.hpp"
#include "targets.hpp"
#include "verbs/delete.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

struct Doomed {
    Target target;
    std::string uid;  ///< once deleted
    bool waits = false;
};

/// Every flag that contradicts another, before anything is asked.
Result<void> check_delete_flags(const Options& options) {
    if (!options.output.empty() && options.output != "name")
        return usage(fmt::format("unexpected -o output mode: {}. We only support '-o name'", options.output));
    const bool selects = !options.selector.empty() || !options.field_selector.empty() || options.all;
    if (selects && !options.files.empty()) return usage("-l, --field-selector and --all cannot be used together with -f");
    if (options.now && options.grace_period_s) return usage("--now and --grace-period cannot be specified together");
    if (options.force && options.grace_period_s.value_or(0) > 0)
        return usage("--force and --grace-period greater than 0 cannot be specified together");
    return ok();
}

/// For -f: which file it was about.
Error located(const Error& error, const Target& target) {
    if (target.source.empty() || !error.is_answer()) return error;
    return error.with_context(fmt::format("error when deleting \"{}\"", target.source));
}

void tell_deleted(const Options& options, const Target& target) {
    const std::string how = options.force ? " force deleted" : " deleted";
    if (options.output == "name") print(display_name(*target.kind, target.name) + "\n");
    else print(fmt::format("{} \"{}\"{}{}\n", display_kind(*target.kind), target.name, how, dry_run_suffix(options)));
    flush_output();
}

Result<void> delete_one(Client& client, const Options& options, const std::string& body, Doomed& doomed) {
    Request request;
    request.method = options.dry_run == "client" ? "GET" : "DELETE";
    request.path = path_of(doomed.target);
    if (options.dry_run != "client") request.body = body;
    auto answer = client.send(request);
    if (!answer && options.ignore_not_found && answer.error().code() == Code::not_found) return ok();
    if (!answer) return located(answer.error(), doomed.target);
    TRY(json::object object, parse_object(*answer));
    doomed.uid = text_at(object_at(object, "metadata"), "uid");
    if (doomed.uid.empty()) doomed.uid = text_at(object_at(object, "details"), "uid");
    doomed.waits = options.dry_run == "none" && !options.force;
    tell_deleted(options, doomed.target);
    return ok();
}

}  // namespace

Result<std::string> plan_delete_body(const Options& options) {
    json::object body;
    const std::string& cascade = options.cascade;
    if (cascade == "background" || cascade == "true") body["propagationPolicy"] = "Background";
    else if (cascade == "foreground") body["propagationPolicy"] = "Foreground";
    else if (cascade == "orphan" || cascade == "false") body["propagationPolicy"] = "Orphan";
    else
        return usage(fmt::format("invalid cascade value ({}). Must be \"background\", \"foreground\", or \"orphan\"", cascade));
    if (options.now) body["gracePeriodSeconds"] = 1;
    if (options.force) body["gracePeriodSeconds"] = 0;
    // As with kubectl: 0 without --force is 1, so that the object does not go before its processes.
    if (options.grace_period_s && !options.force)
        body["gracePeriodSeconds"] = *options.grace_period_s == 0 ? 1 : *options.grace_period_s;
    if (options.grace_period_s && *options.grace_period_s < 0) body.erase("gracePeriodSeconds");
    if (options.dry_run == "server") body["dryRun"] = json::array{"All"};
    return json::serialize(body);
}

Result<void> run_delete(Client& client, const Options& options) {
    TRY_VOID(check_delete_flags(options));
    TRY(const std::string body, plan_delete_body(options));
    TRY(const int64_t limit_ms, parse_timeout(options, wait_ms_max));
    TRY(const auto targets, find_targets(options, options.args));
    TRY_VOID(check_targets(targets, options, true));
    TRY(const auto members, expand(client, options, targets));
    if (options.force)
        complain(
            "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. "
            "The resource may continue to run on the cluster indefinitely.\n");
    if (!options.ns.empty() && std::ranges::any_of(members, [](const Target& member) { return !member.kind->namespaced; }))
        complain("Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
    if (members.empty()) print("No resources found\n");
    std::vector<Doomed> doomed;
    Failures failures;
    for (const auto& member : members) {
        doomed.push_back({member, "", false});
        failures.add_if(delete_one(client, options, body, doomed.back()));
    }
    for (const auto& [target, uid, waits] : doomed)
        if (options.wait && waits) failures.add_if(wait_gone(client, *target.kind, target.ns, target.name, uid, limit_ms));
    return failures.outcome();
}

}  // namespace orilla::cli
