// Nodes.
#include <fmt/core.h>
#include <algorithm>
#include <set>

#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

/// A cordon is a taint as well, which a pod may tolerate.
void match_taint_to_cordon(NodeSpec& spec) {
    const auto says_cordon = [](const Taint& one) { return one.key == unschedulable_taint && one.effect == "NoSchedule"; };
    const auto found = std::find_if(spec.taints.begin(), spec.taints.end(), says_cordon);
    const bool has_taint = found != spec.taints.end();
    if (spec.unschedulable == has_taint) return;
    if (has_taint) {
        spec.taints.erase(found);
        return;
    }
    Taint& taint = spec.taints.emplace_back();
    taint.key = Str::intern(unschedulable_taint);
    taint.effect = Str::intern("NoSchedule");
}

void complete_node(Node& node) {
    if (node.status.allocatable.empty()) node.status.allocatable = node.status.capacity;
    match_taint_to_cordon(node.spec);
}

void check_taints(const List<Taint>& taints, const Path& path, FieldErrors& errors) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (size_t i = 0; i < taints.size(); ++i) {
        const Path at = path[i];
        errors.complain(at / "key", taints[i].key, check_qualified_name(taints[i].key));
        errors.complain(at / "value", taints[i].value, check_label_value(taints[i].value));
        if (!seen.insert({taints[i].key, taints[i].effect}).second)
            errors.duplicate(at, fmt::format("{}:{}", taints[i].key, taints[i].effect));
    }
}

void check_node(const Node& node, FieldErrors& errors) {
    const Path spec("spec");
    check_taints(node.spec.taints, spec / "taints", errors);
}

std::string node_status_text(const Node& node) {
    std::string text = "Unknown";
    for (const NodeCondition& condition : node.status.conditions)
        if (condition.type == "Ready") text = condition.status == "True" ? "Ready" : "NotReady";
    return node.spec.unschedulable ? text + ",SchedulingDisabled" : text;
}

std::string roles_text(const Node& node) {
    constexpr std::string_view prefix = node_role_label_prefix;
    std::set<std::string> roles;
    for (const auto& label : node.metadata.labels) {
        std::string_view key = label.key;
        if (key.starts_with(prefix) && key.size() > prefix.size()) roles.emplace(key.substr(prefix.size()));
        else if (key == node_role_label && !label.value.empty()) roles.emplace(label.value.view());
    }
    return roles.empty() ? std::string(nothing_text) : join_text({roles.begin(), roles.end()});
}

std::string address_text(const Node& node, std::string_view type) {
    for (const NodeAddress& address : node.status.addresses)
        if (address.type == type) return address.address.str();
    return std::string(nothing_text);
}

std::string or_unknown(std::string_view text) { return std::string(text.empty() ? "<unknown>" : text); }

Row render_node(const Node& node, int64_t now) {
    const NodeSystemInfo& info = node.status.node_info;
    return {node.metadata.name.view(),
            node_status_text(node),
            roles_text(node),
            render_age(node.metadata.creation_timestamp, now),
            info.kubelet_version.view(),
            address_text(node, "InternalIP"),
            address_text(node, "ExternalIP"),
            or_unknown(info.os_image),
            or_unknown(info.kernel_version),
            or_unknown(info.container_runtime_version)};
}

/// A node that only says that it is still there: no reason to wear the flash.
bool only_node_heartbeat_differs(const Object& updated, const Object& old) {
    const auto& before = old.as<Node>().status.conditions;
    Object same = updated.clone();
    auto& conditions = same.as<Node>().status.conditions;
    if (conditions.size() != before.size()) return false;
    for (size_t i = 0; i < before.size(); ++i) conditions[i].last_heartbeat_time = before[i].last_heartbeat_time;
    same.meta().resource_version = old.meta().resource_version;
    return same == old;
}

}  // namespace

const KindRules node_rules = {
    .complete = completed<Node, complete_node>,
    .check = checked<Node, check_node>,
    .has_status_when_new = true,
    .only_heartbeat_differs = only_node_heartbeat_differs,
    .row = rendered<Node, render_node>,
};

}  // namespace orilla::api
