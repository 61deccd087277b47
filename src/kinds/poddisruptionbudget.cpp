// PodDisruptionBudgets.
#include <algorithm>

#include "checks.hpp"
#include "orilla/kinds/budgets.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/schema/codec.hpp"
#include "pod_template.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_budget(const PodDisruptionBudget& budget, FieldErrors& errors) {
    const PodDisruptionBudgetSpec& spec = budget.spec;
    const Path path("spec");
    if (spec.min_available && spec.max_unavailable)
        errors.invalid_json(path, encode(spec), "minAvailable and maxUnavailable cannot be both set");
    if (spec.min_available) check_share(*spec.min_available, true, path / "minAvailable", errors);
    if (spec.max_unavailable) check_share(*spec.max_unavailable, true, path / "maxUnavailable", errors);
    if (spec.selector) check_label_selector(*spec.selector, path / "selector", errors);
}

std::string share_text(const Opt<IntOrString>& share) { return share ? share->to_string() : "N/A"; }

Row render_budget(const PodDisruptionBudget& budget, int64_t now) {
    return {budget.metadata.name.view(), share_text(budget.spec.min_available), share_text(budget.spec.max_unavailable),
            int64_t{budget.status.disruptions_allowed}, render_age(budget.metadata.creation_timestamp, now)};
}

void set_condition(PodDisruptionBudgetStatus& status, bool allowed, std::string_view reason, std::string_view message,
                   int64_t now_s) {
    const auto found =
        std::ranges::find_if(status.conditions, [](const Condition& one) { return one.type == disruption_allowed_condition; });
    Condition& condition = found == status.conditions.end() ? status.conditions.emplace_back() : *found;
    const std::string_view text = allowed ? "True" : "False";
    if (condition.status != text) condition.last_transition_time = Time(now_s);
    condition.type = Str(disruption_allowed_condition);
    condition.status = Str(text);
    condition.reason = Str(reason);
    condition.message = Str(message);
    condition.observed_generation = status.observed_generation;
}

}  // namespace

bool is_disrupted(const PodDisruptionBudgetStatus& status, std::string_view pod, int64_t now_s) {
    const Time* since = status.disrupted_pods.get(pod);
    return since && now_s < since->unix_s + disruption_s_max;
}

bool counts_as_healthy(const PodDisruptionBudgetStatus& status, const Pod& pod, int64_t now_s) {
    return is_ready(pod) && !pod.metadata.deletion_timestamp && !is_disrupted(status, pod.metadata.name, now_s);
}

const Condition* find_disruption_allowed(const PodDisruptionBudgetStatus& status) {
    for (const Condition& one : status.conditions)
        if (one.type == disruption_allowed_condition) return &one;
    return nullptr;
}

void set_disruption_allowed(PodDisruptionBudgetStatus& status, int64_t now_s) {
    const bool allowed = status.disruptions_allowed > 0;
    set_condition(status, allowed, allowed ? "SufficientPods" : "InsufficientPods", "", now_s);
}

void set_disruption_unknown(PodDisruptionBudgetStatus& status, std::string_view why, int64_t now_s) {
    set_condition(status, false, sync_failed_reason, why, now_s);
}

const KindRules pod_disruption_budget_rules = {
    .check = checked<PodDisruptionBudget, check_budget>,
    .row = rendered<PodDisruptionBudget, render_budget>,
};

}  // namespace orilla::api
