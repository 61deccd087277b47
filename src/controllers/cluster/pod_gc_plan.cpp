#include "cluster/pod_gc_plan.hpp"

#include "orilla/kinds/pod_facts.hpp"

namespace orilla::controllers {

std::vector<PodGcAction> plan_pod_gc(const api::Pod& pod, int64_t now_s) {
    std::vector<PodGcAction> actions;
    if (!is_finished(pod)) {
        FailPod fail;
        fail.condition.type = "DisruptionTarget";
        fail.condition.status = "True";
        fail.condition.reason = "DeletionByPodGC";
        fail.condition.message = "PodGC: node no longer exists";
        fail.condition.last_transition_time = api::Time(now_s);
        actions.emplace_back(std::move(fail));
    }
    actions.emplace_back(RemovePod{pod.metadata.uid.str()});
    return actions;
}

}  // namespace orilla::controllers
