#include "eviction_plan.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/kinds/budgets.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::objects {
namespace {

constexpr size_t disrupted_pods_max = 2000;
constexpr int try_again_s = 10;

/// Evicting it takes nothing away that the budget counts.
bool is_none_of_budgets(const api::Pod& pod) {
    return pod.metadata.deletion_timestamp || api::is_finished(pod) || pod.status.phase == "Pending";
}

Error refuse(std::string why) {
    return Error(Code::too_many_requests, "Cannot evict pod as it would violate the pod's disruption budget.")
        .with_cause({"DisruptionBudget", std::move(why), ""});
}

std::string explain(const api::PodDisruptionBudget& budget, size_t healthy) {
    const auto* condition = api::find_disruption_allowed(budget.status);
    const auto name = budget.metadata.name.view();
    if (condition && condition->reason == api::sync_failed_reason)
        return fmt::format("The disruption budget {} does not allow evicting pods currently because it failed sync: {}", name,
                           condition->message);
    if (healthy <= static_cast<size_t>(budget.status.desired_healthy))
        return fmt::format("The disruption budget {} needs {} healthy pods and has {} currently", name,
                           budget.status.desired_healthy, healthy);
    if (!condition) return fmt::format("The disruption budget {} does not allow evicting pods currently", name);
    return fmt::format("The disruption budget {} does not allow evicting pods currently ({}): {}", name, condition->reason,
                       condition->message);
}

}  // namespace

Error budget_in_work(const api::Str& budget) {
    return Error(Code::too_many_requests, "Cannot evict pod as it would violate the pod's disruption budget.")
        .with_cause(
            {"DisruptionBudget", fmt::format("The disruption budget {} is still being processed by the server.", budget), ""})
        .with_retry_after(try_again_s);
}

Result<EvictionPlan> plan_eviction(const api::Pod& pod, const std::vector<BudgetPtr>& budgets, size_t healthy) {
    if (is_none_of_budgets(pod)) return EvictionPlan{false, pod.status.phase == "Pending"};
    if (budgets.empty()) return EvictionPlan{};
    if (budgets.size() > 1)
        return Error(Code::internal,
                     "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
    const api::PodDisruptionBudget& budget = *budgets.front();
    if (api::is_ready(pod)) return EvictionPlan{true, false};
    if (budget.spec.unhealthy_pod_eviction_policy == std::string_view("AlwaysAllow")) return EvictionPlan{false, true};
    const int32_t desired = budget.status.desired_healthy;
    const bool has_enough = desired > 0 && budget.status.current_healthy >= desired && healthy >= static_cast<size_t>(desired);
    return has_enough ? EvictionPlan{false, true} : EvictionPlan{true, false};
}

Result<void> spend_budget(api::PodDisruptionBudget& budget, const api::Pod& pod, size_t healthy, int64_t now_s) {
    api::PodDisruptionBudgetStatus& status = budget.status;
    const auto forbid = [&](const char* why) {
        return api::make_forbidden_error("policy", "poddisruptionbudget", budget.metadata.name, why);
    };
    if (status.observed_generation < budget.metadata.generation) return budget_in_work(budget.metadata.name);
    if (status.disruptions_allowed < 0) return forbid("pdb disruptions allowed is negative");
    if (status.disrupted_pods.size() > disrupted_pods_max)
        return forbid("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
    const size_t left = healthy - (api::counts_as_healthy(status, pod, now_s) && healthy > 0 ? 1 : 0);
    if (status.disruptions_allowed == 0 || left < static_cast<size_t>(std::max(status.desired_healthy, 0)))
        return refuse(explain(budget, healthy));
    if (--status.disruptions_allowed == 0) api::set_disruption_allowed(status, now_s);
    status.disrupted_pods[pod.metadata.name] = api::Time(now_s);
    return ok();
}

}  // namespace orilla::objects
