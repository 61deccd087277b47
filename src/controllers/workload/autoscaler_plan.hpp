// What a HorizontalPodAutoscaler decides: how many replicas its target is to have now, and what it says about that. Pure; what
// it remembers of the minutes before goes in and out. Times of memory are monotonic, so that a clock that jumps neither ends a
// stabilisation window nor makes one last.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workload/autoscaler_replicas.hpp"

namespace orilla::controllers {

using AutoscalerPtr = std::shared_ptr<const api::HorizontalPodAutoscaler>;

inline constexpr int64_t autoscaler_period_ms = 15'000;

/// Lives as long as the daemon: a new one begins with the number of replicas that it finds.
struct AutoscalerMemory {
    struct Recommendation {
        int64_t at_ms;
        int32_t replicas;
    };
    struct Change {
        int64_t at_ms;
        int32_t replicas;  ///< how many more, or fewer
    };
    std::string uid = {};
    std::vector<Recommendation> recommendations = {};
    std::vector<Change> added = {}, removed = {};  ///< only where the behaviour limits a rate
};

/// What there is to be scaled.
struct AutoscalerTarget {
    int32_t replicas = 0;       ///< that are wanted now
    int32_t current = 0;        ///< that there are
    std::string selector = {};  ///< of its pods; empty: it has none
    std::string uid = {};
};

struct AutoscalerSeen {
    Result<AutoscalerTarget> target;
    std::vector<MeteredPod> pods = {};          ///< those that are selected; only where needs_metrics
    std::vector<std::string> autoscalers = {};  ///< that select some of these pods, this one as well: NS/NAME, sorted
    int64_t now_ms = 0;
    int64_t now_s = 0;
};

struct AutoscalerEvent {
    std::string type, reason, message;
    bool operator==(const AutoscalerEvent&) const = default;
};

struct AutoscalerPlan {
    std::optional<int32_t> rescale = {};  ///< the number to write
    std::string why = {};                 ///< of it
    api::HorizontalPodAutoscalerStatus status = {};
    std::vector<AutoscalerEvent> events = {};
};

/// Whether the number follows from what is used: not outside of the bounds, and not of what is switched off.
bool needs_metrics(const api::HorizontalPodAutoscaler& hpa, const AutoscalerTarget& target);
AutoscalerPlan plan_autoscaler(const api::HorizontalPodAutoscaler& hpa, const AutoscalerSeen& seen, AutoscalerMemory& memory);
/// After plan.rescale was written, or could not be.
void finish_rescale(const api::HorizontalPodAutoscaler& hpa, const AutoscalerSeen& seen, const Result<void>& written,
                    AutoscalerPlan& plan, AutoscalerMemory& memory);

/// The number that is allowed of one that the metrics ask for, and why it is another.
struct NormalReplicas {
    int32_t replicas = 0;
    std::string able_reason, able_message;    ///< of the condition AbleToScale
    std::string limit_reason, limit_message;  ///< of ScalingLimited
    bool limited = false;
};
NormalReplicas normalise_replicas(const api::HorizontalPodAutoscaler& hpa, int32_t current, int32_t wanted, int64_t now_ms,
                                  AutoscalerMemory& memory);

}  // namespace orilla::controllers
