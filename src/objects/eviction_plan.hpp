// Whether a pod may be evicted: what its PodDisruptionBudgets say. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::objects {

using BudgetPtr = std::shared_ptr<const api::PodDisruptionBudget>;

struct EvictionPlan {
    bool spends = false;      ///< one of the budget's evictions is taken for it
    bool only_as_is = false;  ///< allowed for a pod that does not run, or is not ready: not for one that is by now
};

/// `healthy`: the pods of the one budget that are ready now, of which its status may not have heard.
Result<EvictionPlan> plan_eviction(const api::Pod& pod, const std::vector<BudgetPtr>& budgets, size_t healthy);

/// Takes one eviction of the budget, or says why there is none. The status may be older than what `healthy` says, or be the one
/// of before a crash: the pods that are ready now have to be enough as well.
Result<void> spend_budget(api::PodDisruptionBudget& budget, const api::Pod& pod, size_t healthy, int64_t now_s);

/// The budget's controller has not seen it as it is now: try again.
Error budget_in_work(const api::Str& budget);

}  // namespace orilla::objects
