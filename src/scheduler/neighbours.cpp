#include "neighbours.hpp"

#include <algorithm>
#include <map>

#include "orilla/kinds/node_match.hpp"
#include "orilla/kinds/selectors.hpp"

namespace orilla::scheduler {
namespace {

using Terms = api::List<api::PodAffinityTerm>;

const Terms& required_affinity(const api::Pod& pod) {
    static const Terms none;
    const auto& affinity = pod.spec.affinity;
    return affinity && affinity->pod_affinity ? affinity->pod_affinity->required_during_scheduling_ignored_during_execution
                                              : none;
}
const Terms& required_anti_affinity(const api::Pod& pod) {
    static const Terms none;
    const auto& affinity = pod.spec.affinity;
    return affinity && affinity->pod_anti_affinity
               ? affinity->pod_anti_affinity->required_during_scheduling_ignored_during_execution
               : none;
}

bool concerns_namespace(const api::PodAffinityTerm& term, const api::Pod& owner, const api::Str& ns,
                        const std::vector<NamespacePtr>& namespaces) {
    if (term.namespaces.empty() && !term.namespace_selector) return ns == owner.metadata.namespace_;
    if (std::find(term.namespaces.begin(), term.namespaces.end(), ns) != term.namespaces.end()) return true;
    if (!term.namespace_selector) return false;
    return std::any_of(namespaces.begin(), namespaces.end(), [&](const NamespacePtr& one) {
        return one->metadata.name == ns && api::selects(term.namespace_selector, one->metadata.labels);
    });
}

/// What the owner's own labels add to a selector: the value must be the same, or differ. Keys that it lacks add nothing.
bool agree_on_keys(const api::List<api::Str>& keys, bool equal, const api::Pod& owner, const api::Pod& other) {
    for (const auto& key : keys) {
        const api::Str *own = owner.metadata.labels.get(key), *its = other.metadata.labels.get(key);
        if (own && (its && *its == *own) != equal) return false;
    }
    return true;
}

/// Whether a term of `owner` means `other`.
bool means(const api::PodAffinityTerm& term, const api::Pod& owner, const api::Pod& other,
           const std::vector<NamespacePtr>& namespaces) {
    return api::selects(term.label_selector, other.metadata.labels) &&
           concerns_namespace(term, owner, other.metadata.namespace_, namespaces) &&
           agree_on_keys(term.match_label_keys, true, owner, other) &&
           agree_on_keys(term.mismatch_label_keys, false, owner, other);
}

const api::Node* find_node(const Neighbours& others, const api::Str& name) {
    for (const auto& node : others.nodes)
        if (node->metadata.name == name) return node.get();
    return nullptr;
}

/// Whether the pod is in the same domain as the node, which has the key.
bool is_near(const api::Pod& pod, const api::Node& node, const api::Str& key, const Neighbours& others) {
    const api::Str* here = node.metadata.labels.get(key);
    if (!here) return false;
    if (pod.spec.node_name == node.metadata.name) return true;
    const api::Node* its = find_node(others, pod.spec.node_name);
    const api::Str* there = its ? its->metadata.labels.get(key) : nullptr;
    return there && *there == *here;
}

bool means_all(const Terms& terms, const api::Pod& owner, const api::Pod& other, const Neighbours& others) {
    return std::all_of(terms.begin(), terms.end(),
                       [&](const auto& term) { return means(term, owner, other, others.namespaces); });
}

bool has_its_company(const api::Pod& pod, const api::Node& node, const Neighbours& others) {
    const Terms& terms = required_affinity(pod);
    const auto has_key = [&](const auto& term) { return node.metadata.labels.contains(term.topology_key); };
    if (!std::all_of(terms.begin(), terms.end(), has_key)) return false;
    std::vector<const api::Pod*> meant;
    for (const auto& other : others.pods)
        if (means_all(terms, pod, *other, others)) meant.push_back(other.get());
    // The first of a group that wants its own company would wait for ever.
    if (meant.empty()) return means_all(terms, pod, pod, others);
    return std::all_of(terms.begin(), terms.end(), [&](const auto& term) {
        return std::any_of(meant.begin(), meant.end(),
                           [&](const api::Pod* other) { return is_near(*other, node, term.topology_key, others); });
    });
}

bool is_near_unwanted(const api::Pod& pod, const api::Node& node, const Neighbours& others) {
    for (const auto& term : required_anti_affinity(pod))
        for (const auto& other : others.pods)
            if (is_near(*other, node, term.topology_key, others) && means(term, pod, *other, others.namespaces)) return true;
    return false;
}

bool is_unwanted(const api::Pod& pod, const api::Node& node, const Neighbours& others) {
    for (const auto& other : others.pods)
        for (const auto& term : required_anti_affinity(*other))
            if (is_near(*other, node, term.topology_key, others) && means(term, *other, pod, others.namespaces)) return true;
    return false;
}

/// Counts for this constraint: has all keys that the pod spreads over, and is not left out by its policies.
bool takes_part(const api::Pod& pod, const api::TopologySpreadConstraint& constraint, const api::Node& node) {
    constexpr std::string_view effects[] = {"NoSchedule", "NoExecute"};
    for (const auto& one : pod.spec.topology_spread_constraints)
        if (one.when_unsatisfiable == "DoNotSchedule" && !node.metadata.labels.contains(one.topology_key)) return false;
    if (!(constraint.node_affinity_policy == std::string_view("Ignore")) && !api::asks_for_node(pod.spec, node)) return false;
    return !(constraint.node_taints_policy == std::string_view("Honor")) ||
           !api::find_untolerated(node, pod.spec.tolerations, effects);
}

bool is_counted(const api::TopologySpreadConstraint& constraint, const api::Pod& pod, const api::Pod& other) {
    return other.metadata.namespace_ == pod.metadata.namespace_ && !other.metadata.deletion_timestamp &&
           api::selects(constraint.label_selector, other.metadata.labels) &&
           agree_on_keys(constraint.match_label_keys, true, pod, other);
}

bool is_skewed(const api::Pod& pod, const api::TopologySpreadConstraint& constraint, const api::Node& node,
               const Neighbours& others) {
    std::map<std::string_view, int64_t> counts;  // of each domain
    for (const auto& one : others.nodes)
        if (takes_part(pod, constraint, *one)) counts.try_emplace(one->metadata.labels.get(constraint.topology_key)->view(), 0);
    for (const auto& other : others.pods) {
        const api::Node* its = find_node(others, other->spec.node_name);
        if (its && takes_part(pod, constraint, *its) && is_counted(constraint, pod, *other))
            ++counts[its->metadata.labels.get(constraint.topology_key)->view()];
    }
    int64_t fewest = counts.empty() ? 0 : INT64_MAX;
    for (const auto& [domain, count] : counts) fewest = std::min(fewest, count);
    if (static_cast<int64_t>(counts.size()) < constraint.min_domains.value_or(1)) fewest = 0;
    const auto here = counts.find(node.metadata.labels.get(constraint.topology_key)->view());
    const int64_t self = api::selects(constraint.label_selector, pod.metadata.labels) ? 1 : 0;
    return (here == counts.end() ? 0 : here->second) + self - fewest > constraint.max_skew;
}

}  // namespace

bool wants_company(const api::Pod& pod) {
    const auto& spread = pod.spec.topology_spread_constraints;
    return !required_affinity(pod).empty() ||
           std::any_of(spread.begin(), spread.end(), [](const auto& one) { return one.when_unsatisfiable == "DoNotSchedule"; });
}

bool asks_about_others(const api::Pod& pod) { return wants_company(pod) || !required_anti_affinity(pod).empty(); }

CompanyVerdict check_spread(const api::Pod& pod, const api::Node& node, const Neighbours& others) {
    constexpr const char* reason = "node(s) didn't match pod topology spread constraints";
    for (const auto& constraint : pod.spec.topology_spread_constraints) {
        if (constraint.when_unsatisfiable != "DoNotSchedule") continue;
        if (!node.metadata.labels.contains(constraint.topology_key))
            return {std::string(reason) + " (missing required label)", true};
        if (is_skewed(pod, constraint, node, others)) return {reason, false};
    }
    return {};
}

CompanyVerdict check_company(const api::Pod& pod, const api::Node& node, const Neighbours& others) {
    if (!required_affinity(pod).empty() && !has_its_company(pod, node, others))
        return {"node(s) didn't match pod affinity rules", true};
    if (is_near_unwanted(pod, node, others)) return {"node(s) didn't match pod anti-affinity rules", false};
    if (is_unwanted(pod, node, others)) return {"node(s) didn't satisfy existing pods anti-affinity rules", false};
    return {};
}

}  // namespace orilla::scheduler
