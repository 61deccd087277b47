// Which pods cannot be preempted without going below what their PodDisruptionBudgets allow. Pure.
#pragma once

#include <memory>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::scheduler {

using BudgetPtr = std::shared_ptr<const api::PodDisruptionBudget>;

/// Of pods that are to go one after the other in this order: the flags of those for whom no budget is left. An empty selector
/// protects nobody here, as with the reference scheduler.
std::vector<bool> find_violations(const std::vector<std::shared_ptr<const api::Pod>>& pods,
                                  const std::vector<BudgetPtr>& budgets);

}  // namespace orilla::scheduler
