// Applies plan_budget: keeps the status of PodDisruptionBudgets, which evictions go by. An eviction takes from the same status
// with compare-and-swap, and so does this: what was evicted between a look and its write is looked at again.
#pragma once

#include <string>
#include <vector>

#include "controller.hpp"
#include "workload/disruption_plan.hpp"

namespace orilla::controllers {

class DisruptionController final : public Controller {
  public:
    explicit DisruptionController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    void pod_changed(const objects::FeedEvent& event);
    void tell_of_several(const api::Pod& pod, const std::vector<BudgetPtr>& budgets);
    std::optional<WantedPods> find_wanted(std::string_view ns, const api::OwnerReference& controller);
    void tell(const api::PodDisruptionBudget& budget, const std::vector<PodPtr>& pods, const BudgetPlan& plan);

    loop::Worker worker_;
};

}  // namespace orilla::controllers
