// ReplicaSet: the right number of pods of one template. Decides only; see replicaset_controller for the acts.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

using PodPtr = std::shared_ptr<const api::Pod>;

/// At most so many pods are created or deleted in one turn: the rest follows in the next.
constexpr int replicaset_burst_max = 500;

struct CreatePods {
    int count = 0;
    bool operator==(const CreatePods&) const = default;
};
struct DeletePod {
    std::string name;
    bool operator==(const DeletePod&) const = default;
};
/// A pod that matches and has no controller becomes ours.
struct AdoptPod {
    std::string name;
    bool operator==(const AdoptPod&) const = default;
};
/// A pod of ours that no longer matches goes free.
struct ReleasePod {
    std::string name;
    bool operator==(const ReleasePod&) const = default;
};
using ReplicaSetAction = std::variant<CreatePods, DeletePod, AdoptPod, ReleasePod>;

/// Which of two pods costs less to lose.
bool goes_before(const api::Pod& a, const api::Pod& b);
/// Whether to its ReplicaSet the two states of a pod are one.
bool looks_the_same_to_owner(const api::Pod& a, const api::Pod& b);
/// `pods` of the namespace: at least those that are its own or match and have no controller.
std::vector<ReplicaSetAction> plan_replicaset(const api::ReplicaSet& desired, const std::vector<PodPtr>& pods);
/// `*again_after_s`: when a pod becomes available by waiting (minReadySeconds), else -1. `failure`: of the last create.
api::ReplicaSetStatus summarise_replicaset(const api::ReplicaSet& desired, const std::vector<PodPtr>& pods,
                                           const std::string& failure, int64_t now_s, int64_t* again_after_s);
/// `reference`: the owner as its pods name it.
api::Pod make_pod(const api::ReplicaSet& owner, api::OwnerReference reference);

}  // namespace orilla::controllers
