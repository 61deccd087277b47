#include <fmt/core.h>
#include <boost/json.hpp>

#include "orilla/kinds/types.hpp"
#include "orilla/kinds/well_known.hpp"
#include "print/output.hpp"
#include "rollout/kind_rollout.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

Result<RolloutStatus> summarise_deployment(const json::object& deployment) {
    const std::string name = text_at(object_at(deployment, "metadata"), "name");
    const json::object &spec = object_at(deployment, "spec"), &status = object_at(deployment, "status");
    if (number_at(object_at(deployment, "metadata"), "generation") > number_at(status, "observedGeneration"))
        return RolloutStatus{"Waiting for deployment spec update to be observed...\n", false};
    for (const auto& condition : array_at(status, "conditions"))
        if (text_at(condition.get_object(), "type") == "Progressing" &&
            text_at(condition.get_object(), "reason") == "ProgressDeadlineExceeded")
            return Error(Code::timeout, fmt::format("error: deployment \"{}\" exceeded its progress deadline", name));
    const int64_t wanted = number_at(spec, "replicas", 1), updated = number_at(status, "updatedReplicas");
    const int64_t replicas = number_at(status, "replicas"), available = number_at(status, "availableReplicas");
    const std::string waiting = fmt::format("Waiting for deployment \"{}\" rollout to finish: ", name);
    std::string left;
    if (updated < wanted) left = fmt::format("{} out of {} new replicas have been updated...\n", updated, wanted);
    else if (replicas > updated) left = std::to_string(replicas - updated) + " old replicas are pending termination...\n";
    else if (available < updated) left = fmt::format("{} of {} updated replicas are available...\n", available, updated);
    if (!left.empty()) return RolloutStatus{waiting + left, false};
    return RolloutStatus{fmt::format("deployment \"{}\" successfully rolled out\n", name), true};
}

const json::object& annotations_of(const json::object& object) {
    return object_at(object_at(object, "metadata"), "annotations");
}

/// The same on the Deployment and on its ReplicaSets.
int64_t deployment_revision(const json::object& object) {
    return atoll(text_at(annotations_of(object), api::revision_annotation).c_str());
}

Revision read_replica_set(const json::object& set) {
    return {deployment_revision(set), text_at(annotations_of(set), api::change_cause_annotation),
            object_at(object_at(set, "spec"), "template")};
}

std::string no_deployment_history(const std::string& name) {
    return fmt::format("no rollout history found for deployment \"{}\"", name);
}

}  // namespace

const KindRollout deployment_rollout = {
    .kind = api::kind_of<api::Deployment>,
    .summarise = summarise_deployment,
    .history_kind = api::kind_of<api::ReplicaSet>,
    .read_revision = read_replica_set,
    .no_history = no_deployment_history,
    .current_revision = deployment_revision,
    .kept_label = api::pod_template_hash_label,
    .pauses = true,
};

}  // namespace orilla::cli
