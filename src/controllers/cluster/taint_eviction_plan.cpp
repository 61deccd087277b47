#include "cluster/taint_eviction_plan.hpp"

#include <algorithm>

#include "orilla/kinds/node_match.hpp"

namespace orilla::controllers {
namespace {
bool evicts(const api::Taint& taint) { return taint.effect == "NoExecute"; }
}  // namespace

bool has_evicting_taint(const api::Node& node) { return std::ranges::any_of(node.spec.taints, evicts); }

std::optional<int64_t> plan_stay_s(const api::Pod& pod, const api::Node& node) {
    std::optional<int64_t> shortest;
    for (const api::Taint& taint : node.spec.taints) {
        if (!evicts(taint)) continue;
        // Of several that fit one taint the first is the one that is used.
        const auto tolerates_it = [&](const api::Toleration& one) { return api::tolerates(one, taint); };
        const auto used = std::ranges::find_if(pod.spec.tolerations, tolerates_it);
        if (used == pod.spec.tolerations.end()) return 0;
        if (!used->toleration_seconds) continue;
        const int64_t seconds = std::max<int64_t>(*used->toleration_seconds, 0);
        shortest = shortest ? std::min(*shortest, seconds) : seconds;
    }
    return shortest;
}

}  // namespace orilla::controllers
