// Where a pod runs, as a pure decision: filters over the nodes (one, on this box), in the words of kube-scheduler's
// FailedScheduling event. No scores: with one node there is nothing to compare.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "orilla/api/types.hpp"

namespace orilla::scheduler {

struct Bind {
    std::string node;
    bool operator==(const Bind&) const = default;
};
/// "0/1 nodes are available: 1 Insufficient cpu."
struct Unschedulable {
    std::string message;
    bool operator==(const Unschedulable&) const = default;
};
using ScheduleDecision = std::variant<Bind, Unschedulable>;

/// Summed requests, as the scheduler counts them: containers together, or the largest init container if that is more.
struct PodRequests {
    int64_t cpu_milli = 0;
    int64_t memory_bytes = 0;
    int64_t storage_bytes = 0;  ///< ephemeral-storage
};
PodRequests count_requests(const api::PodSpec& spec);

/// `bound`: the pods that are on a node and have not ended.
ScheduleDecision plan_schedule(const api::Pod& pod, const std::vector<api::Node>& nodes,
                               const std::vector<api::Pod>& bound);

/// Whether the two look alike to every filter: a pod that did not fit one does not fit the other.
bool offer_the_same(const api::Node& a, const api::Node& b);

}  // namespace orilla::scheduler
