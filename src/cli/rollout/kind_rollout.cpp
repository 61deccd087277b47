#include "rollout/kind_rollout.hpp"

namespace orilla::cli {

const KindRollout* find_rollout(const api::KindInfo& kind) {
    static constexpr const KindRollout* rollouts[] = {&daemonset_rollout, &deployment_rollout, &statefulset_rollout};
    for (const KindRollout* one : rollouts)
        if (one->kind().is_same_kind(kind)) return one;
    return nullptr;
}

}  // namespace orilla::cli
