// DaemonSets.
#include <charconv>

#include "checks.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/codec.hpp"
#include "pod_spec.hpp"
#include "pod_template.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void complete_daemon_set(DaemonSet& set) {
    complete_pod_spec(set.spec.template_.spec);
    if (set.spec.update_strategy.type != "RollingUpdate") return;
    RollingUpdateDaemonSet& rolling = set.spec.update_strategy.rolling_update.ensure();
    if (!rolling.max_unavailable) rolling.max_unavailable = IntOrString(1);
    if (!rolling.max_surge) rolling.max_surge = IntOrString(0);
}

void check_daemon_strategy(const DaemonSetUpdateStrategy& strategy, const Path& path, FieldErrors& errors) {
    const Path rolling = path / "rollingUpdate";
    if (strategy.type != "RollingUpdate") return;
    if (!strategy.rolling_update) return errors.required(rolling);
    const IntOrString unavailable = strategy.rolling_update->max_unavailable.value_or(IntOrString(0));
    const IntOrString surge = strategy.rolling_update->max_surge.value_or(IntOrString(0));
    check_share(unavailable, true, rolling / "maxUnavailable", errors);
    check_share(surge, true, rolling / "maxSurge", errors);
    if (!is_nothing(unavailable) && !is_nothing(surge))
        errors.invalid_json(rolling / "maxSurge", share_json(surge), "may not be set when maxUnavailable is non-zero");
    if (is_nothing(unavailable) && is_nothing(surge))
        errors.required(rolling / "maxUnavailable", "cannot be 0 when maxSurge is 0");
}

void check_daemon_set(const DaemonSet& set, FieldErrors& errors) {
    const DaemonSetSpec& spec = set.spec;
    const Path path("spec");
    check_selector(spec.selector, spec.template_.metadata.labels, "daemonset", errors);
    check_template(spec.template_, "DaemonSet", errors);
    check_not_negative(spec.min_ready_seconds, path / "minReadySeconds", errors);
    check_daemon_strategy(spec.update_strategy, path / "updateStrategy", errors);
    if (spec.revision_history_limit) check_not_negative(*spec.revision_history_limit, path / "revisionHistoryLimit", errors);
}

void check_daemon_set_update(const DaemonSet& updated, const DaemonSet& old, FieldErrors& errors) {
    check_selector_update(updated.spec.selector, old.spec.selector, errors);
}

void set_template_generation(DaemonSet& set, int64_t generation) {
    set.metadata.annotations[template_generation_annotation] = Str(std::to_string(generation));
}

void prepare_daemon_set(Object& object) { set_template_generation(object.as<DaemonSet>(), 1); }

/// Counts the changes of the template, whatever the client says.
void count_template_generation(Object& updated, const Object& old) {
    DaemonSet& now = updated.as<DaemonSet>();
    const DaemonSet& before = old.as<DaemonSet>();
    int64_t generation = 1;
    if (const Str* text = before.metadata.annotations.get(template_generation_annotation))
        std::from_chars(text->data(), text->data() + text->size(), generation);
    PodTemplateSpec completed = now.spec.template_;
    apply_declared_defaults(type_info<PodTemplateSpec>(), &completed);
    complete_pod_spec(completed.spec);
    set_template_generation(now, generation + (completed == before.spec.template_ ? 0 : 1));
}

Row render_daemon_set(const DaemonSet& set, int64_t now) {
    const DaemonSetStatus& status = set.status;
    return {set.metadata.name.view(),
            int64_t{status.desired_number_scheduled},
            int64_t{status.current_number_scheduled},
            int64_t{status.number_ready},
            int64_t{status.updated_number_scheduled},
            int64_t{status.number_available},
            labels_text(set.spec.template_.spec.node_selector),
            render_age(set.metadata.creation_timestamp, now),
            container_names_text(set.spec.template_.spec),
            container_images_text(set.spec.template_.spec),
            selector_text(set.spec.selector)};
}

}  // namespace

const KindRules daemon_set_rules = {
    .complete = completed<DaemonSet, complete_daemon_set>,
    .check = checked<DaemonSet, check_daemon_set>,
    .check_update = checked_update<DaemonSet, check_daemon_set_update>,
    .prepare_create = prepare_daemon_set,
    .prepare_update = count_template_generation,
    .row = rendered<DaemonSet, render_daemon_set>,
};

}  // namespace orilla::api
