// A Deployment's status: counts, Available and Progressing, in the reasons that kubectl rollout status reads.
#include <fmt/core.h>
#include <algorithm>

#include "workload/deployment_plan.hpp"

namespace orilla::controllers {
namespace {

struct Condition {
    std::string_view type;
    std::string_view status;
    std::string_view reason;
    std::string message;
};

const api::DeploymentCondition* find_condition(const api::DeploymentStatus& status, std::string_view type) {
    for (const auto& condition : status.conditions)
        if (condition.type == type) return &condition;
    return nullptr;
}

/// Replaces the condition; its transition time stays while its status does, its update time while nothing changes.
void set_condition(api::DeploymentStatus& status, const api::DeploymentStatus& before, const Condition& wanted, bool touched,
                   int64_t now_s) {
    api::DeploymentCondition out;
    out.type = wanted.type;
    out.status = wanted.status;
    out.reason = wanted.reason;
    out.message = wanted.message;
    out.last_transition_time = out.last_update_time = api::Time(now_s);
    if (const auto* old = find_condition(before, wanted.type)) {
        if (old->status == wanted.status) out.last_transition_time = old->last_transition_time;
        if (old->status == wanted.status && old->reason == wanted.reason && !touched)
            out.last_update_time = old->last_update_time;
    }
    status.conditions.push_back(std::move(out));
}

std::string set_words(const api::Deployment& deployment, const api::ReplicaSet* fresh) {
    return fresh ? fmt::format("ReplicaSet \"{}\"", fresh->metadata.name)
                 : fmt::format("Deployment \"{}\"", deployment.metadata.name);
}

bool is_complete(const api::Deployment& deployment, const api::DeploymentStatus& status) {
    const int32_t wanted = deployment.spec.replicas.value_or(1);
    return status.updated_replicas == wanted && status.replicas == wanted && status.available_replicas == wanted;
}

bool has_progressed(const api::DeploymentStatus& now, const api::DeploymentStatus& before) {
    return now.updated_replicas > before.updated_replicas ||
           now.replicas - now.updated_replicas < before.replicas - before.updated_replicas ||
           now.ready_replicas > before.ready_replicas || now.available_replicas > before.available_replicas;
}

void summarise_available(api::DeploymentStatus& status, const api::Deployment& deployment, int64_t now_s) {
    const RolloutBounds bounds = resolve_bounds(deployment);
    const bool enough = status.available_replicas >= bounds.replicas - bounds.unavailable;
    set_condition(status, deployment.status,
                  enough ? Condition{"Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."}
                         : Condition{"Available", "False", "MinimumReplicasUnavailable",
                                     "Deployment does not have minimum availability."},
                  false, now_s);
}

void summarise_progress(DeploymentSummary& out, const api::Deployment& deployment, const DeploymentObserved& seen,
                        int64_t now_s) {
    api::DeploymentStatus& status = out.status;
    const api::ReplicaSet* fresh = find_new_replica_set(deployment, seen);
    const auto* before = find_condition(deployment.status, "Progressing");
    const std::string words = set_words(deployment, fresh);
    const int64_t limit_s = deployment.spec.progress_deadline_seconds.value_or(600);
    const std::string done_message = words + " has successfully progressed.";
    const bool done_before = before && before->reason == "NewReplicaSetAvailable" && before->message == done_message;
    const bool same_generation = deployment.status.observed_generation == deployment.metadata.generation;
    out.progressed = !same_generation || has_progressed(status, deployment.status);
    if (deployment.spec.paused) {
        set_condition(status, deployment.status, {"Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"}, false,
                      now_s);
    } else if (is_complete(deployment, status) && fresh) {
        set_condition(status, deployment.status, {"Progressing", "True", "NewReplicaSetAvailable", done_message},
                      out.progressed, now_s);
    } else if (done_before && fresh && status.replicas == status.updated_replicas) {
        // A finished rollout that lost pods or was scaled since is not a new one: it stays as it was.
        status.conditions.push_back(*before);
    } else if (!out.progressed && seen.since_progress_s >= limit_s) {
        const std::string message = words + " has timed out progressing.";
        set_condition(status, deployment.status, {"Progressing", "False", "ProgressDeadlineExceeded", message}, false, now_s);
    } else if (before && before->reason == "ProgressDeadlineExceeded" && !out.progressed) {
        status.conditions.push_back(*before);
    } else {
        const bool created = !before || (!same_generation && status.updated_replicas == 0);
        const std::string message = created
                                        ? fmt::format("Created new replica set \"{}\"", fresh ? fresh->metadata.name.str() : "")
                                        : words + " is progressing.";
        set_condition(status, deployment.status,
                      {"Progressing", "True", created ? "NewReplicaSetCreated" : "ReplicaSetUpdated", message}, out.progressed,
                      now_s);
        out.again_after_s = std::max<int64_t>(limit_s - (out.progressed ? 0 : seen.since_progress_s), 1);
    }
}

}  // namespace

DeploymentSummary summarise_deployment(const api::Deployment& deployment, const DeploymentObserved& seen, int64_t now_s) {
    DeploymentSummary out;
    api::DeploymentStatus& status = out.status;
    const api::ReplicaSet* fresh = find_new_replica_set(deployment, seen);
    int32_t wanted = 0;
    for (const auto& set : seen.replica_sets) {
        status.replicas += set->status.replicas;
        status.ready_replicas += set->status.ready_replicas;
        status.available_replicas += set->status.available_replicas;
        if (set.get() == fresh) status.updated_replicas = set->status.replicas;
        wanted += set->spec.replicas.value_or(1);
    }
    status.unavailable_replicas =
        std::max(std::max(wanted, deployment.spec.replicas.value_or(1)) - status.available_replicas, 0);
    status.collision_count = deployment.status.collision_count;
    status.observed_generation = deployment.metadata.generation;
    summarise_available(status, deployment, now_s);
    summarise_progress(out, deployment, seen, now_s);
    for (const auto& set : seen.replica_sets)
        for (const auto& condition : set->status.conditions)
            if (condition.type == "ReplicaFailure" && condition.status == "True")
                set_condition(status, deployment.status,
                              {"ReplicaFailure", "True", condition.reason.view(), condition.message.str()}, false, now_s);
    return out;
}

}  // namespace orilla::controllers
