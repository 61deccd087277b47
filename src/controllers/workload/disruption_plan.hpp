// How many pods of a PodDisruptionBudget may be evicted, as the reference's controller counts it. Decides only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

using BudgetPtr = std::shared_ptr<const api::PodDisruptionBudget>;
using PodPtr = std::shared_ptr<const api::Pod>;

/// How many pods the controller of a pod wants, by the uid of whoever has the number: of a ReplicaSet's pods that is its
/// Deployment.
struct WantedPods {
    std::string uid;
    int32_t replicas = 0;
};
/// Of the pod's controller; nothing when it has no number of pods.
using FindWanted = std::function<std::optional<WantedPods>(const api::Pod& pod, const api::OwnerReference& controller)>;

struct BudgetEvent {
    std::string reason;
    bool is_warning = false;
    std::string message;
    bool operator==(const BudgetEvent&) const = default;
};

struct BudgetPlan {
    api::PodDisruptionBudgetStatus status;
    std::vector<BudgetEvent> events = {};       ///< about the budget
    std::vector<std::string> not_deleted = {};  ///< pods that were evicted and are there still
    int64_t again_after_s = -1;                 ///< when the next evicted pod is given up waiting for
    std::string failed = {};                    ///< why nothing is known; the status allows nothing then
};

/// `pods`: all that the budget selects.
BudgetPlan plan_budget(const api::PodDisruptionBudget& budget, const std::vector<PodPtr>& pods, const FindWanted& wanted,
                       int64_t now_s);

}  // namespace orilla::controllers
