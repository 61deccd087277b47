#include <array>

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/selectors.hpp"
#include "validate.hpp"

namespace orilla::api {
namespace {

std::string selector_json(const Box<LabelSelector>& selector) { return selector ? encode(*selector) : "null"; }

std::string labels_json(const Map<Str>& labels) {
    std::string json = "{";
    for (const auto& label : labels) {
        if (json.size() > 1) json += ',';
        append_json_string(json, label.key);
        json += ':';
        append_json_string(json, label.value);
    }
    return json += '}';
}

/// The selector must select what the template makes, or replicas would be made for ever.
void check_selector(const Box<LabelSelector>& selector, const Map<Str>& labels, std::string_view kind,
                    FieldErrors& errors) {
    const Path spec("spec");
    const Path path = spec / "selector";
    if (!selector) return;  // required by the schema
    check_label_selector(*selector, path, errors);
    if (selector->match_labels.empty() && selector->match_expressions.empty())
        errors.invalid_json(path, selector_json(selector), "empty selector is invalid for " + std::string(kind));
    auto parsed = selector_of(*selector);
    if (!parsed) return errors.invalid_json(path, selector_json(selector), "invalid label selector");
    const Path pods = spec / "template";
    const Path meta = pods / "metadata";
    if (!parsed->matches_everything() && !parsed->matches(labels))
        errors.invalid_json(meta / "labels", labels_json(labels), "`selector` does not match template `labels`");
}

void check_template(const PodTemplateSpec& pods, std::string_view kind, FieldErrors& errors) {
    constexpr std::array<std::string_view, 1> always{"Always"};
    const Path spec("spec");
    const Path path = spec / "template";
    const Path meta = path / "metadata";
    check_labels(pods.metadata.labels, meta / "labels", errors);
    check_annotations(pods.metadata.annotations, meta / "annotations", errors);
    const Path pod = path / "spec";
    check_pod_spec(pods.spec, pod, errors);
    if (pods.spec.restart_policy == "OnFailure" || pods.spec.restart_policy == "Never")
        errors.not_supported(pod / "restartPolicy", pods.spec.restart_policy, always);
    if (pods.spec.active_deadline_seconds)
        errors.forbidden(pod / "activeDeadlineSeconds",
                         "activeDeadlineSeconds in " + std::string(kind) + " is not Supported");
}

/// A number of pods or a percentage of the replicas.
void check_share(const IntOrString& share, bool at_most_all, const Path& path, FieldErrors& errors) {
    if (!share.is_string) return check_not_negative(share.number, path, errors);
    Complaints complaints = check_percent(share.text);
    errors.complain(path, share.text, complaints);
    auto percent = share.resolve(100, true);
    if (complaints.empty() && at_most_all && percent && *percent > 100)
        errors.invalid(path, share.text, "must not be greater than 100%");
}

std::string share_json(const IntOrString& share) {
    return share.is_string ? quote(share.text) : std::to_string(share.number);
}

bool is_nothing(const IntOrString& share) {
    auto value = share.resolve(100, true);
    return value && *value == 0;
}

void check_strategy(const DeploymentStrategy& strategy, const Path& path, FieldErrors& errors) {
    const Path rolling = path / "rollingUpdate";
    if (strategy.type.empty()) return errors.required(path / "type");
    if (strategy.type == "Recreate") {
        if (strategy.rolling_update)
            errors.forbidden(rolling, "may not be specified when strategy `type` is 'Recreate'");
        return;
    }
    if (!strategy.rolling_update) return errors.required(rolling, "this should be defaulted and never be nil");
    const RollingUpdateDeployment& update = *strategy.rolling_update;
    if (update.max_unavailable) check_share(*update.max_unavailable, true, rolling / "maxUnavailable", errors);
    if (update.max_surge) check_share(*update.max_surge, false, rolling / "maxSurge", errors);
    if (update.max_unavailable && update.max_surge && is_nothing(*update.max_unavailable) &&
        is_nothing(*update.max_surge))
        errors.invalid_json(rolling / "maxUnavailable", share_json(*update.max_unavailable),
                            "may not be 0 when `maxSurge` is 0");
}

}  // namespace

void check_deployment(const Deployment& deployment, FieldErrors& errors) {
    const DeploymentSpec& spec = deployment.spec;
    const Path path("spec");
    if (spec.replicas) check_not_negative(*spec.replicas, path / "replicas", errors);
    check_selector(spec.selector, spec.template_.metadata.labels, "deployment", errors);
    check_template(spec.template_, "ReplicaSet", errors);
    check_strategy(spec.strategy, path / "strategy", errors);
    check_not_negative(spec.min_ready_seconds, path / "minReadySeconds", errors);
    if (spec.revision_history_limit)
        check_not_negative(*spec.revision_history_limit, path / "revisionHistoryLimit", errors);
    if (!spec.progress_deadline_seconds) return;
    check_not_negative(*spec.progress_deadline_seconds, path / "progressDeadlineSeconds", errors);
    if (*spec.progress_deadline_seconds <= spec.min_ready_seconds)
        errors.invalid(path / "progressDeadlineSeconds", *spec.progress_deadline_seconds,
                       "must be greater than minReadySeconds");
}

void check_deployment_update(const Deployment& updated, const Deployment& old, FieldErrors& errors) {
    const Path path("spec");
    if (!(updated.spec.selector == old.spec.selector))
        errors.invalid_json(path / "selector", selector_json(updated.spec.selector), "field is immutable");
}

void check_replica_set(const ReplicaSet& set, FieldErrors& errors) {
    const Path path("spec");
    if (set.spec.replicas) check_not_negative(*set.spec.replicas, path / "replicas", errors);
    check_not_negative(set.spec.min_ready_seconds, path / "minReadySeconds", errors);
    check_selector(set.spec.selector, set.spec.template_.metadata.labels, "replicaset", errors);
    check_template(set.spec.template_, "ReplicaSet", errors);
}

void check_replica_set_update(const ReplicaSet& updated, const ReplicaSet& old, FieldErrors& errors) {
    const Path path("spec");
    if (!(updated.spec.selector == old.spec.selector))
        errors.invalid_json(path / "selector", selector_json(updated.spec.selector), "field is immutable");
}

}  // namespace orilla::api
