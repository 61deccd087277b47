// Where a pod runs, as a pure decision: filters over the nodes (one, on this box), in the words of kube-scheduler's
// FailedScheduling event. No scores: with one node there is nothing to compare.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "placements.hpp"
#include "volume_needs.hpp"

namespace orilla::scheduler {

struct Bind {
    std::string node;
    bool operator==(const Bind&) const = default;
};
/// "0/1 nodes are available: 1 Insufficient cpu."
struct Unschedulable {
    std::string message;
    bool room_would_do = false;  ///< some node would do if other pods left it; otherwise their end changes nothing
    bool operator==(const Unschedulable&) const = default;
};
using ScheduleDecision = std::variant<Bind, Unschedulable>;

using NodePtr = std::shared_ptr<const api::Node>;

ScheduleDecision plan_schedule(const api::Pod& pod, const std::vector<NodePtr>& nodes, const Placements& placements,
                               const VolumeNeeds& volumes = {});

/// Whether the two look alike to every filter: a pod that did not fit one does not fit the other.
bool offer_the_same(const api::Node& a, const api::Node& b);

}  // namespace orilla::scheduler
