// How far and how fast the number of replicas may follow what metrics ask for.
#include <algorithm>
#include <climits>
#include <cmath>

#include "workload/autoscaler_plan.hpp"

namespace orilla::controllers {
namespace {

constexpr int64_t second_ms = 1000;
constexpr int32_t default_down_window_s = 300;
constexpr int32_t up_factor = 2;            ///< without a behaviour: at most to the double ...
constexpr int32_t up_min = 4;               ///< ... and to so many at once
constexpr int64_t remembered_s_max = 3600;  ///< the longest window and the longest period of a policy

constexpr const char* higher_message =
    "recent recommendations were higher than current one, applying the highest recent recommendation";
constexpr const char* lower_message =
    "recent recommendations were lower than current one, applying the lowest recent recommendation";

struct Windows {
    int64_t up_ms = 0;
    int64_t down_ms = 0;
};

Windows windows_of(const api::HorizontalPodAutoscaler& hpa) {
    const auto& behavior = hpa.spec.behavior;
    const auto of = [](const auto& rules, int32_t otherwise) {
        return (rules ? rules->stabilization_window_seconds.value_or(otherwise) : otherwise) * second_ms;
    };
    if (!behavior) return {0, default_down_window_s * second_ms};
    return {of(behavior->scale_up, 0), of(behavior->scale_down, default_down_window_s)};
}

void forget_old(AutoscalerMemory& memory, int64_t now_ms) {
    const auto is_old = [now_ms](const auto& one) { return now_ms - one.at_ms > remembered_s_max * second_ms; };
    std::erase_if(memory.recommendations, is_old);
    std::erase_if(memory.added, is_old);
    std::erase_if(memory.removed, is_old);
}

/// Neither up before all of a window asked for it, nor down. Without a behaviour it is the highest of the window.
int32_t stabilise(const api::HorizontalPodAutoscaler& hpa, int32_t current, int32_t wanted, int64_t now_ms,
                  const AutoscalerMemory& memory) {
    const Windows windows = windows_of(hpa);
    int32_t up = wanted, down = wanted;
    for (const auto& one : memory.recommendations) {
        if (now_ms - one.at_ms < windows.up_ms) up = std::min(up, one.replicas);
        if (now_ms - one.at_ms < windows.down_ms) down = std::max(down, one.replicas);
    }
    return hpa.spec.behavior ? std::min(std::max(current, up), down) : down;
}

int64_t changed_within(const std::vector<AutoscalerMemory::Change>& changes, int64_t period_s, int64_t now_ms) {
    int64_t sum = 0;
    for (const auto& change : changes)
        if (now_ms - change.at_ms < period_s * second_ms) sum += change.replicas;
    return sum;
}

int32_t as_replicas(double number) { return static_cast<int32_t>(std::clamp<double>(number, 0, INT32_MAX)); }

/// The number that the policies of a direction let it come to.
int32_t limit_of(const api::HPAScalingRules& rules, bool up, int32_t current, int64_t now_ms, const AutoscalerMemory& memory) {
    const std::string_view select = rules.select_policy ? rules.select_policy->view() : "Max";
    if (select == "Disabled") return current;
    // Upwards the policy that allows most has the greatest number, downwards the least.
    const bool takes_greatest = (select == "Max") == up;
    int32_t limit = takes_greatest ? 0 : INT32_MAX;
    for (const auto& policy : rules.policies) {
        const int64_t start = current - changed_within(memory.added, policy.period_seconds, now_ms) +
                              changed_within(memory.removed, policy.period_seconds, now_ms);
        const double sign = up ? 1 : -1, part = 1 + sign * policy.value / 100;
        const double reached = policy.type == "Pods" ? static_cast<double>(start) + sign * policy.value
                               : up                  ? std::ceil(static_cast<double>(start) * part)
                                                     : std::floor(static_cast<double>(start) * part);
        limit = takes_greatest ? std::max(limit, as_replicas(reached)) : std::min(limit, as_replicas(reached));
    }
    return up ? std::max(limit, current) : std::min(limit, current);
}

struct ReplicaBounds {
    int32_t least, most;
    bool rate_holds_up = false;  ///< `most` is less than the greatest number that is allowed at all
    bool rate_holds_down = false;
};

ReplicaBounds bounds_of(const api::HorizontalPodAutoscaler& hpa, int32_t current, int64_t now_ms,
                        const AutoscalerMemory& memory) {
    const int32_t least = hpa.spec.min_replicas.value_or(1), most = hpa.spec.max_replicas;
    const auto& behavior = hpa.spec.behavior;
    int32_t up = std::max(current > INT32_MAX / up_factor ? INT32_MAX : current * up_factor, up_min), down = 0;
    if (behavior) {
        up = behavior->scale_up ? limit_of(*behavior->scale_up, true, current, now_ms, memory) : INT32_MAX;
        down = behavior->scale_down ? limit_of(*behavior->scale_down, false, current, now_ms, memory) : 0;
    }
    return {std::max(least, down), std::min(most, up), up<most, down> least};
}

}  // namespace

NormalReplicas normalise_replicas(const api::HorizontalPodAutoscaler& hpa, int32_t current, int32_t wanted, int64_t now_ms,
                                  AutoscalerMemory& memory) {
    forget_old(memory, now_ms);
    const int32_t stable = stabilise(hpa, current, wanted, now_ms, memory);
    memory.recommendations.push_back({now_ms, wanted});
    NormalReplicas normal{stable,
                          "ReadyForNewScale",
                          "recommended size matches current size",
                          "DesiredWithinRange",
                          "the desired count is within the acceptable range",
                          false};
    if (stable != wanted) {
        const bool held_up = hpa.spec.behavior && wanted >= current;
        normal.able_reason = held_up ? "ScaleUpStabilized" : "ScaleDownStabilized";
        normal.able_message = held_up ? lower_message : higher_message;
    }
    const ReplicaBounds bounds = bounds_of(hpa, current, now_ms, memory);
    const auto limit = [&](int32_t to, const char* reason, const char* message) {
        normal.replicas = to;
        normal.limit_reason = reason;
        normal.limit_message = message;
        normal.limited = true;
    };
    if (stable > bounds.most && bounds.rate_holds_up)
        limit(bounds.most, "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
    else if (stable > bounds.most)
        limit(bounds.most, "TooManyReplicas", "the desired replica count is more than the maximum replica count");
    else if (stable < bounds.least && bounds.rate_holds_down)
        limit(bounds.least, "ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");
    else if (stable < bounds.least)
        limit(bounds.least, "TooFewReplicas", "the desired replica count is less than the minimum replica count");
    return normal;
}

}  // namespace orilla::controllers
