// Deployment: which ReplicaSets exist and how large each is, so that a change of the template rolls out within maxSurge
// and maxUnavailable. Decides one step at a time from what is there; the controller acts and looks again.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

struct DeploymentObserved {
    std::vector<std::shared_ptr<const api::ReplicaSet>> replica_sets;  ///< those it controls, and orphans that match
    std::vector<std::shared_ptr<const api::Pod>> pods;                 ///< of its ReplicaSets, for Recreate
    int64_t since_progress_s = 0;                                      ///< monotonic, since the last progress that was seen
};

struct AdoptReplicaSet {
    std::string name;
    bool operator==(const AdoptReplicaSet&) const = default;
};
struct CreateReplicaSet {
    api::ReplicaSet object;
    bool operator==(const CreateReplicaSet&) const = default;
};
/// Another ReplicaSet has the name that the template's hash gives: take the next name.
struct BumpCollisionCount {
    int32_t to = 0;
    bool operator==(const BumpCollisionCount&) const = default;
};
/// Replicas, annotations and minReadySeconds of a ReplicaSet; `event` is empty when its size stays.
struct UpdateReplicaSet {
    std::string name;
    int32_t replicas = 0;
    api::Map<api::Str> annotations;
    int32_t min_ready_seconds = 0;
    std::string event;
    bool operator==(const UpdateReplicaSet&) const = default;
};
struct DeleteReplicaSet {
    std::string name;
    bool operator==(const DeleteReplicaSet&) const = default;
};
/// deployment.kubernetes.io/revision of the Deployment.
struct SetRevision {
    std::string revision;
    bool operator==(const SetRevision&) const = default;
};
using DeploymentAction =
    std::variant<AdoptReplicaSet, CreateReplicaSet, BumpCollisionCount, UpdateReplicaSet, DeleteReplicaSet, SetRevision>;

std::vector<DeploymentAction> plan_deployment(const api::Deployment& desired, const DeploymentObserved& seen);

struct DeploymentSummary {
    api::DeploymentStatus status;
    bool progressed = false;     ///< the controller restarts its progress clock
    int64_t again_after_s = -1;  ///< when the progress deadline may have passed
};
DeploymentSummary summarise_deployment(const api::Deployment& desired, const DeploymentObserved& seen, int64_t now_s);

/// The pods' bounds, with percentages resolved: surge rounded up, unavailable down, never both 0.
struct RolloutBounds {
    int32_t replicas = 0;
    int32_t surge = 0;
    int32_t unavailable = 0;
};
RolloutBounds resolve_bounds(const api::Deployment& deployment);
/// The one whose template is the Deployment's, or null; the oldest if there are several.
const api::ReplicaSet* find_new_replica_set(const api::Deployment& deployment, const DeploymentObserved& seen);
/// Stable over restarts and releases: it is part of the names of live objects.
std::string hash_template(const api::PodTemplateSpec& pod_template, int32_t collisions);

}  // namespace orilla::controllers
