#include <algorithm>
#include <boost/json.hpp>
#include <ctime>

#include "describe/description.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/values.hpp"
#include "print/output.hpp"
#include "print/watching.hpp"
#include "targets.hpp"
#include "verbs/rollout.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

Result<json::object> patch(Client& client, const Options& options, const Target& target, const std::string& type,
                           const json::value& body) {
    Request request;
    request.method = "PATCH";
    request.path = path_of(target) + "?fieldManager=kubectl-rollout" + (options.dry_run == "server" ? "&dryRun=All" : "");
    request.content_type = "application/" + type;
    request.body = json::serialize(body);
    TRY(const std::string answer, client.send(request));
    return parse_object(answer);
}

Result<void> check_revision(const Options& options, const json::object& deployment) {
    const int64_t wanted = options.revision.value_or(0);
    const int64_t now =
        atoll(text_at(object_at(object_at(deployment, "metadata"), "annotations"), api::revision_annotation).c_str());
    if (wanted <= 0 || wanted == now) return ok();
    return Error(Code::conflict, "error: desired revision (" + std::to_string(wanted) +
                                     ") is different from the running revision (" + std::to_string(now) + ")");
}

Result<void> status(Client& client, const Options& options, const Target& target) {
    TRY(const int64_t limit_ms, parse_timeout(options, wait_ms_max));
    TRY(json::object there, fetch(client, options, target));
    std::string last;
    const Look look = [&](const json::object* object) -> Result<bool> {
        if (!object) return Error(Code::not_found, "error: object has been deleted");
        TRY_VOID(check_revision(options, *object));
        TRY(const RolloutStatus now, summarise_rollout(*object));
        if (now.text != last) print(now.text);
        flush_output();
        last = now.text;
        return now.done || !options.rollout_watch;
    };
    return wait_until(client, *target.kind, target.ns, target.name, limit_ms, look);
}

/// The Deployment's ReplicaSets, oldest revision first.
Result<std::vector<json::object>> fetch_history(Client& client, const Target& target, const json::object& deployment) {
    const std::string uid = text_at(object_at(deployment, "metadata"), "uid");
    Request request;
    request.path = path_of(api::kind_of<api::ReplicaSet>(), target.ns);
    TRY(std::string body, client.send(request));
    TRY(json::object list, parse_object(body));
    std::vector<json::object> out;
    for (const auto& item : array_at(list, "items"))
        for (const auto& owner : array_at(object_at(item.get_object(), "metadata"), "ownerReferences"))
            if (text_at(owner.get_object(), "uid") == uid) out.push_back(item.get_object());
    std::ranges::sort(out, {}, revision_of);
    return out;
}

Result<void> history(Client& client, const Options& options, const Target& target) {
    TRY(json::object deployment, fetch(client, options, target));
    TRY(auto sets, fetch_history(client, target, deployment));
    if (options.revision.value_or(0) > 0) {
        const auto set = find_revision(sets, *options.revision, target.name);
        if (!set) return Error(Code::not_found, "error: unable to find the specified revision");
        print(display_name(*target.kind, target.name) + " with revision #" + std::to_string(*options.revision) + "\n");
        Description text;
        describe_pod_template(text, object_at(object_at(**set, "spec"), "template"));
        print(text.render() + "\n");
        return ok();
    }
    print(display_name(*target.kind, target.name) + " \n" + render_history(sets) + "\n");
    return ok();
}

/// The template without what the controller added.
json::object original_template(const json::object& set) {
    json::object out = object_at(object_at(set, "spec"), "template");
    if (json::value* metadata = out.if_contains("metadata"); metadata && metadata->is_object())
        if (json::value* labels = metadata->get_object().if_contains("labels"); labels && labels->is_object())
            labels->get_object().erase(api::pod_template_hash_label);
    return out;
}

Result<void> undo(Client& client, const Options& options, const Target& target) {
    const int64_t wanted = options.to_revision.value_or(0);
    if (wanted < 0) return usage("revision must be >= 0: " + std::to_string(wanted));
    TRY(json::object deployment, fetch(client, options, target));
    if (text_at(object_at(deployment, "spec"), "paused") == "true")
        return Error(
            Code::conflict,
            "error: you cannot rollback a paused deployment; resume it first with 'orilla rollout resume' and try again");
    TRY(auto sets, fetch_history(client, target, deployment));
    TRY(const json::object* set, find_revision(sets, wanted, target.name));
    const json::object pod_template = original_template(*set);
    if (sorted_json(pod_template) == sorted_json(object_at(object_at(deployment, "spec"), "template")))
        return print_done(
            options, target,
            "skipped rollback (current template already matches revision " + std::to_string(revision_of(*set)) + ")",
            deployment);
    if (options.dry_run == "client") return print_done(options, target, "rolled back", deployment);
    const json::array body{json::object{{"op", "replace"}, {"path", "/spec/template"}, {"value", pod_template}}};
    TRY(const json::object changed, patch(client, options, target, "json-patch+json", body));
    return print_done(options, target, "rolled back", changed);
}

Result<void> restart(Client& client, const Options& options, const Target& target) {
    TRY(json::object deployment, fetch(client, options, target));
    if (text_at(object_at(deployment, "spec"), "paused") == "true")
        return Error(Code::conflict, "error: deployments.apps \"" + target.name +
                                         "\" can't restart paused deployment (run rollout resume first)");
    const std::string now = api::Time(time(nullptr)).format();
    const json::object body{{"spec", {{"template", {{"metadata", {{"annotations", {{api::restarted_at_annotation, now}}}}}}}}}};
    TRY(const json::object changed, patch(client, options, target, "strategic-merge-patch+json", body));
    return print_done(options, target, "restarted", changed);
}

Result<void> pause(Client& client, const Options& options, const Target& target, bool paused) {
    TRY(json::object deployment, fetch(client, options, target));
    const bool is_paused = text_at(object_at(deployment, "spec"), "paused") == "true";
    if (is_paused == paused)
        return Error(Code::conflict,
                     "error: deployments.apps \"" + target.name + "\" is " + (paused ? "already" : "not") + " paused");
    json::object spec;
    spec["paused"] = paused ? json::value(true) : json::value(nullptr);
    const json::object body{{"spec", spec}};
    TRY(const json::object changed, patch(client, options, target, "strategic-merge-patch+json", body));
    return print_done(options, target, paused ? "paused" : "resumed", changed);
}

Result<void> run_one(Client& client, const Options& options, const std::string& what, const Target& target) {
    if (target.kind->kind != "Deployment") return refuse_kind(what, *target.kind, target.name);
    if (what == "status") return status(client, options, target);
    if (what == "history") return history(client, options, target);
    if (what == "undo") return undo(client, options, target);
    if (what == "restart") return restart(client, options, target);
    return pause(client, options, target, what == "pause");
}

}  // namespace

Result<RolloutStatus> summarise_rollout(const json::object& deployment) {
    const std::string name = text_at(object_at(deployment, "metadata"), "name");
    const json::object &spec = object_at(deployment, "spec"), &status = object_at(deployment, "status");
    if (number_at(object_at(deployment, "metadata"), "generation") > number_at(status, "observedGeneration"))
        return RolloutStatus{"Waiting for deployment spec update to be observed...\n", false};
    for (const auto& condition : array_at(status, "conditions"))
        if (text_at(condition.get_object(), "type") == "Progressing" &&
            text_at(condition.get_object(), "reason") == "ProgressDeadlineExceeded")
            return Error(Code::timeout, "error: deployment \"" + name + "\" exceeded its progress deadline");
    const int64_t wanted = number_at(spec, "replicas", 1), updated = number_at(status, "updatedReplicas");
    const int64_t replicas = number_at(status, "replicas"), available = number_at(status, "availableReplicas");
    const std::string waiting = "Waiting for deployment \"" + name + "\" rollout to finish: ";
    std::string left;
    if (updated < wanted)
        left = std::to_string(updated) + " out of " + std::to_string(wanted) + " new replicas have been updated...\n";
    else if (replicas > updated) left = std::to_string(replicas - updated) + " old replicas are pending termination...\n";
    else if (available < updated)
        left = std::to_string(available) + " of " + std::to_string(updated) + " updated replicas are available...\n";
    if (!left.empty()) return RolloutStatus{waiting + left, false};
    return RolloutStatus{"deployment \"" + name + "\" successfully rolled out\n", true};
}

int64_t revision_of(const json::object& set) {
    return atoll(text_at(object_at(object_at(set, "metadata"), "annotations"), api::revision_annotation).c_str());
}

Result<const json::object*> find_revision(const std::vector<json::object>& history, int64_t revision,
                                          const std::string& deployment) {
    if (revision == 0 && history.size() > 1) return &history[history.size() - 2];
    if (revision == 0) return Error(Code::not_found, "error: no rollout history found for deployment \"" + deployment + "\"");
    for (const auto& set : history)
        if (revision_of(set) == revision) return &set;
    return Error(Code::not_found, "error: unable to find specified revision " + std::to_string(revision) + " in history");
}

std::string render_history(const std::vector<json::object>& history) {
    std::string out = "REVISION  CHANGE-CAUSE\n";
    for (const auto& set : history) {
        const std::string cause = text_at(object_at(object_at(set, "metadata"), "annotations"), api::change_cause_annotation);
        std::string line = std::to_string(revision_of(set));
        line.resize(std::max(line.size() + 2, size_t{10}), ' ');
        out += line + (cause.empty() ? "<none>" : cause) + "\n";
    }
    return out;
}

Error refuse_kind(const std::string& what, const api::KindInfo& kind, const std::string& name) {
    if (what == "status") return usage("no status viewer has been implemented for " + std::string(kind.kind));
    if (what == "history") return usage("no history viewer has been implemented for \"" + std::string(kind.kind) + "\"");
    if (what == "undo") return usage("no rollbacker has been implemented for \"" + std::string(kind.kind) + "\"");
    const std::string doing = what == "restart" ? "restarting" : what == "pause" ? "pausing" : "resuming";
    return usage(std::string(kind.resource) + " \"" + name + "\" " + doing + " is not supported");
}

Result<void> run_rollout(Client& client, const Options& options) {
    TRY_VOID(check_output(options, change_outputs));
    const std::string what = options.verb.substr(options.verb.find(' ') + 1);
    if (options.args.empty() && options.files.empty()) return usage("required resource not specified");
    TRY(const auto targets, find_targets(options, options.args));
    TRY_VOID(check_targets(targets, options, false));
    TRY(const auto members, expand(client, options, targets));
    if (members.empty()) complain("No resources found in " + namespace_of(options) + " namespace.\n");
    Failures failures;
    for (const auto& member : members) failures.add_if(run_one(client, options, what, member));
    return failures.outcome();
}

}  // namespace orilla::cli
