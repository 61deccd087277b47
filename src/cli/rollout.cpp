#include <algorithm>
#include <boost/json.hpp>
#include <ctime>

#include "orilla/api/values.hpp"
#include "output.hpp"
#include "verbs.hpp"
#include "watching.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";
constexpr std::string_view change_cause = "kubernetes.io/change-cause";

Result<json::object> fetch(Client& client, const Options& options, const Target& target) {
    Request request;
    request.path = path_of(*target.kind, options.ns, target.name);
    TRY(std::string body, client.send(request));
    return parse_object(body);
}

Result<void> patch(Client& client, const Options& options, const Target& target, const std::string& type, const json::value& body) {
    Request request;
    request.method = "PATCH";
    request.path = path_of(*target.kind, options.ns, target.name) + "?fieldManager=kubectl-rollout";
    request.content_type = "application/" + type;
    request.body = json::serialize(body);
    TRY(std::string answer, client.send(request));
    (void)answer;
    return ok();
}

/// Where a rollout stands, as kubectl says it; done when `done` is set.
Result<std::string> describe_status(const json::object& deployment, bool* done) {
    const std::string name = text_at(object_at(deployment, "metadata"), "name");
    const json::object &spec = object_at(deployment, "spec"), &status = object_at(deployment, "status");
    *done = false;
    if (number_at(object_at(deployment, "metadata"), "generation") > number_at(status, "observedGeneration"))
        return std::string("Waiting for deployment spec update to be observed...\n");
    for (const auto& condition : array_at(status, "conditions"))
        if (text_at(condition.get_object(), "type") == "Progressing" && text_at(condition.get_object(), "reason") == "ProgressDeadlineExceeded")
            return Error(Code::timeout, "error: deployment \"" + name + "\" exceeded its progress deadline");
    const int64_t wanted = number_at(spec, "replicas", 1), updated = number_at(status, "updatedReplicas");
    const int64_t replicas = number_at(status, "replicas"), available = number_at(status, "availableReplicas");
    const std::string waiting = "Waiting for deployment \"" + name + "\" rollout to finish: ";
    if (updated < wanted) return waiting + std::to_string(updated) + " out of " + std::to_string(wanted) + " new replicas have been updated...\n";
    if (replicas > updated) return waiting + std::to_string(replicas - updated) + " old replicas are pending termination...\n";
    if (available < updated) return waiting + std::to_string(available) + " of " + std::to_string(updated) + " updated replicas are available...\n";
    *done = true;
    return "deployment \"" + name + "\" successfully rolled out\n";
}

Result<void> status(Client& client, const Options& options, const Target& target) {
    const int64_t limit_ms = options.timeout.empty() ? wait_ms_max : parse_duration_ms(options.timeout);
    if (limit_ms < 0) return Error(Code::bad_request, "error: invalid --timeout \"" + options.timeout + "\"");
    TRY(json::object there, fetch(client, options, target));
    std::string last;
    return wait_until(client, *target.kind, options.ns, target.name, limit_ms, [&](const json::object* object) -> Result<bool> {
        if (!object) return Error(Code::not_found, "error: object has been deleted");
        bool done = false;
        TRY(std::string text, describe_status(*object, &done));
        if (text != last) print(text);
        fflush(stdout);
        last = text;
        return done;
    });
}

int64_t revision_of(const json::object& set) {
    return atoll(text_at(object_at(object_at(set, "metadata"), "annotations"), revision_annotation).c_str());
}

/// The Deployment's ReplicaSets, oldest revision first.
Result<std::vector<json::object>> fetch_history(Client& client, const Options& options, const json::object& deployment) {
    const std::string uid = text_at(object_at(deployment, "metadata"), "uid");
    Request request;
    request.path = path_of(*api::find_kind("apps/v1", "ReplicaSet"), options.ns);
    TRY(std::string body, client.send(request));
    TRY(json::object list, parse_object(body));
    std::vector<json::object> out;
    for (const auto& item : array_at(list, "items"))
        for (const auto& owner : array_at(object_at(item.get_object(), "metadata"), "ownerReferences"))
            if (text_at(owner.get_object(), "uid") == uid) out.push_back(item.get_object());
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return revision_of(a) < revision_of(b); });
    return out;
}

Result<const json::object*> find_revision(const std::vector<json::object>& history, int64_t revision) {
    if (revision == 0 && history.size() > 1) return &history[history.size() - 2];
    for (const auto& set : history)
        if (revision_of(set) == revision) return &set;
    if (revision == 0) return Error(Code::not_found, "error: no rollout history found to go back to");
    return Error(Code::not_found, "error: unable to find specified revision " + std::to_string(revision) + " in history");
}

Result<void> history(Client& client, const Options& options, const Target& target) {
    TRY(json::object deployment, fetch(client, options, target));
    TRY(auto sets, fetch_history(client, options, deployment));
    print(display_name(*target.kind, target.name) + " \n");
    if (options.revision > 0) {
        TRY(const json::object* set, find_revision(sets, options.revision));
        TRY(std::string text, render_object(json::serialize(object_at(object_at(*set, "spec"), "template")), [] {
                Options yaml;
                yaml.output = "yaml";
                return yaml;
            }()));
        print("with revision #" + std::to_string(options.revision) + "\n" + text);
        return ok();
    }
    TextTable table;
    table.add({"REVISION", "CHANGE-CAUSE"});
    for (const auto& set : sets) {
        const std::string cause = text_at(object_at(object_at(set, "metadata"), "annotations"), change_cause);
        table.add({std::to_string(revision_of(set)), cause.empty() ? "<none>" : cause});
    }
    print(table.render() + "\n");
    return ok();
}

Result<void> undo(Client& client, const Options& options, const Target& target) {
    TRY(json::object deployment, fetch(client, options, target));
    if (text_at(object_at(deployment, "spec"), "paused") == "true")
        return Error(Code::conflict, "error: you cannot rollback a paused deployment; resume it first with 'orilla rollout resume' and try again");
    TRY(auto sets, fetch_history(client, options, deployment));
    TRY(const json::object* set, find_revision(sets, options.to_revision));
    json::object pod_template = object_at(object_at(*set, "spec"), "template");
    json::object& metadata = pod_template["metadata"].get_object();
    if (json::value* labels = metadata.if_contains("labels"); labels && labels->is_object()) labels->get_object().erase("pod-template-hash");
    const json::array body{json::object{{"op", "replace"}, {"path", "/spec/template"}, {"value", pod_template}}};
    TRY_VOID(patch(client, options, target, "json-patch+json", body));
    print(display_name(*target.kind, target.name) + " rolled back\n");
    return ok();
}

Result<void> restart(Client& client, const Options& options, const Target& target) {
    const std::string now = api::Time(time(nullptr)).format();
    const json::object body{{"spec", {{"template", {{"metadata", {{"annotations", {{"kubectl.kubernetes.io/restartedAt", now}}}}}}}}}};
    TRY_VOID(patch(client, options, target, "strategic-merge-patch+json", body));
    print(display_name(*target.kind, target.name) + " restarted\n");
    return ok();
}

Result<void> pause(Client& client, const Options& options, const Target& target, bool paused) {
    TRY(json::object deployment, fetch(client, options, target));
    const bool is_paused = text_at(object_at(deployment, "spec"), "paused") == "true";
    if (is_paused == paused)
        return Error(Code::conflict, "error: deployments.apps \"" + target.name + "\" is " + (paused ? "already" : "not") + " paused");
    json::object spec;
    spec["paused"] = paused ? json::value(true) : json::value(nullptr);
    const json::object body{{"spec", spec}};
    TRY_VOID(patch(client, options, target, "strategic-merge-patch+json", body));
    print(display_name(*target.kind, target.name) + (paused ? " paused\n" : " resumed\n"));
    return ok();
}

}  // namespace

Result<void> run_rollout(Client& client, const Options& options) {
    if (options.args.size() < 2)
        return Error(Code::bad_request, "error: expected 'rollout status|history|undo|restart|pause|resume deployment/NAME'");
    const std::string what = options.args[0];
    TRY(auto targets, parse_targets({options.args.begin() + 1, options.args.end()}));
    for (const auto& target : targets) {
        if (target.kind->kind != "Deployment" || target.name.empty())
            return Error(Code::bad_request, "error: rollout works on deployment/NAME");
        if (what == "status") TRY_VOID(status(client, options, target));
        else if (what == "history") TRY_VOID(history(client, options, target));
        else if (what == "undo") TRY_VOID(undo(client, options, target));
        else if (what == "restart") TRY_VOID(restart(client, options, target));
        else if (what == "pause" || what == "resume") TRY_VOID(pause(client, options, target, what == "pause"));
        else return Error(Code::bad_request, "error: unknown command \"" + what + "\" for rollout");
    }
    return ok();
}

}  // namespace orilla::cli
