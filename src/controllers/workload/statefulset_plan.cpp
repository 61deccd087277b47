#include "workload/statefulset_plan.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/kinds/well_known.hpp"
#include "workload/deployment_plan.hpp"

namespace orilla::controllers {
namespace {

bool is_terminating(const api::Pod& pod) { return static_cast<bool>(pod.metadata.deletion_timestamp); }
bool runs_ready(const api::Pod& pod) { return pod.status.phase == "Running" && is_ready(pod); }
bool is_healthy(const api::Pod& pod) { return runs_ready(pod) && !is_terminating(pod); }

std::string_view revision_of(const api::Pod& pod) {
    const auto* revision = pod.metadata.labels.get(api::controller_revision_label);
    return revision ? revision->view() : std::string_view();
}

bool updates_pods(const api::StatefulSet& set) { return set.spec.update_strategy.type != "OnDelete"; }

int32_t partition_of(const api::StatefulSet& set) {
    const auto& rolling = set.spec.update_strategy.rolling_update;
    return rolling ? rolling->partition.value_or(0) : 0;
}

/// How many may be missing during an update.
int32_t unavailable_max(const api::StatefulSet& set) {
    const auto& rolling = set.spec.update_strategy.rolling_update;
    if (!rolling || !rolling->max_unavailable) return 1;
    return std::max(rolling->max_unavailable->resolve(set.spec.replicas.value_or(1), false).value_or(1), 1);
}

/// The revision of the newest template, and the one that most pods still have; null: not made yet.
struct Revisions {
    const api::ControllerRevision* update = nullptr;
    const api::ControllerRevision* current = nullptr;
};

Revisions revisions_of(const api::StatefulSet& set, const std::vector<RevisionPtr>& all) {
    Revisions out;
    out.update = find_revision(all, revision_data(set.spec.template_));
    out.current = find_revision(all, set.status.current_revision);
    if (!out.current) out.current = out.update;
    return out;
}

/// One look at a StatefulSet and its pods, sorted by their numbers.
struct StatefulView {
    const api::StatefulSet& set;
    const StatefulSetObserved& seen;
    Revisions revisions;
    int32_t start, replicas;
    bool ordered;
    std::map<int32_t, const api::Pod*> pods;                       ///< in range
    std::map<int32_t, const api::Pod*, std::greater<>> condemned;  ///< out of range, highest first
    std::vector<StatefulSetAction> actions;

    StatefulView(const api::StatefulSet& desired, const StatefulSetObserved& observed)
        : set(desired),
          seen(observed),
          revisions(revisions_of(desired, observed.revisions)),
          start(desired.spec.ordinals ? desired.spec.ordinals->start : 0),
          replicas(desired.spec.replicas.value_or(1)),
          ordered(desired.spec.pod_management_policy != "Parallel") {
        for (const auto& pod : observed.pods) {
            const auto ordinal = ordinal_of(desired.metadata.name, pod->metadata.name);
            if (!ordinal || !is_controlled_by(pod->metadata, desired.metadata.uid)) continue;
            if (*ordinal >= start && *ordinal - start < replicas) pods[*ordinal] = pod.get();
            else condemned[*ordinal] = pod.get();
        }
    }

    bool available(const api::Pod& pod) const {
        return runs_ready(pod) && is_available(pod, set.spec.min_ready_seconds, seen.now_s);
    }
    /// The one at the place counted from the first, or null.
    const api::Pod* at(int32_t index) const {
        const auto found = pods.find(start + index);
        return found == pods.end() ? nullptr : found->second;
    }
    /// Of all of them the first that is not well.
    const api::Pod* first_unhealthy() const {
        for (const auto& [ordinal, pod] : pods)
            if (!is_healthy(*pod)) return pod;
        for (auto one = condemned.rbegin(); one != condemned.rend(); ++one)
            if (!is_healthy(*one->second)) return one->second;
        return nullptr;
    }
    /// An update must not reach what is below the partition.
    bool wants_current(int32_t index) const {
        if (!updates_pods(set)) return false;
        if (!set.spec.update_strategy.rolling_update) return index < set.status.current_replicas;
        return index < partition_of(set);
    }
    void remove(const api::Pod& pod) { actions.emplace_back(DeletePod{pod.metadata.name.str()}); }
    bool is_full() const { return actions.size() >= statefulset_burst_max; }
};

api::Pod make_stateful_pod(const StatefulView& view, int32_t index) {
    const api::StatefulSet& set = view.set;
    const api::ControllerRevision* revision = view.revisions.update;
    api::PodTemplateSpec from = set.spec.template_;
    if (view.wants_current(index) && view.revisions.current != revision) {
        // A state that cannot be read cannot be made again.
        if (auto before = template_of(*view.revisions.current)) {
            from = std::move(*before);
            revision = view.revisions.current;
        }
    }
    api::Pod pod;
    pod.metadata.name = api::Str(fmt::format("{}-{}", set.metadata.name, view.start + index));
    pod.metadata.generate_name = api::Str(set.metadata.name.str() + "-");
    pod.metadata.namespace_ = set.metadata.namespace_;
    pod.metadata.labels = std::move(from.metadata.labels);
    pod.metadata.annotations = std::move(from.metadata.annotations);
    pod.metadata.finalizers = std::move(from.metadata.finalizers);
    pod.metadata.owner_references.push_back(make_controller_reference("apps/v1", "StatefulSet", set.metadata));
    pod.metadata.labels[api::controller_revision_label] = revision->metadata.name;
    identify(pod, set.metadata.name);
    pod.spec = std::move(from.spec);
    pod.spec.hostname = pod.metadata.name;
    pod.spec.subdomain = set.spec.service_name;
    mount_claims(set, pod);
    return pod;
}

/// The claims that a pod lacks; false when one of them is on its way out, and the pod has to wait.
bool plan_missing_claims(StatefulView& view, const std::string& pod, bool is_new) {
    for (const auto& wanted : view.set.spec.volume_claim_templates) {
        const auto found = view.seen.claims.find(claim_name(wanted, pod));
        if (found == view.seen.claims.end()) {
            view.actions.emplace_back(CreateClaim{make_claim(view.set, wanted, pod), pod});
        } else if (const std::string why = is_new ? why_not_claim(view.set, *found->second, pod) : ""; !why.empty()) {
            view.actions.emplace_back(RefusePod{pod, why});
            return false;
        }
    }
    return true;
}

void plan_claim_owners(StatefulView& view, const api::Pod& pod, bool goes_for_good) {
    for (const auto& wanted : view.set.spec.volume_claim_templates) {
        const auto found = view.seen.claims.find(claim_name(wanted, pod.metadata.name));
        if (found == view.seen.claims.end() || is_contested(view.set, *found->second, pod.metadata.name)) continue;
        auto owners = claim_owners(view.set, *found->second, {pod.metadata.name, pod.metadata.uid, goes_for_good});
        if (!(owners == found->second->metadata.owner_references))
            view.actions.emplace_back(SetClaimOwners{found->first, std::move(owners)});
    }
}

void plan_new_pod(StatefulView& view, int32_t index) {
    api::Pod pod = make_stateful_pod(view, index);
    if (plan_missing_claims(view, pod.metadata.name.str(), true)) view.actions.emplace_back(CreateStatefulPod{std::move(pod)});
}

/// False: in order, those that come after have to wait.
bool plan_place(StatefulView& view, int32_t index) {
    const api::Pod* pod = view.at(index);
    if (!pod) return plan_new_pod(view, index), false;
    if (pod->status.phase == "Pending") plan_missing_claims(view, pod->metadata.name.str(), false);
    if (is_terminating(*pod)) return false;
    if (is_finished(*pod)) return view.remove(*pod), false;
    if (view.ordered && !view.available(*pod)) return false;
    api::Pod whole = *pod;
    identify(whole, view.set.metadata.name);
    if (!(whole.metadata.labels == pod->metadata.labels)) view.actions.emplace_back(IdentifyPod{pod->metadata.name.str()});
    plan_claim_owners(view, *pod, false);
    return true;
}

/// False: in order, there is still something to wait for.
bool plan_places(StatefulView& view) {
    for (int32_t index = 0; index < view.replicas && !view.is_full(); ++index)
        if (!plan_place(view, index) && view.ordered) return false;
    return !view.is_full();
}

bool plan_condemned(StatefulView& view) {
    const api::Pod* first_unhealthy = view.first_unhealthy();
    for (const auto& [ordinal, pod] : view.condemned) plan_claim_owners(view, *pod, true);
    for (const auto& [ordinal, pod] : view.condemned) {
        if (view.is_full()) return false;
        if (is_terminating(*pod)) {
            if (view.ordered) return false;
            continue;
        }
        if (view.ordered && !view.available(*pod) && pod != first_unhealthy) return false;
        view.remove(*pod);
        if (view.ordered) return false;
    }
    return true;
}

bool is_outdated(const StatefulView& view, const api::Pod& pod) {
    return revision_of(pod) != view.revisions.update->metadata.name.view();
}

/// The highest that is outdated, once those above it are well.
void plan_next_update(StatefulView& view) {
    for (int32_t index = view.replicas - 1; index >= partition_of(view.set); --index) {
        const api::Pod* pod = view.at(index);
        if (pod && is_outdated(view, *pod) && !is_terminating(*pod)) return view.remove(*pod);
        if (!pod || is_terminating(*pod) || !view.available(*pod)) return;
    }
}

/// As many of the highest as may be missing, whatever the state of their neighbours.
void plan_updates(StatefulView& view, int32_t missing_max) {
    for (int32_t index = 0; index < view.replicas; ++index) {
        const api::Pod* pod = view.at(index);
        missing_max -= !pod || is_terminating(*pod) || !view.available(*pod);
    }
    for (int32_t index = view.replicas - 1; index >= partition_of(view.set); --index) {
        const api::Pod* pod = view.at(index);
        if (!pod || is_terminating(*pod) || !is_outdated(view, *pod)) continue;
        // One that is missing already costs nobody anything.
        if (view.available(*pod) && --missing_max < 0) return;
        view.remove(*pod);
    }
}

void plan_pods(StatefulView& view) {
    const bool settled = plan_places(view) && plan_condemned(view);
    if (!settled || !view.actions.empty() || !updates_pods(view.set)) return;
    const int32_t missing_max = unavailable_max(view.set);
    if (missing_max > 1) plan_updates(view, missing_max);
    else plan_next_update(view);
}

/// True while the newest template has no revision.
bool plan_revision(StatefulView& view) {
    const api::StatefulSet& set = view.set;
    const auto& all = view.seen.revisions;
    const int64_t next = next_number(all);
    if (const auto* update = view.revisions.update) {
        if (update->revision + 1 != next) view.actions.emplace_back(RenumberRevision{update->metadata.name.str(), next});
        return false;
    }
    const std::string hash = hash_template(set.spec.template_, set.status.collision_count.value_or(0));
    auto made = make_revision(set.metadata, make_controller_reference("apps/v1", "StatefulSet", set.metadata),
                              set.spec.template_, api::revision_hash_label, hash);
    made.revision = next;
    view.actions.emplace_back(CreateRevision{std::move(made)});
    return true;
}

void plan_history(StatefulView& view) {
    std::set<std::string> needed = {view.revisions.update->metadata.name.str(), view.revisions.current->metadata.name.str()};
    for (const auto* pods : {&view.seen.pods})
        for (const auto& pod : *pods) needed.emplace(revision_of(*pod));
    for (auto& one : plan_old_revisions(view.seen.revisions, needed, view.set.spec.revision_history_limit.value_or(10)))
        view.actions.emplace_back(std::move(one));
}

/// What becomes ours, and what is ours no more.
std::vector<StatefulSetAction> plan_claimed(const api::StatefulSet& set, const StatefulSetObserved& seen) {
    std::vector<StatefulSetAction> actions;
    for (const auto& pod : seen.pods) {
        const std::string name = pod->metadata.name.str();
        const bool mine = is_controlled_by(pod->metadata, set.metadata.uid);
        const bool matches =
            selects(set.spec.selector, pod->metadata.labels) && ordinal_of(set.metadata.name, pod->metadata.name).has_value();
        if (mine && !matches && !is_terminating(*pod)) actions.emplace_back(ReleasePod{name});
        if (!find_controller(pod->metadata) && matches && is_active(*pod)) actions.emplace_back(AdoptPod{name});
    }
    for (const auto& one : seen.revisions)
        if (!find_controller(one->metadata) && !one->metadata.deletion_timestamp)
            actions.emplace_back(AdoptRevision{one->metadata.name.str()});
    return actions;
}

}  // namespace

std::optional<int32_t> ordinal_of(std::string_view set, std::string_view pod) {
    if (!pod.starts_with(set) || pod.size() <= set.size() + 1 || pod[set.size()] != '-') return std::nullopt;
    const std::string_view digits = pod.substr(set.size() + 1);
    int32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (!whole || number < 0 || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
    return number;
}

void identify(api::Pod& pod, std::string_view set) {
    const auto ordinal = ordinal_of(set, pod.metadata.name);
    pod.metadata.labels[api::stateful_pod_name_label] = pod.metadata.name;
    if (ordinal) pod.metadata.labels[api::pod_index_label] = api::Str(std::to_string(*ordinal));
}

std::vector<std::string> claims_in_question(const api::StatefulSet& set, const std::vector<PodPtr>& pods) {
    std::vector<std::string> out;
    const auto add = [&set, &out](std::string_view pod) {
        for (const auto& wanted : set.spec.volume_claim_templates) out.push_back(claim_name(wanted, pod));
    };
    std::set<int32_t> there;
    for (const auto& pod : pods) {
        const auto ordinal = ordinal_of(set.metadata.name, pod->metadata.name);
        if (!ordinal || !is_controlled_by(pod->metadata, set.metadata.uid)) continue;
        there.insert(*ordinal);
        add(pod->metadata.name);
    }
    const int32_t start = set.spec.ordinals ? set.spec.ordinals->start : 0;
    const int next_max = set.spec.pod_management_policy == "Parallel" ? statefulset_burst_max : 1;
    int next = 0;
    for (int32_t index = 0; index < set.spec.replicas.value_or(1) && next < next_max; ++index)
        if (!there.contains(start + index)) ++next, add(fmt::format("{}-{}", set.metadata.name, start + index));
    return out;
}

std::vector<std::string> contested_claims(const api::StatefulSet& set, const StatefulSetObserved& seen) {
    std::vector<std::string> out;
    for (const auto& pod : seen.pods)
        for (const auto& wanted : set.spec.volume_claim_templates) {
            const auto found = seen.claims.find(claim_name(wanted, pod->metadata.name));
            if (found != seen.claims.end() && is_contested(set, *found->second, pod->metadata.name))
                out.push_back(found->first);
        }
    return out;
}

std::vector<StatefulSetAction> plan_statefulset(const api::StatefulSet& desired, const StatefulSetObserved& seen) {
    if (desired.metadata.deletion_timestamp) return {};
    auto claimed = plan_claimed(desired, seen);
    if (!claimed.empty()) return claimed;  // looked at once they are settled
    StatefulView view(desired, seen);
    if (plan_revision(view)) return std::move(view.actions);
    if (view.actions.empty()) plan_pods(view);
    if (view.actions.empty()) plan_history(view);
    return std::move(view.actions);
}

api::StatefulSetStatus summarise_statefulset(const api::StatefulSet& desired, const StatefulSetObserved& seen,
                                             int64_t* again_after_s) {
    const Revisions revisions = revisions_of(desired, seen.revisions);
    api::StatefulSetStatus status;
    *again_after_s = -1;
    status.observed_generation = desired.metadata.generation;
    status.collision_count = desired.status.collision_count.value_or(0);
    status.conditions = desired.status.conditions;
    if (revisions.update) status.update_revision = revisions.update->metadata.name;
    if (revisions.current) status.current_revision = revisions.current->metadata.name;
    for (const auto& pod : seen.pods) {
        if (!is_controlled_by(pod->metadata, desired.metadata.uid)) continue;
        if (!ordinal_of(desired.metadata.name, pod->metadata.name)) continue;
        ++status.replicas;
        if (runs_ready(*pod)) {
            ++status.ready_replicas;
            status.available_replicas += is_available(*pod, desired.spec.min_ready_seconds, seen.now_s, again_after_s);
        }
        if (is_terminating(*pod)) continue;
        status.current_replicas += revision_of(*pod) == status.current_revision.view();
        status.updated_replicas += revision_of(*pod) == status.update_revision.view();
    }
    const int32_t wanted = desired.spec.replicas.value_or(1);
    const bool is_done = status.updated_replicas == wanted && status.ready_replicas == wanted && status.replicas == wanted;
    if (updates_pods(desired) && is_done) {
        status.current_revision = status.update_revision;
        status.current_replicas = status.updated_replicas;
    }
    return status;
}

}  // namespace orilla::controllers
