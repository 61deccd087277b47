#include "orilla/schema/selectors.hpp"
#include "table_cells.hpp"

namespace orilla::api {

Row render_deployment(const Deployment& deployment, int64_t now) {
    const DeploymentSpec& spec = deployment.spec;
    const DeploymentStatus& status = deployment.status;
    return {deployment.metadata.name.view(),
            std::to_string(status.ready_replicas) + "/" + std::to_string(spec.replicas.value_or(0)),
            int64_t{status.updated_replicas},
            int64_t{status.available_replicas},
            render_age(deployment.metadata.creation_timestamp, now),
            container_names_text(spec.template_.spec),
            container_images_text(spec.template_.spec),
            selector_text(spec.selector)};
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

}  // namespace orilla::api
