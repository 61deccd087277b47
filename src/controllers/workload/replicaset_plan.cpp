#include "workload/replicaset_plan.hpp"

#include <algorithm>
#include <cstdlib>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::controllers {
namespace {

/// Smaller goes first: what costs least to lose (documentation "ReplicaSet", scaling down).
struct DeletionRank {
    int assigned;  ///< pods without a node first
    int phase;     ///< Pending, Unknown, Running
    int ready;
    int64_t cost;          ///< controller.kubernetes.io/pod-deletion-cost
    int64_t newest_first;  ///< ready more recently, or restarted more often, goes first
    int64_t youngest_first;
    auto operator<=>(const DeletionRank&) const = default;
};

DeletionRank deletion_rank(const api::Pod& pod) {
    DeletionRank rank{};
    rank.assigned = pod.spec.node_name.empty() ? 0 : 1;
    rank.phase = pod.status.phase == "Pending" ? 0 : pod.status.phase == "Unknown" ? 1 : 2;
    rank.ready = is_ready(pod) ? 1 : 0;
    if (const auto* text = pod.metadata.annotations.get(api::pod_deletion_cost_annotation))
        rank.cost = strtoll(text->str().c_str(), nullptr, 10);
    if (rank.ready) rank.newest_first = -find_pod_condition(pod, "Ready")->last_transition_time.unix_s;
    for (const auto& status : pod.status.container_statuses)
        if (!rank.ready) rank.newest_first = std::min<int64_t>(rank.newest_first, -status.restart_count);
    rank.youngest_first = -pod.metadata.creation_timestamp.unix_s;
    return rank;
}

/// A bad selector matches nothing.
api::Selector selector_of(const api::ReplicaSet& owner) {
    auto parsed = api::selector_of(owner.spec.selector);
    return parsed ? std::move(*parsed) : api::Selector::nothing();
}

std::vector<const api::Pod*> owned_active(const api::ReplicaSet& owner, const std::vector<PodPtr>& pods) {
    const api::Selector selector = selector_of(owner);
    std::vector<const api::Pod*> out;
    for (const auto& pod : pods)
        if (is_active(*pod) && is_controlled_by(pod->metadata, owner.metadata.uid) && selector.matches(pod->metadata.labels))
            out.push_back(pod.get());
    return out;
}

}  // namespace

bool goes_before(const api::Pod& a, const api::Pod& b) {
    const auto rank_a = deletion_rank(a), rank_b = deletion_rank(b);
    return rank_a != rank_b ? rank_a < rank_b : a.metadata.name.view() < b.metadata.name.view();
}

bool looks_the_same_to_owner(const api::Pod& a, const api::Pod& b) {
    const auto *ready_a = find_pod_condition(a, "Ready"), *ready_b = find_pod_condition(b, "Ready");
    if (!ready_a != !ready_b || (ready_a && !(*ready_a == *ready_b))) return false;
    return a.status.phase == b.status.phase && a.metadata.labels == b.metadata.labels &&
           a.metadata.deletion_timestamp == b.metadata.deletion_timestamp &&
           a.metadata.owner_references == b.metadata.owner_references && a.metadata.uid == b.metadata.uid;
}

std::vector<ReplicaSetAction> plan_replicaset(const api::ReplicaSet& desired, const std::vector<PodPtr>& pods) {
    std::vector<ReplicaSetAction> actions;
    if (desired.metadata.deletion_timestamp) return actions;
    const api::Selector selector = selector_of(desired);
    for (const auto& pod : pods) {
        const bool mine = is_controlled_by(pod->metadata, desired.metadata.uid),
                   matches = selector.matches(pod->metadata.labels);
        if (mine && !matches) actions.emplace_back(ReleasePod{pod->metadata.name.str()});
        if (!mine && !find_controller(pod->metadata) && is_active(*pod) && matches)
            actions.emplace_back(AdoptPod{pod->metadata.name.str()});
    }
    if (!actions.empty()) return actions;  // counted once they are settled
    auto owned = owned_active(desired, pods);
    const int wanted = desired.spec.replicas.value_or(1);
    const int missing = wanted - static_cast<int>(owned.size());
    if (missing > 0) actions.emplace_back(CreatePods{std::min(missing, replicaset_burst_max)});
    if (missing >= 0) return actions;
    const int surplus = std::min(-missing, replicaset_burst_max);
    std::partial_sort(owned.begin(), owned.begin() + surplus, owned.end(),
                      [](const auto* a, const auto* b) { return goes_before(*a, *b); });
    for (int i = 0; i < surplus; ++i) actions.emplace_back(DeletePod{owned[static_cast<size_t>(i)]->metadata.name.str()});
    return actions;
}

api::ReplicaSetStatus summarise_replicaset(const api::ReplicaSet& desired, const std::vector<PodPtr>& pods,
                                           const std::string& failure, int64_t now_s, int64_t* again_after_s) {
    api::ReplicaSetStatus status;
    *again_after_s = -1;
    for (const auto* pod : owned_active(desired, pods)) {
        ++status.replicas;
        bool labelled = true;
        for (const auto& [key, value] : desired.spec.template_.metadata.labels) {
            const auto* have = pod->metadata.labels.get(key);
            labelled &= have && *have == value;
        }
        status.fully_labeled_replicas += labelled;
        status.ready_replicas += is_ready(*pod);
        status.available_replicas += is_available(*pod, desired.spec.min_ready_seconds, now_s, again_after_s);
    }
    status.observed_generation = desired.metadata.generation;
    if (failure.empty()) return status;
    api::ReplicaSetCondition condition;
    condition.type = "ReplicaFailure";
    condition.status = "True";
    condition.reason = "FailedCreate";
    condition.message = failure;
    condition.last_transition_time = api::Time(now_s);
    for (const auto& before : desired.status.conditions)
        if (before.type == condition.type) condition.last_transition_time = before.last_transition_time;
    status.conditions.push_back(std::move(condition));
    return status;
}

api::Pod make_pod(const api::ReplicaSet& owner, api::OwnerReference reference) {
    api::Pod pod;
    pod.metadata.generate_name = owner.metadata.name.str() + "-";
    pod.metadata.namespace_ = owner.metadata.namespace_;
    pod.metadata.labels = owner.spec.template_.metadata.labels;
    pod.metadata.annotations = owner.spec.template_.metadata.annotations;
    pod.metadata.finalizers = owner.spec.template_.metadata.finalizers;
    pod.metadata.owner_references.push_back(std::move(reference));
    pod.spec = owner.spec.template_.spec;
    return pod;
}

}  // namespace orilla::controllers
