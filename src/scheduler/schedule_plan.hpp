// Where a pod runs, as a pure decision: filters over the nodes (one, on this box), and who has to go for a pod that is more
// important. No scores: with one node there is nothing to compare.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "filters.hpp"

namespace orilla::scheduler {

struct Bind {
    std::string node;
    bool operator==(const Bind&) const = default;
};
/// "0/1 nodes are available: 1 Insufficient cpu. preemption: ..."
struct Unschedulable {
    std::string message;
    bool room_would_do = false;   ///< some node would do if other pods left it; otherwise their end changes nothing
    bool room_is_coming = false;  ///< those who make room for it are ending
    bool operator==(const Unschedulable&) const = default;
};
/// These pods have to end before it fits. `message` as of an Unschedulable.
struct Preempt {
    std::string node;
    std::vector<PodPtr> victims;  ///< of lower priority
    std::string message;
    bool operator==(const Preempt&) const = default;
};
using ScheduleDecision = std::variant<Bind, Unschedulable, Preempt>;

/// `others` may be empty unless needs_others() says so.
ScheduleDecision plan_schedule(const api::Pod& pod, const std::vector<NodePtr>& nodes, const Placements& placements,
                               const Neighbours& others = {}, const VolumeNeeds& volumes = {});

/// Whether a decision about the pod has to look at other pods one by one: it asks about them, they about it, or it is more
/// important than one of them.
bool needs_others(const api::Pod& pod, const std::vector<NodePtr>& nodes, const Placements& placements);

}  // namespace orilla::scheduler
