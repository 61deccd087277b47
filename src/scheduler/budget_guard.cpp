#include "budget_guard.hpp"

#include "orilla/kinds/selectors.hpp"

namespace orilla::scheduler {
namespace {

struct Guard {
    const api::PodDisruptionBudget& budget;
    api::Selector selector;
    int64_t left;

    /// Whether it forbids that this one goes, too.
    bool is_violated_by(const api::Pod& pod) {
        if (pod.metadata.namespace_ != budget.metadata.namespace_ || !selector.matches(pod.metadata.labels)) return false;
        if (budget.status.disrupted_pods.contains(pod.metadata.name)) return false;  // it was taken off already
        return --left < 0;
    }
};

}  // namespace

std::vector<bool> find_violations(const std::vector<std::shared_ptr<const api::Pod>>& pods,
                                  const std::vector<BudgetPtr>& budgets) {
    std::vector<Guard> guards;
    for (const auto& budget : budgets) {
        auto selector = api::selector_of(budget->spec.selector);
        if (selector && !selector->matches_everything())
            guards.push_back({*budget, std::move(*selector), budget->status.disruptions_allowed});
    }
    std::vector<bool> violated;
    for (const auto& pod : pods) {
        bool any = false;
        for (Guard& guard : guards) any |= guard.is_violated_by(*pod);
        violated.push_back(any);
    }
    return violated;
}

}  // namespace orilla::scheduler
