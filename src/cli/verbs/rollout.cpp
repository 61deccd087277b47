#include <fmt/core.h>
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
    request.path =
        fmt::format("{}?fieldManager=kubectl-rollout{}", path_of(target), options.dry_run == "server" ? "&dryRun=All" : "");
    request.content_type = "application/" + type;
    request.body = json::serialize(body);
    TRY(const std::string answer, client.send(request));
    return parse_object(answer);
}

Result<void> check_revision(const Options& options, const KindRollout& how, const json::object& object) {
    const int64_t wanted = options.revision.value_or(0);
    if (wanted <= 0 || !how.current_revision) return ok();
    const int64_t now = how.current_revision(object);
    if (wanted == now) return ok();
    return Error(Code::conflict,
                 fmt::format("error: desired revision ({}) is different from the running revision ({})", wanted, now));
}

Result<void> status(Client& client, const Options& options, const Target& target, const KindRollout& how) {
    TRY(const int64_t limit_ms, parse_timeout(options, wait_ms_max));
    TRY(json::object there, fetch(client, options, target));
    std::string last;
    const Look look = [&](const json::object* object) -> Result<bool> {
        if (!object) return Error(Code::not_found, "error: object has been deleted");
        TRY_VOID(check_revision(options, how, *object));
        TRY(const RolloutStatus now, how.summarise(*object));
        if (now.text != last) print(now.text);
        flush_output();
        last = now.text;
        return now.done || !options.rollout_watch;
    };
    return wait_until(client, *target.kind, target.ns, target.name, limit_ms, look);
}

/// Oldest revision first.
Result<std::vector<Revision>> fetch_history(Client& client, const Target& target, const KindRollout& how,
                                            const json::object& object) {
    const std::string uid = text_at(object_at(object, "metadata"), "uid");
    Request request;
    request.path = path_of(how.history_kind(), target.ns);
    TRY(std::string body, client.send(request));
    TRY(json::object list, parse_object(body));
    std::vector<Revision> out;
    for (const auto& item : array_at(list, "items"))
        for (const auto& owner : array_at(object_at(item.get_object(), "metadata"), "ownerReferences"))
            if (text_at(owner.get_object(), "uid") == uid) out.push_back(how.read_revision(item.get_object()));
    std::ranges::sort(out, {}, &Revision::number);
    return out;
}

Result<void> history(Client& client, const Options& options, const Target& target, const KindRollout& how) {
    TRY(json::object object, fetch(client, options, target));
    TRY(const auto revisions, fetch_history(client, target, how, object));
    if (options.revision.value_or(0) > 0) {
        const auto wanted = find_revision(revisions, *options.revision, "");
        if (!wanted) return Error(Code::not_found, "error: unable to find the specified revision");
        print(fmt::format("{} with revision #{}\n", display_name(*target.kind, target.name), *options.revision));
        Description text;
        describe_pod_template(text, (*wanted)->pod_template);
        print(text.render() + "\n");
        return ok();
    }
    print(fmt::format("{} \n{}\n", display_name(*target.kind, target.name), render_history(revisions)));
    return ok();
}

/// The template without what the controller added.
json::object original_template(const Revision& revision, const KindRollout& how) {
    json::object out = revision.pod_template;
    if (json::value* metadata = out.if_contains("metadata"); metadata && metadata->is_object())
        if (json::value* labels = metadata->get_object().if_contains("labels"); labels && labels->is_object())
            labels->get_object().erase(how.kept_label);
    return out;
}

bool is_paused(const KindRollout& how, const json::object& object) {
    return how.pauses && text_at(object_at(object, "spec"), "paused") == "true";
}

Result<void> undo(Client& client, const Options& options, const Target& target, const KindRollout& how) {
    const int64_t wanted = options.to_revision.value_or(0);
    if (wanted < 0) return usage("revision must be >= 0: " + std::to_string(wanted));
    TRY(json::object object, fetch(client, options, target));
    if (is_paused(how, object))
        return Error(
            Code::conflict,
            fmt::format("error: you cannot rollback a paused {}; resume it first with 'orilla rollout resume' and try again",
                        target.kind->singular));
    TRY(const auto revisions, fetch_history(client, target, how, object));
    TRY(const Revision* revision, find_revision(revisions, wanted, how.no_history(target.name)));
    const json::object pod_template = original_template(*revision, how);
    if (sorted_json(pod_template) == sorted_json(object_at(object_at(object, "spec"), "template")))
        return print_done(options, target,
                          fmt::format("skipped rollback (current template already matches revision {})", revision->number),
                          object);
    if (options.dry_run == "client") return print_done(options, target, "rolled back", object);
    const json::array body{json::object{{"op", "replace"}, {"path", "/spec/template"}, {"value", pod_template}}};
    TRY(const json::object changed, patch(client, options, target, "json-patch+json", body));
    return print_done(options, target, "rolled back", changed);
}

Result<void> restart(Client& client, const Options& options, const Target& target, const KindRollout& how) {
    TRY(json::object object, fetch(client, options, target));
    if (is_paused(how, object))
        return Error(Code::conflict, fmt::format("error: {} \"{}\" can't restart paused {} (run rollout resume first)",
                                                 target.kind->resource, target.name, target.kind->singular));
    const std::string now = api::Time(time(nullptr)).format();
    const json::object body{{"spec", {{"template", {{"metadata", {{"annotations", {{api::restarted_at_annotation, now}}}}}}}}}};
    TRY(const json::object changed, patch(client, options, target, "strategic-merge-patch+json", body));
    return print_done(options, target, "restarted", changed);
}

Result<void> pause(Client& client, const Options& options, const Target& target, const KindRollout& how, bool paused) {
    TRY(json::object object, fetch(client, options, target));
    if (is_paused(how, object) == paused)
        return Error(Code::conflict, fmt::format("error: {} \"{}\" is {} paused", target.kind->resource, target.name,
                                                 paused ? "already" : "not"));
    json::object spec;
    spec["paused"] = paused ? json::value(true) : json::value(nullptr);
    const json::object body{{"spec", spec}};
    TRY(const json::object changed, patch(client, options, target, "strategic-merge-patch+json", body));
    return print_done(options, target, paused ? "paused" : "resumed", changed);
}

Result<void> run_one(Client& client, const Options& options, const std::string& what, const Target& target) {
    if (!has_rollout(*target.kind, what)) return refuse_kind(what, *target.kind, target.name);
    const KindRollout& how = *find_rollout(*target.kind);
    if (what == "status") return status(client, options, target, how);
    if (what == "history") return history(client, options, target, how);
    if (what == "undo") return undo(client, options, target, how);
    if (what == "restart") return restart(client, options, target, how);
    return pause(client, options, target, how, what == "pause");
}

}  // namespace

Result<const Revision*> find_revision(const std::vector<Revision>& history, int64_t revision, const std::string& no_history) {
    if (revision == 0 && history.size() > 1) return &history[history.size() - 2];
    if (revision == 0) return Error(Code::not_found, "error: " + no_history);
    for (const Revision& one : history)
        if (one.number == revision) return &one;
    return Error(Code::not_found, fmt::format("error: unable to find specified revision {} in history", revision));
}

std::string render_history(const std::vector<Revision>& history) {
    std::string out = "REVISION  CHANGE-CAUSE\n";
    for (const Revision& one : history) {
        std::string line = std::to_string(one.number);
        line.resize(std::max(line.size() + 2, size_t{10}), ' ');
        out += fmt::format("{}{}\n", line, one.cause.empty() ? "<none>" : one.cause);
    }
    return out;
}

bool has_rollout(const api::KindInfo& kind, std::string_view what) {
    const KindRollout* how = find_rollout(kind);
    return how && (how->pauses || (what != "pause" && what != "resume"));
}

Error refuse_kind(const std::string& what, const api::KindInfo& kind, const std::string& name) {
    if (what == "status") return usage("no status viewer has been implemented for " + std::string(kind.kind));
    if (what == "history") return usage(fmt::format("no history viewer has been implemented for \"{}\"", kind.kind));
    if (what == "undo") return usage(fmt::format("no rollbacker has been implemented for \"{}\"", kind.kind));
    const std::string doing = what == "restart" ? "restarting" : what == "pause" ? "pausing" : "resuming";
    return usage(fmt::format("{} \"{}\" {} is not supported", kind.resource, name, doing));
}

Result<void> run_rollout(Client& client, const Options& options) {
    TRY_VOID(check_output(options, change_outputs));
    const std::string what = options.verb.substr(options.verb.find(' ') + 1);
    if (options.args.empty() && options.files.empty()) return usage("required resource not specified");
    TRY(const auto targets, find_targets(options, options.args));
    TRY_VOID(check_targets(targets, options, false));
    TRY(const auto members, expand(client, options, targets));
    if (members.empty()) complain(fmt::format("No resources found in {} namespace.\n", namespace_of(options)));
    Failures failures;
    for (const auto& member : members) failures.add_if(run_one(client, options, what, member));
    return failures.outcome();
}

}  // namespace orilla::cli
