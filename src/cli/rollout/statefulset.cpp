#include <fmt/core.h>

#include <boost/json.hpp>

#include "orilla/kinds/types.hpp"
#include "print/output.hpp"
#include "rollout/controller_revision.hpp"
#include "rollout/kind_rollout.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

Result<RolloutStatus> summarise_stateful_set(const json::object& set) {
    const json::object &spec = object_at(set, "spec"), &status = object_at(set, "status");
    const json::object& strategy = object_at(spec, "updateStrategy");
    if (text_at(strategy, "type") != "RollingUpdate") return no_rolling_update();
    const int64_t observed = number_at(status, "observedGeneration");
    if (observed == 0 || number_at(object_at(set, "metadata"), "generation") > observed)
        return RolloutStatus{"Waiting for statefulset spec update to be observed...\n", false};
    const int64_t wanted = number_at(spec, "replicas", 1), ready = number_at(status, "readyReplicas");
    if (ready < wanted) return RolloutStatus{fmt::format("Waiting for {} pods to be ready...\n", wanted - ready), false};
    const int64_t updated = number_at(status, "updatedReplicas");
    if (strategy.contains("rollingUpdate")) {
        const int64_t above = wanted - number_at(object_at(strategy, "rollingUpdate"), "partition");
        if (updated < above)
            return RolloutStatus{
                fmt::format("Waiting for partitioned roll out to finish: {} out of {} new pods have been updated...\n", updated,
                            above),
                false};
        return RolloutStatus{fmt::format("partitioned roll out complete: {} new pods have been updated...\n", updated), true};
    }
    const std::string update = text_at(status, "updateRevision"), current = text_at(status, "currentRevision");
    if (update != current)
        return RolloutStatus{
            fmt::format("waiting for statefulset rolling update to complete {} pods at revision {}...\n", updated, update),
            false};
    return RolloutStatus{fmt::format("statefulset rolling update complete {} pods at revision {}...\n",
                                     number_at(status, "currentReplicas"), current),
                         true};
}

}  // namespace

const KindRollout statefulset_rollout = {
    .kind = api::kind_of<api::StatefulSet>,
    .summarise = summarise_stateful_set,
    .history_kind = api::kind_of<api::ControllerRevision>,
    .read_revision = read_controller_revision,
    .no_history = no_last_revision,
};

}  // namespace orilla::cli
