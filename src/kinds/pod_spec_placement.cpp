// The rules of what a pod's spec says about where it may run: affinity, topology spread, scheduling gates.
#include <algorithm>
#include <set>

#include "orilla/schema/names.hpp"
#include "pod_spec.hpp"

namespace orilla::api {
namespace {

constexpr int32_t weight_max = 100;

void check_label_requirement(const NodeSelectorRequirement& one, const Path& path, FieldErrors& errors) {
    const std::string_view op = one.operator_;
    const Path values = path / "values";
    if ((op == "In" || op == "NotIn") && one.values.empty())
        errors.required(values, "must be specified when `operator` is 'In' or 'NotIn'");
    if ((op == "Exists" || op == "DoesNotExist") && !one.values.empty())
        errors.forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    if ((op == "Gt" || op == "Lt") && one.values.size() != 1)
        errors.required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'");
    errors.complain(path / "key", one.key, check_qualified_name(one.key));
}

void check_field_requirement(const NodeSelectorRequirement& one, const Path& path, FieldErrors& errors) {
    const std::string_view op = one.operator_;
    if (op != "In" && op != "NotIn") errors.invalid(path / "operator", op, "not a valid selector operator");
    else if (one.values.size() != 1)
        errors.required(path / "values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
    if (one.key != "metadata.name") return errors.invalid(path / "key", one.key, "not a valid field selector key");
    const Path values = path / "values";
    for (size_t i = 0; i < one.values.size(); ++i)
        errors.complain(values[i], one.values[i], check_dns1123_subdomain(one.values[i]));
}

void check_node_term(const NodeSelectorTerm& term, const Path& path, FieldErrors& errors) {
    const Path labels = path / "matchExpressions", fields = path / "matchFields";
    for (size_t i = 0; i < term.match_expressions.size(); ++i)
        check_label_requirement(term.match_expressions[i], labels[i], errors);
    for (size_t i = 0; i < term.match_fields.size(); ++i) check_field_requirement(term.match_fields[i], fields[i], errors);
}

void check_weight(int32_t weight, const Path& path, FieldErrors& errors) {
    if (weight < 1 || weight > weight_max) errors.invalid(path, weight, "must be in the range 1-100");
}

void check_node_affinity(const NodeAffinity& affinity, const Path& path, FieldErrors& errors) {
    if (const auto& required = affinity.required_during_scheduling_ignored_during_execution)
        check_node_selector(*required, path / "requiredDuringSchedulingIgnoredDuringExecution", errors);
    const Path preferred = path / "preferredDuringSchedulingIgnoredDuringExecution";
    const auto& terms = affinity.preferred_during_scheduling_ignored_during_execution;
    for (size_t i = 0; i < terms.size(); ++i) {
        const Path at = preferred[i];
        check_weight(terms[i].weight, at / "weight", errors);
        check_node_term(terms[i].preference, at / "preference", errors);
    }
}

void check_topology_key(const Str& key, const Path& path, FieldErrors& errors) {
    if (!key.empty()) errors.complain(path, key, check_qualified_name(key));  // the schema says that it is required
}

void check_label_keys(const List<Str>& keys, bool has_selector, const Path& path, FieldErrors& errors) {
    if (!keys.empty() && !has_selector) errors.forbidden(path, "must not be specified when labelSelector is not set");
    for (size_t i = 0; i < keys.size(); ++i) errors.complain(path[i], keys[i], check_qualified_name(keys[i]));
}

void check_pod_term(const PodAffinityTerm& term, const Path& path, FieldErrors& errors) {
    if (term.label_selector) check_label_selector(*term.label_selector, path / "labelSelector", errors);
    if (term.namespace_selector) check_label_selector(*term.namespace_selector, path / "namespaceSelector", errors);
    const bool has_selector = static_cast<bool>(term.label_selector);
    check_label_keys(term.match_label_keys, has_selector, path / "matchLabelKeys", errors);
    check_label_keys(term.mismatch_label_keys, has_selector, path / "mismatchLabelKeys", errors);
    const Path namespaces = path / "namespaces";
    for (size_t i = 0; i < term.namespaces.size(); ++i)
        errors.complain(namespaces[i], term.namespaces[i], check_dns1123_label(term.namespaces[i]));
    check_topology_key(term.topology_key, path / "topologyKey", errors);
}

template <class Affinity>  // of pods, for or against
void check_pod_affinity(const Affinity& affinity, const Path& path, FieldErrors& errors) {
    const Path required = path / "requiredDuringSchedulingIgnoredDuringExecution";
    const auto& must = affinity.required_during_scheduling_ignored_during_execution;
    for (size_t i = 0; i < must.size(); ++i) check_pod_term(must[i], required[i], errors);
    const Path preferred = path / "preferredDuringSchedulingIgnoredDuringExecution";
    const auto& may = affinity.preferred_during_scheduling_ignored_during_execution;
    for (size_t i = 0; i < may.size(); ++i) {
        const Path at = preferred[i];
        check_weight(may[i].weight, at / "weight", errors);
        check_pod_term(may[i].pod_affinity_term, at / "podAffinityTerm", errors);
    }
}

void check_spread(const List<TopologySpreadConstraint>& constraints, const Path& path, FieldErrors& errors) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (size_t i = 0; i < constraints.size(); ++i) {
        const TopologySpreadConstraint& one = constraints[i];
        const Path at = path[i];
        if (one.max_skew <= 0) errors.invalid(at / "maxSkew", one.max_skew, "must be greater than zero");
        check_topology_key(one.topology_key, at / "topologyKey", errors);
        if (!seen.insert({one.topology_key, one.when_unsatisfiable}).second)
            errors.duplicate(at / "{topologyKey, whenUnsatisfiable}",
                             "{" + one.topology_key.str() + ", " + one.when_unsatisfiable.str() + "}");
        if (one.min_domains && *one.min_domains <= 0)
            errors.invalid(at / "minDomains", *one.min_domains, "must be greater than 0");
        if (one.min_domains && one.when_unsatisfiable != "DoNotSchedule")
            errors.invalid(at / "minDomains", *one.min_domains,
                           "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + one.when_unsatisfiable.str());
        if (one.label_selector) check_label_selector(*one.label_selector, at / "labelSelector", errors);
        check_label_keys(one.match_label_keys, static_cast<bool>(one.label_selector), at / "matchLabelKeys", errors);
    }
}

}  // namespace

void check_node_selector(const NodeSelector& selector, const Path& path, FieldErrors& errors) {
    const Path terms = path / "nodeSelectorTerms";
    for (size_t i = 0; i < selector.node_selector_terms.size(); ++i)
        check_node_term(selector.node_selector_terms[i], terms[i], errors);
}

void check_placement(const PodSpec& spec, const Path& path, FieldErrors& errors) {
    check_spread(spec.topology_spread_constraints, path / "topologySpreadConstraints", errors);
    const Path gates = path / "schedulingGates";
    for (size_t i = 0; i < spec.scheduling_gates.size(); ++i) {
        const Path gate = gates[i];
        errors.complain(gate / "name", spec.scheduling_gates[i].name, check_qualified_name(spec.scheduling_gates[i].name));
    }
    if (!spec.affinity) return;
    const Path at = path / "affinity";
    if (spec.affinity->node_affinity) check_node_affinity(*spec.affinity->node_affinity, at / "nodeAffinity", errors);
    if (spec.affinity->pod_affinity) check_pod_affinity(*spec.affinity->pod_affinity, at / "podAffinity", errors);
    if (spec.affinity->pod_anti_affinity) check_pod_affinity(*spec.affinity->pod_anti_affinity, at / "podAntiAffinity", errors);
}

}  // namespace orilla::api
