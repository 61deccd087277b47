#include "workload/disruption_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <map>

#include "orilla/kinds/budgets.hpp"
#include "orilla/kinds/owners.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::controllers {
namespace {

int32_t narrow(int64_t number) {
    return static_cast<int32_t>(std::clamp<int64_t>(number, 0, std::numeric_limits<int32_t>::max()));
}

/// How the reference's client prints a selector.
std::string print_selector(const api::Box<api::LabelSelector>& selector) {
    if (!selector) return "nil";
    std::string labels, expressions;
    for (const auto& [key, value] : selector->match_labels) labels += fmt::format("{}: {},", key, value);
    for (const auto& one : selector->match_expressions) {
        std::string values;
        for (const auto& value : one.values) values += (values.empty() ? "" : " ") + value.str();
        expressions +=
            fmt::format("LabelSelectorRequirement{{Key:{},Operator:{},Values:[{}],}},", one.key, one.operator_, values);
    }
    return fmt::format(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{{}}},}}", labels,
        expressions);
}

/// The pods that must and should be there.
struct Expected {
    int32_t pods = 0;
    int32_t healthy = 0;
};

class BudgetCount {
  public:
    BudgetCount(const api::PodDisruptionBudget& budget, const std::vector<PodPtr>& pods, const FindWanted& wanted,
                int64_t now_s)
        : budget_(budget), pods_(pods), wanted_(wanted), now_s_(now_s), plan_{budget.status} {}

    BudgetPlan plan() {
        if (pods_.empty()) plan_.events.push_back({"NoPods", false, "No matching pods found"});
        const auto expected = count_expected();
        if (expected) fill_in(*expected);
        else fail(expected.error().message());
        return std::move(plan_);
    }

  private:
    /// The sum of what the pods' controllers want.
    Result<int32_t> sum_wanted() {
        std::map<std::string, int32_t, std::less<>> by_uid;
        bool unmanaged = false;
        std::map<std::string_view, bool> asked;
        for (const auto& pod : pods_) {
            const auto* controller = api::find_controller(pod->metadata);
            unmanaged |= !controller;
            if (!controller || !asked.try_emplace(controller->uid, true).second) continue;
            const auto found = wanted_(*pod, *controller);
            if (!found)
                return Error(Code::not_found, fmt::format("found no controllers for pod {}", api::quote(pod->metadata.name)));
            by_uid[found->uid] = found->replicas;
        }
        if (unmanaged) tell_unmanaged();
        int64_t sum = 0;
        for (const auto& [uid, replicas] : by_uid) sum += replicas;
        return narrow(sum);
    }

    void tell_unmanaged() {
        plan_.events.push_back(
            {"UnmanagedPods", true,
             fmt::format(
                 "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the "
                 "status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account "
                 "for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
                 print_selector(budget_.spec.selector))});
    }

    Result<Expected> count_expected() {
        const auto &least = budget_.spec.min_available, &most_away = budget_.spec.max_unavailable;
        if (most_away) {
            TRY(const int32_t wanted, sum_wanted());
            TRY(const int32_t away, most_away->resolve(wanted, true));
            return Expected{wanted, narrow(int64_t{wanted} - away)};
        }
        if (!least) return Expected{};
        if (!least->is_string) return Expected{narrow(static_cast<int64_t>(pods_.size())), least->number};
        TRY(const int32_t wanted, sum_wanted());
        TRY(const int32_t healthy, least->resolve(wanted, true));
        return Expected{wanted, healthy};
    }

    /// Keeps those that were evicted and are not seen to end; who is waited for for too long is told of.
    api::Map<api::Time> still_disrupted() {
        api::Map<api::Time> kept;
        for (const auto& pod : pods_) {
            const auto* since = budget_.status.disrupted_pods.get(pod->metadata.name);
            if (!since || pod->metadata.deletion_timestamp) continue;
            if (!api::is_disrupted(budget_.status, pod->metadata.name, now_s_)) {
                plan_.not_deleted.push_back(pod->metadata.name.str());
                continue;
            }
            const int64_t since_s = std::min(since->unix_s, now_s_);  // the clock was set back
            kept[pod->metadata.name] = api::Time(since_s);
            const int64_t left_s = since_s + api::disruption_s_max - now_s_;
            plan_.again_after_s = plan_.again_after_s < 0 ? left_s : std::min(plan_.again_after_s, left_s);
        }
        return kept;
    }

    void fill_in(const Expected& expected) {
        api::PodDisruptionBudgetStatus& status = plan_.status;
        status.observed_generation = budget_.metadata.generation;
        status.disrupted_pods = still_disrupted();
        const auto is_healthy = [&](const PodPtr& pod) { return api::counts_as_healthy(status, *pod, now_s_); };
        status.current_healthy = narrow(std::ranges::count_if(pods_, is_healthy));
        status.desired_healthy = expected.healthy;
        status.expected_pods = expected.pods;
        // Without expected pods the budget may be newer than its first ones: nothing may go until they were counted.
        status.disruptions_allowed = expected.pods <= 0 ? 0 : narrow(int64_t{status.current_healthy} - status.desired_healthy);
        api::set_disruption_allowed(status, now_s_);
    }

    void fail(std::string why) {
        plan_.status.disruptions_allowed = 0;
        api::set_disruption_unknown(plan_.status, why, now_s_);
        plan_.events.push_back(
            {"CalculateExpectedPodCountFailed", true, "Failed to calculate the number of expected pods: " + why});
        plan_.failed = std::move(why);
    }

    const api::PodDisruptionBudget& budget_;
    const std::vector<PodPtr>& pods_;
    const FindWanted& wanted_;
    const int64_t now_s_;
    BudgetPlan plan_;
};

}  // namespace

BudgetPlan plan_budget(const api::PodDisruptionBudget& budget, const std::vector<PodPtr>& pods, const FindWanted& wanted,
                       int64_t now_s) {
    return BudgetCount(budget, pods, wanted, now_s).plan();
}

}  // namespace orilla::controllers
