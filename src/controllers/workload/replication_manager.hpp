// ReplicationControllers: what ReplicaSets were called before their selectors had expressions. They are kept as those are.
#pragma once

#include "workload/replicaset_controller.hpp"

namespace orilla::controllers {

class ReplicationManager final : public ReplicaController {
  public:
    explicit ReplicationManager(const Surroundings& with);
};

/// The same with another name. Pure.
api::ReplicaSet as_replica_set(const api::ReplicationController& controller);
api::ReplicationControllerStatus as_controller_status(const api::ReplicaSetStatus& status);

}  // namespace orilla::controllers
