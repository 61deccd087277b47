#include "workload/replication_manager.hpp"

namespace orilla::controllers {
namespace {

ReplicaSetPtr get_controller(objects::Objects& objects, std::string_view ns, std::string_view name) {
    const auto found = objects.get<api::ReplicationController>(ns, name);
    return found ? std::make_shared<const api::ReplicaSet>(as_replica_set(*found)) : nullptr;
}

loop::Task<Result<void>> write_controller(objects::Objects& objects, ReplicaSetPtr set, api::ReplicaSetStatus status) {
    const auto found = objects.get<api::ReplicationController>(set->metadata.namespace_, set->metadata.name);
    if (!found) co_return ok();
    CO_RETURN_AWAIT(write_status(objects, found, as_controller_status(status)));
}

constexpr ReplicaKind replication_controller_kind = {
    .info = api::kind_of<api::ReplicationController>,
    .component = "replication-controller",
    .get = get_controller,
    .write = write_controller,
    .queue_adopters = queue_adopters<api::ReplicationController>,
};

}  // namespace

ReplicationManager::ReplicationManager(const Surroundings& with)
    : ReplicaController(with, replication_controller_kind, "replicationcontroller") {
    objects_.feed<api::ReplicationController>().keep(objects::selector_terms<api::ReplicationController>);
}

api::ReplicaSet as_replica_set(const api::ReplicationController& controller) {
    api::ReplicaSet out;
    out.metadata = controller.metadata;
    out.spec.replicas = controller.spec.replicas;
    out.spec.min_ready_seconds = controller.spec.min_ready_seconds;
    out.spec.selector.ensure().match_labels = controller.spec.selector;
    if (controller.spec.template_) out.spec.template_ = *controller.spec.template_;
    for (const auto& before : controller.status.conditions) {
        api::ReplicaSetCondition& condition = out.status.conditions.emplace_back();
        condition.type = before.type;
        condition.last_transition_time = before.last_transition_time;
    }
    return out;
}

api::ReplicationControllerStatus as_controller_status(const api::ReplicaSetStatus& status) {
    api::ReplicationControllerStatus out;
    out.replicas = status.replicas;
    out.fully_labeled_replicas = status.fully_labeled_replicas;
    out.ready_replicas = status.ready_replicas;
    out.available_replicas = status.available_replicas;
    out.observed_generation = status.observed_generation;
    for (const auto& told : status.conditions) {
        api::ReplicationControllerCondition& condition = out.conditions.emplace_back();
        condition.type = told.type;
        condition.status = told.status;
        condition.reason = told.reason;
        condition.message = told.message;
        condition.last_transition_time = told.last_transition_time;
    }
    return out;
}

}  // namespace orilla::controllers
