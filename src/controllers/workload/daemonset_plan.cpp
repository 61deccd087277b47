#include "workload/daemonset_plan.hpp"

#include <algorithm>
#include <map>

#include "orilla/kinds/node_match.hpp"
#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/kinds/well_known.hpp"
#include "workload/deployment_plan.hpp"

namespace orilla::controllers {
namespace {

using DaemonPods = std::vector<const api::Pod*>;

bool is_leaving(const api::Pod& pod) { return static_cast<bool>(pod.metadata.deletion_timestamp); }

/// Those that have a node come first, then the older ones.
bool counts_before(const api::Pod* a, const api::Pod* b) {
    if (a->spec.node_name.empty() != b->spec.node_name.empty()) return b->spec.node_name.empty();
    const auto time_a = a->metadata.creation_timestamp.unix_s, time_b = b->metadata.creation_timestamp.unix_s;
    return time_a != time_b ? time_a < time_b : a->metadata.name.view() < b->metadata.name.view();
}

std::string_view label_of(const api::ObjectMeta& meta, std::string_view key) {
    const auto* value = meta.labels.get(key);
    return value ? value->view() : std::string_view();
}

const api::NodeSelector* required_nodes(const api::PodSpec& spec) {
    if (!spec.affinity || !spec.affinity->node_affinity) return nullptr;
    return spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution.get();
}

/// The node that the pod is on, or that its affinity names as the only one; empty: it may be any.
std::string_view target_node(const api::PodSpec& spec) {
    if (!spec.node_name.empty()) return spec.node_name;
    const auto* required = required_nodes(spec);
    if (!required) return {};
    for (const auto& term : required->node_selector_terms)
        for (const auto& wanted : term.match_fields)
            if (wanted.key == api::node_name_field && wanted.operator_ == "In" && wanted.values.size() == 1)
                return wanted.values[0];
    return {};
}

/// The scheduler binds it, to this node alone; what its required affinity says beside that stays.
void pin_to_node(api::PodSpec& spec, std::string_view node) {
    auto& required = spec.affinity.ensure().node_affinity.ensure().required_during_scheduling_ignored_during_execution.ensure();
    api::NodeSelectorRequirement wanted;
    wanted.key = api::node_name_field;
    wanted.operator_ = "In";
    wanted.values.push_back(api::Str(node));
    if (required.node_selector_terms.empty()) required.node_selector_terms.emplace_back();
    for (auto& term : required.node_selector_terms) term.match_fields = {wanted};
}

/// Percentages are of the nodes that it is for, rounded up; one of the two is never nothing.
struct Bounds {
    int unavailable = 1;
    int surge = 0;
};

bool surges(const api::DaemonSet& set) {
    const auto& rolling = set.spec.update_strategy.rolling_update;
    if (set.spec.update_strategy.type != "RollingUpdate" || !rolling || !rolling->max_surge) return false;
    return rolling->max_surge->resolve(100, true).value_or(0) > 0;
}

Bounds bounds_for(const api::DaemonSet& set, int nodes) {
    Bounds out;
    const auto& rolling = set.spec.update_strategy.rolling_update;
    if (!rolling) return out;
    if (rolling->max_surge) out.surge = rolling->max_surge->resolve(nodes, true).value_or(0);
    if (rolling->max_unavailable) out.unavailable = rolling->max_unavailable->resolve(nodes, true).value_or(1);
    if (out.surge == 0 && out.unavailable == 0) out.unavailable = 1;
    return out;
}

/// One look at a DaemonSet: its pods by node, in the order in which they count.
struct DaemonView {
    const api::DaemonSet& set;
    const DaemonSetObserved& seen;
    const api::ControllerRevision* update = nullptr;  ///< null: not made yet
    std::map<std::string_view, DaemonPods> pods;
    std::vector<DaemonSetAction> actions;

    DaemonView(const api::DaemonSet& desired, const DaemonSetObserved& observed)
        : set(desired), seen(observed), update(find_revision(observed.revisions, revision_data(desired.spec.template_))) {
        for (const auto& pod : observed.pods) {
            if (!is_controlled_by(pod->metadata, desired.metadata.uid)) continue;
            if (is_leaving(*pod) && is_finished(*pod)) continue;
            pods[target_node(pod->spec)].push_back(pod.get());
        }
        for (auto& [node, all] : pods) std::ranges::sort(all, counts_before);
    }

    const DaemonPods& on(std::string_view node) const {
        static const DaemonPods none;
        const auto found = pods.find(node);
        return found == pods.end() ? none : found->second;
    }
    bool is_updated(const api::Pod& pod) const {
        return update && label_of(pod.metadata, api::controller_revision_label) ==
                             label_of(update->metadata, api::controller_revision_label);
    }
    bool available(const api::Pod& pod) const { return is_available(pod, set.spec.min_ready_seconds, seen.now_s); }
    void remove(const api::Pod& pod) { actions.emplace_back(DeletePod{pod.metadata.name.str()}); }
    void create(std::string_view node) { actions.emplace_back(CreateDaemonPod{std::string(node)}); }
};

/// With a surge there may be two, one of each template; the old one goes when the new one can do without it.
void plan_surplus(DaemonView& view, const DaemonPods& running) {
    if (!surges(view.set)) {
        for (size_t i = 1; i < running.size(); ++i) view.remove(*running[i]);
        return;
    }
    const api::Pod *fresh = nullptr, *old = nullptr;
    for (const api::Pod* pod : running) {
        const api::Pod*& first = view.is_updated(*pod) ? fresh : old;
        if (first) view.remove(*pod);
        else first = pod;
    }
    if (fresh && old && (!is_ready(*old) || view.available(*fresh))) view.remove(*old);
}

void plan_node(DaemonView& view, const api::Node& node) {
    const NodeVerdict verdict = judge_node(view.set, node);
    const DaemonPods& here = view.on(node.metadata.name);
    if (verdict.runs && here.empty()) return view.create(node.metadata.name);
    DaemonPods running;
    for (const api::Pod* pod : here) {
        if (is_leaving(*pod)) continue;
        if (!verdict.stays) {
            view.remove(*pod);
        } else if (is_finished(*pod)) {
            const bool failed = pod->status.phase == "Failed";
            const std::string name = node.metadata.name.str();
            if (failed && view.seen.backing_off.contains(name)) continue;
            view.actions.emplace_back(DeleteEndedPod{pod->metadata.name.str(), name, failed});
        } else {
            running.push_back(pod);
        }
    }
    plan_surplus(view, running);
}

/// Pods that nobody has bound, for nodes that are gone.
void plan_lost(DaemonView& view) {
    for (const auto& [node, pods] : view.pods) {
        const auto is_it = [&name = node](const NodePtr& one) { return one->metadata.name == name; };
        if (node.empty() || std::ranges::any_of(view.seen.nodes, is_it)) continue;
        for (const api::Pod* pod : pods)
            if (pod->spec.node_name.empty() && !is_leaving(*pod)) view.remove(*pod);
    }
}

/// Of one node: the pod of the newest template and the one of an older. Two of one are for plan_node to settle.
struct Generations {
    const api::Pod* fresh = nullptr;
    const api::Pod* old = nullptr;
    bool settled = true;
};

Generations generations_of(const DaemonView& view, const DaemonPods& pods) {
    Generations out;
    for (const api::Pod* pod : pods) {
        if (is_leaving(*pod)) continue;
        const api::Pod*& place = view.is_updated(*pod) ? out.fresh : out.old;
        if (place) out.settled = false;
        place = pod;
    }
    return out;
}

/// Old pods go, those that are missing already first, and others as far as that many may be missing.
void plan_replacing(DaemonView& view, int unavailable_max) {
    DaemonPods broken, candidates;
    for (const auto& [node, pods] : view.pods) {
        const auto [fresh, old, settled] = generations_of(view, pods);
        if (!settled || (fresh == nullptr) == (old == nullptr)) --unavailable_max;
        else if (fresh) unavailable_max -= !view.available(*fresh);
        else (view.available(*old) ? candidates : broken).push_back(old);
    }
    for (const api::Pod* pod : broken) view.remove(*pod);
    for (const api::Pod* pod : candidates)
        if (unavailable_max-- > 0) view.remove(*pod);
}

/// New pods come beside the old ones, first where the old one does not work, and others as far as that many may be too many.
void plan_surging(DaemonView& view, int surge_max) {
    std::vector<std::string_view> broken, candidates;
    for (const auto& [node, pods] : view.pods) {
        const auto [fresh, old, settled] = generations_of(view, pods);
        if (!settled) --surge_max;
        if (!settled || !old) continue;
        if (!fresh) (view.available(*old) ? candidates : broken).push_back(node);
        else if (!view.available(*fresh)) --surge_max;
    }
    for (const std::string_view node : broken) view.create(node);
    for (const std::string_view node : candidates)
        if (surge_max-- > 0) view.create(node);
}

void plan_daemon_update(DaemonView& view) {
    const auto wanted =
        std::ranges::count_if(view.seen.nodes, [&view](const NodePtr& node) { return judge_node(view.set, *node).runs; });
    const Bounds bounds = bounds_for(view.set, static_cast<int>(wanted));
    if (surges(view.set)) plan_surging(view, bounds.surge);
    else plan_replacing(view, bounds.unavailable);
}

/// True while the newest template has no revision.
bool plan_daemon_revision(DaemonView& view) {
    const api::DaemonSet& set = view.set;
    const int64_t next = next_number(view.seen.revisions);
    if (view.update) {
        if (view.update->revision + 1 != next)
            view.actions.emplace_back(RenumberRevision{view.update->metadata.name.str(), next});
        return false;
    }
    const std::string hash = hash_template(set.spec.template_, set.status.collision_count.value_or(0));
    auto made = make_revision(set.metadata, make_controller_reference("apps/v1", "DaemonSet", set.metadata), set.spec.template_,
                              api::controller_revision_label, hash);
    made.revision = next;
    view.actions.emplace_back(CreateRevision{std::move(made)});
    return true;
}

void plan_daemon_history(DaemonView& view) {
    std::set<std::string_view> hashes = {label_of(view.update->metadata, api::controller_revision_label)};
    for (const auto& pod : view.seen.pods) hashes.insert(label_of(pod->metadata, api::controller_revision_label));
    std::set<std::string> needed;
    for (const auto& one : view.seen.revisions)
        if (hashes.contains(label_of(one->metadata, api::controller_revision_label))) needed.insert(one->metadata.name.str());
    for (auto& one : plan_old_revisions(view.seen.revisions, needed, view.set.spec.revision_history_limit.value_or(10)))
        view.actions.emplace_back(std::move(one));
}

/// What becomes ours, and what is ours no more.
std::vector<DaemonSetAction> plan_daemon_claimed(const api::DaemonSet& set, const DaemonSetObserved& seen) {
    std::vector<DaemonSetAction> actions;
    for (const auto& pod : seen.pods) {
        const bool mine = is_controlled_by(pod->metadata, set.metadata.uid),
                   matches = selects(set.spec.selector, pod->metadata.labels);
        if (mine && !matches && !is_leaving(*pod)) actions.emplace_back(ReleasePod{pod->metadata.name.str()});
        if (!find_controller(pod->metadata) && matches && is_active(*pod))
            actions.emplace_back(AdoptPod{pod->metadata.name.str()});
    }
    for (const auto& one : seen.revisions)
        if (!find_controller(one->metadata) && !one->metadata.deletion_timestamp)
            actions.emplace_back(AdoptRevision{one->metadata.name.str()});
    return actions;
}

/// Problems of the node are no reason for a daemon to go.
void add_daemon_tolerations(api::PodSpec& spec) {
    constexpr std::pair<std::string_view, std::string_view> tolerated[] = {
        {api::not_ready_taint, "NoExecute"},
        {api::unreachable_taint, "NoExecute"},
        {api::disk_pressure_taint, "NoSchedule"},
        {api::memory_pressure_taint, "NoSchedule"},
        {api::pid_pressure_taint, "NoSchedule"},
        {api::unschedulable_taint, "NoSchedule"},
        {"node.kubernetes.io/network-unavailable", "NoSchedule"}};
    for (const auto& [key, effect] : tolerated) {
        if (key.ends_with("network-unavailable") && !spec.host_network) continue;
        api::Toleration toleration;
        toleration.key = api::Str(key);
        toleration.operator_ = "Exists";
        toleration.effect = api::Str(effect);
        if (std::ranges::find(spec.tolerations, toleration) == spec.tolerations.end())
            spec.tolerations.push_back(std::move(toleration));
    }
}

}  // namespace

NodeVerdict judge_node(const api::DaemonSet& set, const api::Node& node) {
    api::PodSpec spec = set.spec.template_.spec;
    add_daemon_tolerations(spec);
    if (!spec.node_name.empty() && spec.node_name != node.metadata.name) return {};
    constexpr std::string_view keeps_off[] = {"NoSchedule"}, throws_out[] = {"NoExecute"};
    if (!asks_for_node(spec, node) || find_untolerated(node, spec.tolerations, throws_out)) return {};
    return {find_untolerated(node, spec.tolerations, keeps_off) == nullptr, true};
}

bool looks_the_same_to_daemons(const api::Node& a, const api::Node& b) {
    return a.metadata.labels == b.metadata.labels && a.spec.taints == b.spec.taints;
}

api::Pod make_daemon_pod(const api::DaemonSet& owner, const DaemonSetObserved& seen, std::string_view node) {
    api::Pod pod;
    pod.metadata.generate_name = api::Str(owner.metadata.name.str() + "-");
    pod.metadata.namespace_ = owner.metadata.namespace_;
    pod.metadata.labels = owner.spec.template_.metadata.labels;
    pod.metadata.annotations = owner.spec.template_.metadata.annotations;
    pod.metadata.finalizers = owner.spec.template_.metadata.finalizers;
    pod.metadata.owner_references.push_back(make_controller_reference("apps/v1", "DaemonSet", owner.metadata));
    if (const auto* update = find_revision(seen.revisions, revision_data(owner.spec.template_)))
        pod.metadata.labels[api::controller_revision_label] =
            api::Str(label_of(update->metadata, api::controller_revision_label));
    const auto* generation = owner.metadata.annotations.get(api::template_generation_annotation);
    pod.metadata.labels[api::template_generation_label] = generation ? *generation : api::Str("1");
    pod.spec = owner.spec.template_.spec;
    add_daemon_tolerations(pod.spec);
    pin_to_node(pod.spec, node);
    return pod;
}

std::vector<DaemonSetAction> plan_daemonset(const api::DaemonSet& desired, const DaemonSetObserved& seen) {
    if (desired.metadata.deletion_timestamp) return {};
    auto claimed = plan_daemon_claimed(desired, seen);
    if (!claimed.empty()) return claimed;  // looked at once they are settled
    DaemonView view(desired, seen);
    if (plan_daemon_revision(view) || !view.actions.empty()) return std::move(view.actions);
    for (const auto& node : seen.nodes) plan_node(view, *node);
    plan_lost(view);
    if (view.actions.empty() && desired.spec.update_strategy.type == "RollingUpdate") plan_daemon_update(view);
    if (view.actions.empty()) plan_daemon_history(view);
    if (view.actions.size() > daemonset_burst_max) view.actions.resize(daemonset_burst_max);
    return std::move(view.actions);
}

api::DaemonSetStatus summarise_daemonset(const api::DaemonSet& desired, const DaemonSetObserved& seen, int64_t* again_after_s) {
    const DaemonView view(desired, seen);
    api::DaemonSetStatus status;
    *again_after_s = -1;
    for (const auto& node : seen.nodes) {
        const DaemonPods& pods = view.on(node->metadata.name);
        if (!judge_node(desired, *node).runs) {
            status.number_misscheduled += !pods.empty();
            continue;
        }
        ++status.desired_number_scheduled;
        if (pods.empty()) continue;
        ++status.current_number_scheduled;
        const api::Pod& first = *pods[0];
        status.updated_number_scheduled += view.is_updated(first);
        if (!is_ready(first)) continue;
        ++status.number_ready;
        status.number_available += is_available(first, desired.spec.min_ready_seconds, seen.now_s, again_after_s);
    }
    // In a surge the second may be the one that is waited for.
    for (const auto& [node, pods] : view.pods)
        for (const api::Pod* pod : pods) is_available(*pod, desired.spec.min_ready_seconds, seen.now_s, again_after_s);
    status.number_unavailable = status.desired_number_scheduled - status.number_available;
    status.observed_generation = desired.metadata.generation;
    status.collision_count = desired.status.collision_count;
    status.conditions = desired.status.conditions;
    return status;
}

}  // namespace orilla::controllers
