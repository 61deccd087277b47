// ReplicationControllers.
#include "checks.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/schema/codec.hpp"
#include "pod_spec.hpp"
#include "pod_template.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void complete_replication_controller(ReplicationController& controller) {
    ReplicationControllerSpec& spec = controller.spec;
    if (!spec.template_) return;
    complete_pod_spec(spec.template_->spec);
    const Map<Str>& labels = spec.template_->metadata.labels;
    if (spec.selector.empty()) spec.selector = labels;
    if (controller.metadata.labels.empty()) controller.metadata.labels = labels;
}

void check_replication_controller(const ReplicationController& controller, FieldErrors& errors) {
    const ReplicationControllerSpec& spec = controller.spec;
    const Path path("spec");
    if (spec.replicas) check_not_negative(*spec.replicas, path / "replicas", errors);
    check_not_negative(spec.min_ready_seconds, path / "minReadySeconds", errors);
    if (spec.selector.empty()) errors.required(path / "selector");
    if (!spec.template_) return errors.required(path / "template");
    check_labels(spec.selector, path / "selector", errors);
    const Path pods = path / "template";
    const Path meta = pods / "metadata";
    if (!spec.selector.empty() && !selects(spec.selector, spec.template_->metadata.labels))
        errors.invalid_json(meta / "labels", labels_json(spec.template_->metadata.labels),
                            "`selector` does not match template `labels`");
    check_template(*spec.template_, "ReplicationController", errors);
}

Row render_replication_controller(const ReplicationController& controller, int64_t now) {
    static const PodSpec nothing;
    const PodSpec& pods = controller.spec.template_ ? controller.spec.template_->spec : nothing;
    return {controller.metadata.name.view(),
            int64_t{controller.spec.replicas.value_or(0)},
            int64_t{controller.status.replicas},
            int64_t{controller.status.ready_replicas},
            render_age(controller.metadata.creation_timestamp, now),
            container_names_text(pods),
            container_images_text(pods),
            labels_text(controller.spec.selector)};
}

}  // namespace

const KindRules replication_controller_rules = {
    .complete = completed<ReplicationController, complete_replication_controller>,
    .check = checked<ReplicationController, check_replication_controller>,
    .row = rendered<ReplicationController, render_replication_controller>,
};

}  // namespace orilla::api
