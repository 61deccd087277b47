// ReplicaSets.
#include "checks.hpp"
#include "pod_spec.hpp"
#include "pod_template.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void complete_replica_set(ReplicaSet& replica_set) { complete_pod_spec(replica_set.spec.template_.spec); }

void check_replica_set(const ReplicaSet& set, FieldErrors& errors) {
    const Path path("spec");
    if (set.spec.replicas) check_not_negative(*set.spec.replicas, path / "replicas", errors);
    check_not_negative(set.spec.min_ready_seconds, path / "minReadySeconds", errors);
    check_selector(set.spec.selector, set.spec.template_.metadata.labels, "replicaset", errors);
    check_template(set.spec.template_, "ReplicaSet", errors);
}

void check_replica_set_update(const ReplicaSet& updated, const ReplicaSet& old, FieldErrors& errors) {
    check_selector_update(updated.spec.selector, old.spec.selector, errors);
}

Row render_replica_set(const ReplicaSet& set, int64_t now) {
    return {set.metadata.name.view(),
            int64_t{set.spec.replicas.value_or(0)},
            int64_t{set.status.replicas},
            int64_t{set.status.ready_replicas},
            render_age(set.metadata.creation_timestamp, now),
            container_names_text(set.spec.template_.spec),
            container_images_text(set.spec.template_.spec),
            selector_text(set.spec.selector)};
}

}  // namespace

const KindRules replica_set_rules = {
    .complete = completed<ReplicaSet, complete_replica_set>,
    .check = checked<ReplicaSet, check_replica_set>,
    .check_update = checked_update<ReplicaSet, check_replica_set_update>,
    .row = rendered<ReplicaSet, render_replica_set>,
};

}  // namespace orilla::api
