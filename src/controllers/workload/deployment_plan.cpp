#include "workload/deployment_plan.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::controllers {
namespace {

using Sets = std::vector<const api::ReplicaSet*>;

int32_t size_of(const api::ReplicaSet& set) { return set.spec.replicas.value_or(1); }
int32_t total_size(const Sets& sets) {
    return std::accumulate(sets.begin(), sets.end(), 0, [](int32_t sum, const auto* set) { return sum + size_of(*set); });
}
/// A set that was just made smaller still shows the pods that it is going to lose: they do not count.
int32_t available_of(const api::ReplicaSet& set) { return std::min(set.status.available_replicas, size_of(set)); }
int32_t total_available(const Sets& sets) {
    return std::accumulate(sets.begin(), sets.end(), 0, [](int32_t sum, const auto* set) { return sum + available_of(*set); });
}

int64_t number_in(const api::Map<api::Str>& annotations, std::string_view key) {
    const auto* text = annotations.get(key);
    return text ? strtoll(text->str().c_str(), nullptr, 10) : 0;
}

bool older(const api::ReplicaSet* a, const api::ReplicaSet* b) {
    const auto time_a = a->metadata.creation_timestamp.unix_s, time_b = b->metadata.creation_timestamp.unix_s;
    return time_a != time_b ? time_a < time_b : a->metadata.name.view() < b->metadata.name.view();
}

bool is_rolling(const api::Deployment& deployment) { return deployment.spec.strategy.type != "Recreate"; }

/// One look at a Deployment and its ReplicaSets, sorted into new and old.
struct View {
    const api::Deployment& deployment;
    const DeploymentObserved& seen;
    RolloutBounds bounds;
    const api::ReplicaSet* fresh = nullptr;
    Sets old;  ///< oldest first
    Sets all;

    View(const api::Deployment& desired, const DeploymentObserved& observed)
        : deployment(desired), seen(observed), bounds(resolve_bounds(desired)) {
        fresh = find_new_replica_set(desired, observed);
        for (const auto& set : observed.replica_sets) {
            all.push_back(set.get());
            if (set.get() != fresh) old.push_back(set.get());
        }
        std::sort(old.begin(), old.end(), older);
        std::sort(all.begin(), all.end(), older);
    }

    int64_t max_old_revision() const {
        int64_t revision = 0;
        for (const auto* set : old)
            revision = std::max(revision, number_in(set->metadata.annotations, api::revision_annotation));
        return revision;
    }
    /// The most pods that may exist.
    int32_t size_max() const { return bounds.replicas + (is_rolling(deployment) && bounds.replicas > 0 ? bounds.surge : 0); }
};

/// Annotations that the Deployment's own are not copied over.
bool is_bookkeeping(std::string_view key) {
    return key == api::last_applied_annotation || key == api::revision_annotation || key == api::revision_history_annotation ||
           key == api::desired_replicas_annotation || key == api::max_replicas_annotation;
}

/// What the ReplicaSet's annotations should be; `revision` 0 keeps its own.
api::Map<api::Str> plan_annotations(const View& view, const api::ReplicaSet* set, int64_t revision) {
    api::Map<api::Str> out = set ? set->metadata.annotations : api::Map<api::Str>();
    for (const auto& [key, value] : view.deployment.metadata.annotations)
        if (revision != 0 && !is_bookkeeping(key)) out[key] = value;
    const int64_t before = number_in(out, api::revision_annotation);
    if (revision > before) {
        if (before > 0) {
            const auto* history = out.get(api::revision_history_annotation);
            const std::string text = history ? history->str() + "," : "";
            out[api::revision_history_annotation] = text + std::to_string(before);
        }
        out[api::revision_annotation] = std::to_string(revision);
    }
    out[api::desired_replicas_annotation] = std::to_string(view.bounds.replicas);
    out[api::max_replicas_annotation] = std::to_string(view.size_max());
    return out;
}

std::string scale_event(const api::ReplicaSet& set, int32_t to) {
    const int32_t from = size_of(set);
    if (from == to) return "";
    return fmt::format("Scaled {} replica set {} from {} to {}", to > from ? "up" : "down", set.metadata.name, from, to);
}

/// Adds an update when something differs.
void resize(std::vector<DeploymentAction>& actions, const View& view, const api::ReplicaSet& set, int32_t to,
            int64_t revision = 0) {
    UpdateReplicaSet update;
    update.name = set.metadata.name.str();
    update.replicas = std::max(to, 0);
    update.annotations = plan_annotations(view, &set, revision);
    update.min_ready_seconds = &set == view.fresh ? view.deployment.spec.min_ready_seconds : set.spec.min_ready_seconds;
    update.event = scale_event(set, update.replicas);
    const bool same = update.replicas == size_of(set) && update.annotations == set.metadata.annotations &&
                      update.min_ready_seconds == set.spec.min_ready_seconds;
    if (!same) actions.emplace_back(std::move(update));
}

api::ReplicaSet make_replica_set(const View& view, int32_t replicas) {
    const api::Deployment& deployment = view.deployment;
    const std::string hash = hash_template(deployment.spec.template_, deployment.status.collision_count.value_or(0));
    api::ReplicaSet set;
    set.metadata.name = fmt::format("{}-{}", deployment.metadata.name, hash);
    set.metadata.namespace_ = deployment.metadata.namespace_;
    set.metadata.labels = deployment.spec.template_.metadata.labels;
    set.metadata.labels[api::pod_template_hash_label] = hash;
    set.metadata.annotations = plan_annotations(view, nullptr, view.max_old_revision() + 1);
    set.metadata.owner_references.push_back(make_controller_reference("apps/v1", "Deployment", deployment.metadata));
    set.spec.replicas = replicas;
    set.spec.min_ready_seconds = deployment.spec.min_ready_seconds;
    set.spec.selector = deployment.spec.selector;
    set.spec.selector.ensure().match_labels[api::pod_template_hash_label] = hash;
    set.spec.template_ = deployment.spec.template_;
    set.spec.template_.metadata.labels[api::pod_template_hash_label] = hash;
    return set;
}

int32_t new_size(const View& view, int32_t now) {
    if (!is_rolling(view.deployment)) return view.bounds.replicas;
    if (now >= view.bounds.replicas) return view.bounds.replicas;
    const int32_t room = view.size_max() - total_size(view.all);
    if (room <= 0) return now;
    return now + std::min(room, view.bounds.replicas - now);
}

/// Makes the new ReplicaSet, or brings its bookkeeping up to date. True when something has to be done first.
bool plan_fresh(std::vector<DeploymentAction>& actions, const View& view, bool may_create) {
    if (!view.fresh) {
        if (!may_create) return false;
        actions.emplace_back(CreateReplicaSet{make_replica_set(view, new_size(view, 0))});
        return true;
    }
    const int64_t revision =
        std::max(view.max_old_revision() + 1, number_in(view.fresh->metadata.annotations, api::revision_annotation));
    // Only the newest may carry the highest revision: an old one that became new again moves up.
    resize(actions, view, *view.fresh, size_of(*view.fresh), revision);
    const auto* shown = view.deployment.metadata.annotations.get(api::revision_annotation);
    if (actions.empty() && (!shown || *shown != std::to_string(revision)))
        actions.emplace_back(SetRevision{std::to_string(revision)});
    return !actions.empty();
}

/// Old pods that are not healthy go first, then healthy ones as far as enough stay available.
void plan_old_down(std::vector<DeploymentAction>& actions, const View& view) {
    const int32_t old_total = total_size(view.old);
    if (old_total == 0 || !view.fresh) return;
    const int32_t available_min = view.bounds.replicas - view.bounds.unavailable;
    const int32_t fresh_missing = size_of(*view.fresh) - available_of(*view.fresh);
    int32_t may_go = total_size(view.all) - available_min - fresh_missing;
    if (may_go <= 0) return;
    std::vector<int32_t> target;
    for (const auto* set : view.old) target.push_back(size_of(*set));
    int32_t unhealthy_budget = may_go;
    for (size_t i = 0; i < view.old.size(); ++i) {
        const int32_t unhealthy = target[i] - available_of(*view.old[i]);
        const int32_t down = std::clamp(unhealthy, 0, std::max(unhealthy_budget, 0));
        target[i] -= down;
        unhealthy_budget -= down;
    }
    int32_t healthy_budget = total_available(view.all) - available_min;
    for (size_t i = 0; i < view.old.size() && healthy_budget > 0; ++i) {
        const int32_t down = std::min(target[i], healthy_budget);
        target[i] -= down;
        healthy_budget -= down;
    }
    for (size_t i = 0; i < view.old.size(); ++i)
        if (target[i] != size_of(*view.old[i])) resize(actions, view, *view.old[i], target[i]);
}

void plan_rolling(std::vector<DeploymentAction>& actions, const View& view) {
    const int32_t wanted = new_size(view, size_of(*view.fresh));
    if (wanted != size_of(*view.fresh)) return resize(actions, view, *view.fresh, wanted);
    plan_old_down(actions, view);
}

bool old_pods_remain(const View& view) {
    // Its controller may still be making pods for an earlier size.
    for (const auto* set : view.old)
        if (set->status.observed_generation < set->metadata.generation) return true;
    for (const auto& pod : view.seen.pods) {
        if (is_finished(*pod)) continue;
        for (const auto* set : view.old)
            if (is_controlled_by(pod->metadata, set->metadata.uid)) return true;
    }
    return false;
}

/// True while the new ReplicaSet has to wait for the old pods' end.
bool plan_recreate_old(std::vector<DeploymentAction>& actions, const View& view) {
    for (const auto* set : view.old)
        if (size_of(*set) > 0) resize(actions, view, *set, 0);
    return !actions.empty() || old_pods_remain(view);
}

bool size_changed(const View& view) {
    return std::any_of(view.all.begin(), view.all.end(), [&](const auto* set) {
        return size_of(*set) > 0 && set->metadata.annotations.contains(api::desired_replicas_annotation) &&
               number_in(set->metadata.annotations, api::desired_replicas_annotation) != view.bounds.replicas;
    });
}

/// spec.replicas changed in the middle of a rollout: each ReplicaSet grows or shrinks by its share.
void plan_proportional(std::vector<DeploymentAction>& actions, const View& view, const Sets& active) {
    const int32_t total = total_size(active);
    int32_t change = view.size_max() - total;
    Sets order = active;
    std::sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
        if (size_of(*a) != size_of(*b)) return size_of(*a) > size_of(*b);
        return change > 0 ? older(b, a) : older(a, b);
    });
    std::vector<int32_t> target;
    int32_t left = change;
    for (const auto* set : order) {
        const int64_t before = std::max<int64_t>(number_in(set->metadata.annotations, api::max_replicas_annotation), 1);
        const double share = static_cast<double>(size_of(*set)) * view.size_max() / static_cast<double>(before);
        int32_t delta = static_cast<int32_t>(share + 0.5) - size_of(*set);
        delta = left > 0 ? std::clamp(delta, 0, left) : std::clamp(delta, left, 0);
        left -= delta;
        target.push_back(size_of(*set) + delta);
    }
    if (!target.empty()) target[0] = std::max(target[0] + left, 0);
    for (size_t i = 0; i < order.size(); ++i) resize(actions, view, *order[i], target[i]);
}

void plan_scale(std::vector<DeploymentAction>& actions, const View& view) {
    Sets active;
    for (const auto* set : view.all)
        if (size_of(*set) > 0) active.push_back(set);
    if (active.size() <= 1) {
        const api::ReplicaSet* one = active.empty() ? view.fresh : active[0];
        if (!one && !view.all.empty()) one = view.all.back();
        if (one) resize(actions, view, *one, view.bounds.replicas);
        return;
    }
    const bool saturated = view.fresh && size_of(*view.fresh) == view.bounds.replicas &&
                           view.fresh->status.available_replicas == view.bounds.replicas;
    if (saturated) {
        for (const auto* set : view.old)
            if (size_of(*set) > 0) resize(actions, view, *set, 0);
        return;
    }
    if (is_rolling(view.deployment)) plan_proportional(actions, view, active);
}

/// Beyond revisionHistoryLimit the oldest revisions without pods go.
void plan_cleanup(std::vector<DeploymentAction>& actions, const View& view) {
    const int32_t keep = view.deployment.spec.revision_history_limit.value_or(10);
    Sets gone;
    for (const auto* set : view.old) {
        const bool empty = size_of(*set) == 0 && set->status.replicas == 0 && !set->metadata.deletion_timestamp &&
                           set->metadata.generation <= set->status.observed_generation;
        if (empty) gone.push_back(set);
    }
    std::sort(gone.begin(), gone.end(), [](const auto* a, const auto* b) {
        return number_in(a->metadata.annotations, api::revision_annotation) <
               number_in(b->metadata.annotations, api::revision_annotation);
    });
    for (size_t i = 0; i + static_cast<size_t>(std::max(keep, 0)) < gone.size(); ++i)
        actions.emplace_back(DeleteReplicaSet{gone[i]->metadata.name.str()});
}

}  // namespace

RolloutBounds resolve_bounds(const api::Deployment& deployment) {
    RolloutBounds out;
    out.replicas = deployment.spec.replicas.value_or(1);
    if (!is_rolling(deployment)) {
        out.unavailable = out.replicas;
        return out;
    }
    const api::IntOrString quarter(api::Str("25%"));
    api::IntOrString surge = quarter, unavailable = quarter;
    if (const auto& rolling = deployment.spec.strategy.rolling_update) {
        if (rolling->max_surge) surge = *rolling->max_surge;
        if (rolling->max_unavailable) unavailable = *rolling->max_unavailable;
    }
    // Both were validated on their way in.
    out.surge = surge.resolve(out.replicas, true).value_or(1);
    out.unavailable = std::min(unavailable.resolve(out.replicas, false).value_or(0), out.replicas);
    if (out.surge == 0 && out.unavailable == 0) out.unavailable = 1;
    return out;
}

namespace {
/// But for the label that says which template it is.
bool same_template(const api::PodTemplateSpec& a, const api::PodTemplateSpec& b) {
    if (!(a.spec == b.spec)) return false;
    api::ObjectMeta meta_a = a.metadata, meta_b = b.metadata;
    for (api::ObjectMeta* meta : {&meta_a, &meta_b}) meta->labels.erase(api::pod_template_hash_label);
    return meta_a == meta_b;
}
}  // namespace

const api::ReplicaSet* find_new_replica_set(const api::Deployment& deployment, const DeploymentObserved& seen) {
    const api::ReplicaSet* found = nullptr;
    for (const auto& set : seen.replica_sets)
        if (same_template(set->spec.template_, deployment.spec.template_) && (!found || older(set.get(), found)))
            found = set.get();
    return found;
}

std::string hash_template(const api::PodTemplateSpec& pod_template, int32_t collisions) {
    std::string text = api::encode(pod_template);
    if (collisions > 0) text += "/" + std::to_string(collisions);
    uint32_t hash = 2166136261U;  // FNV-1a
    for (unsigned char c : text) hash = (hash ^ c) * 16777619U;
    static constexpr char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    std::string out;
    for (char digit : std::to_string(hash)) out += alphabet[static_cast<unsigned char>(digit) % (sizeof alphabet - 1)];
    return out;
}

std::vector<DeploymentAction> plan_deployment(const api::Deployment& desired, const DeploymentObserved& seen) {
    std::vector<DeploymentAction> actions;
    if (desired.metadata.deletion_timestamp) return actions;
    for (const auto& set : seen.replica_sets)
        if (!find_controller(set->metadata)) actions.emplace_back(AdoptReplicaSet{set->metadata.name.str()});
    if (!actions.empty()) return actions;
    const View view(desired, seen);
    if (desired.spec.paused || size_changed(view)) {
        plan_scale(actions, view);
        if (desired.spec.paused && actions.empty()) plan_cleanup(actions, view);
        if (desired.spec.paused || !actions.empty()) return actions;
    }
    if (!is_rolling(desired) && plan_recreate_old(actions, view)) return actions;
    if (plan_fresh(actions, view, true)) return actions;
    if (is_rolling(desired)) plan_rolling(actions, view);
    else if (size_of(*view.fresh) != view.bounds.replicas) resize(actions, view, *view.fresh, view.bounds.replicas);
    if (actions.empty() && total_size(view.old) == 0) plan_cleanup(actions, view);
    return actions;
}

}  // namespace orilla::controllers
