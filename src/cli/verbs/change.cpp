// scale, label and annotate: small patches of one field.
#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "print/output.hpp"
#include "print/watching.hpp"
#include "targets.hpp"
#include "verbs/change.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

std::string dry_run_query(const Options& options, const std::string& manager) {
    return fmt::format("?fieldManager={}{}", manager, options.dry_run == "server" ? "&dryRun=All" : "");
}

/// The named objects, or those that -l or --all choose.
Result<std::vector<Target>> find_members(Client& client, const Options& options, const std::vector<std::string>& words) {
    TRY(const auto targets, find_targets(options, words));
    TRY_VOID(check_targets(targets, options, true));
    return expand(client, options, targets);
}

Result<json::object> merge_patch(Client& client, const std::string& path, const json::object& body) {
    Request request;
    request.method = "PATCH";
    request.path = path;
    request.content_type = "application/merge-patch+json";
    request.body = json::serialize(body);
    TRY(const std::string answer, client.send(request));
    return parse_object(answer);
}

Result<void> check_current(Client& client, const Options& options, const std::string& path) {
    Request get;
    get.path = path + "/scale";
    TRY(std::string body, client.send(get));
    TRY(json::object scale, parse_object(body));
    const int64_t have = number_at(object_at(scale, "spec"), "replicas");
    if (!options.current_replicas || *options.current_replicas < 0 || have == *options.current_replicas) return ok();
    return Error(Code::conflict, fmt::format("error: Expected replicas to be {}, was {}", *options.current_replicas, have));
}

Result<void> scale_one(Client& client, const Options& options, const Target& target, int64_t limit_ms) {
    const std::string path = path_of(target);
    TRY_VOID(check_current(client, options, path));
    const json::object body{{"spec", {{"replicas", *options.replicas}}}};
    json::object answer;
    if (options.dry_run != "client") {
        TRY_VOID(merge_patch(client, fmt::format("{}/scale{}", path, dry_run_query(options, "kubectl-scale")), body));
    }
    if (is_machine_output(options.output)) {
        TRY(answer, fetch(client, options, target));
    }
    TRY_VOID(print_done(options, target, "scaled", answer));
    if (options.timeout.empty() || options.dry_run != "none") return ok();
    return wait_until(client, *target.kind, target.ns, target.name, limit_ms, [&](const json::object* object) -> Result<bool> {
        return object && number_at(object_at(*object, "status"), "replicas") == *options.replicas;
    });
}

std::string field_of(const Options& options) { return options.verb == "label" ? "labels" : "annotations"; }

Result<void> label_one(Client& client, const Options& options, const Target& target, const json::object& values) {
    const std::string field = field_of(options);
    TRY(const json::object live, fetch(client, options, target));
    const json::object& have = object_at(object_at(live, "metadata"), field);
    if (options.list && values.empty()) {
        for (const auto& item : have) print(fmt::format("{}={}\n", item.key(), text_of(item.value())));
        return ok();
    }
    TRY(const LabelPlan plan, plan_label(options, have, values));
    if (options.verb == "label")
        for (const auto& key : plan.absent) print(fmt::format("label \"{}\" not found.\n", key));
    if (!plan.changes && options.verb == "label") return print_done(options, target, plan.done, live);
    if (options.dry_run == "client") return print_done(options, target, plan.done, live);
    const json::object body{{"metadata", {{field, values}}}};
    TRY(const json::object answer,
        merge_patch(client, path_of(target) + dry_run_query(options, "kubectl-" + options.verb), body));
    TRY_VOID(print_done(options, target, plan.done, answer));
    if (!options.list) return ok();
    for (const auto& item : object_at(object_at(answer, "metadata"), field))
        print(fmt::format("{}={}\n", item.key(), text_of(item.value())));
    return ok();
}

}  // namespace

Result<LabelChange> parse_label_change(const Options& options) {
    LabelChange out;
    for (const auto& arg : options.args) {
        const size_t equals = arg.find('=');
        const bool removes = equals == std::string::npos && arg.size() > 1 && arg.back() == '-';
        const std::string key = removes ? arg.substr(0, arg.size() - 1) : arg.substr(0, equals);
        if (equals == std::string::npos && !removes) {
            if (!out.values.empty())
                return usage(fmt::format("all resources must be specified before {} changes: {}", options.verb, arg));
            out.words.push_back(arg);
            continue;
        }
        if (key.empty()) return usage(fmt::format("invalid {}: \"{}\"", options.verb, arg));
        const json::value* before = out.values.if_contains(key);
        if (before && before->is_null() != removes)
            return usage(fmt::format("can not both modify and remove a {} in the same command", options.verb));
        if (removes) out.values[key] = nullptr;
        else out.values[key] = arg.substr(equals + 1);
    }
    if (out.values.empty() && !options.list) return usage(fmt::format("at least one {} update is required", options.verb));
    return out;
}

Result<LabelPlan> plan_label(const Options& options, const json::object& have, const json::object& values) {
    LabelPlan out;
    bool sets = false;
    for (const auto& item : values) {
        const json::value* before = have.if_contains(item.key());
        const std::string key(item.key());
        if (item.value().is_null()) {
            if (!before) out.absent.push_back(key);
            out.changes |= before != nullptr;
            continue;
        }
        sets = true;
        if (before && *before != item.value() && !options.overwrite) {
            const std::string what = fmt::format("'{}' already has a value ({})", key, text_of(*before));
            return Error(Code::conflict,
                         options.verb == "label"
                             ? fmt::format("error: {}, and --overwrite is false", what)
                             : "error: --overwrite is false but found the following declared annotation(s): " + what);
        }
        out.changes |= !before || *before != item.value();
    }
    if (options.verb != "label") out.done = "annotated";
    else if (!out.changes) out.done = "not labeled";
    else out.done = sets ? "labeled" : "unlabeled";
    return out;
}

Result<void> run_scale(Client& client, const Options& options) {
    TRY_VOID(check_output(options, change_outputs));
    if (!options.replicas) return usage("required flag(s) \"replicas\" not set");
    if (*options.replicas < 0)
        return usage("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
    TRY(const int64_t limit_ms, parse_timeout(options, wait_ms_max));
    TRY(const auto targets, find_members(client, options, options.args));
    if (targets.empty()) return usage("no objects passed to scale");
    Failures failures;
    for (const auto& target : targets) failures.add_if(scale_one(client, options, target, limit_ms));
    return failures.outcome();
}

Result<void> run_label(Client& client, const Options& options) {
    TRY_VOID(check_output(options, change_outputs));
    TRY(const LabelChange change, parse_label_change(options));
    TRY(const auto targets, find_members(client, options, change.words));
    if (targets.empty()) complain("No resources found\n");  // and no error, as with kubectl
    Failures failures;
    for (const auto& target : targets) failures.add_if(label_one(client, options, target, change.values));
    return failures.outcome();
}

}  // namespace orilla::cli
