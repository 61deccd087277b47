// Deployments.
#include <fmt/core.h>

#include "checks.hpp"
#include "pod_spec.hpp"
#include "pod_template.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void complete_deployment(Deployment& deployment) {
    DeploymentSpec& spec = deployment.spec;
    complete_pod_spec(spec.template_.spec);
    if (spec.strategy.type != "RollingUpdate") return;
    RollingUpdateDeployment& rolling = spec.strategy.rolling_update.ensure();
    if (!rolling.max_unavailable) rolling.max_unavailable = IntOrString(Str("25%"));
    if (!rolling.max_surge) rolling.max_surge = IntOrString(Str("25%"));
}

void check_strategy(const DeploymentStrategy& strategy, const Path& path, FieldErrors& errors) {
    const Path rolling = path / "rollingUpdate";
    if (strategy.type.empty()) return errors.required(path / "type");
    if (strategy.type == "Recreate") {
        if (strategy.rolling_update) errors.forbidden(rolling, "may not be specified when strategy `type` is 'Recreate'");
        return;
    }
    if (!strategy.rolling_update) return errors.required(rolling, "this should be defaulted and never be nil");
    const RollingUpdateDeployment& update = *strategy.rolling_update;
    if (update.max_unavailable) check_share(*update.max_unavailable, true, rolling / "maxUnavailable", errors);
    if (update.max_surge) check_share(*update.max_surge, false, rolling / "maxSurge", errors);
    if (update.max_unavailable && update.max_surge && is_nothing(*update.max_unavailable) && is_nothing(*update.max_surge))
        errors.invalid_json(rolling / "maxUnavailable", share_json(*update.max_unavailable),
                            "may not be 0 when `maxSurge` is 0");
}

void check_deployment(const Deployment& deployment, FieldErrors& errors) {
    const DeploymentSpec& spec = deployment.spec;
    const Path path("spec");
    if (spec.replicas) check_not_negative(*spec.replicas, path / "replicas", errors);
    check_selector(spec.selector, spec.template_.metadata.labels, "deployment", errors);
    check_template(spec.template_, "ReplicaSet", errors);
    check_strategy(spec.strategy, path / "strategy", errors);
    check_not_negative(spec.min_ready_seconds, path / "minReadySeconds", errors);
    if (spec.revision_history_limit) check_not_negative(*spec.revision_history_limit, path / "revisionHistoryLimit", errors);
    if (!spec.progress_deadline_seconds) return;
    check_not_negative(*spec.progress_deadline_seconds, path / "progressDeadlineSeconds", errors);
    if (*spec.progress_deadline_seconds <= spec.min_ready_seconds)
        errors.invalid(path / "progressDeadlineSeconds", *spec.progress_deadline_seconds,
                       "must be greater than minReadySeconds");
}

void check_deployment_update(const Deployment& updated, const Deployment& old, FieldErrors& errors) {
    check_selector_update(updated.spec.selector, old.spec.selector, errors);
}

Row render_deployment(const Deployment& deployment, int64_t now) {
    const DeploymentSpec& spec = deployment.spec;
    const DeploymentStatus& status = deployment.status;
    return {deployment.metadata.name.view(),
            fmt::format("{}/{}", status.ready_replicas, spec.replicas.value_or(0)),
            int64_t{status.updated_replicas},
            int64_t{status.available_replicas},
            render_age(deployment.metadata.creation_timestamp, now),
            container_names_text(spec.template_.spec),
            container_images_text(spec.template_.spec),
            selector_text(spec.selector)};
}

}  // namespace

const KindRules deployment_rules = {
    .complete = completed<Deployment, complete_deployment>,
    .check = checked<Deployment, check_deployment>,
    .check_update = checked_update<Deployment, check_deployment_update>,
    .status_keeps_labels = true,
    .row = rendered<Deployment, render_deployment>,
};

}  // namespace orilla::api
