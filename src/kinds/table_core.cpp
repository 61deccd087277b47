#include <algorithm>
#include <set>

#include "table_cells.hpp"

namespace orilla::api {
namespace {

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string node_status_text(const Node& node) {
    std::string text = "Unknown";
    for (const NodeCondition& condition : node.status.conditions)
        if (condition.type == "Ready") text = condition.status == "True" ? "Ready" : "NotReady";
    return node.spec.unschedulable ? text + ",SchedulingDisabled" : text;
}

std::string roles_text(const Node& node) {
    constexpr std::string_view prefix = "node-role.kubernetes.io/";
    std::set<std::string> roles;
    for (const auto& label : node.metadata.labels) {
        std::string_view key = label.key;
        if (key.starts_with(prefix) && key.size() > prefix.size()) roles.emplace(key.substr(prefix.size()));
        else if (key == "kubernetes.io/role" && !label.value.empty()) roles.emplace(label.value.view());
    }
    return roles.empty() ? std::string(nothing_text) : join_text({roles.begin(), roles.end()});
}

std::string address_text(const Node& node, std::string_view type) {
    for (const NodeAddress& address : node.status.addresses)
        if (address.type == type) return address.address.str();
    return std::string(nothing_text);
}

std::string or_unknown(std::string_view text) { return std::string(text.empty() ? "<unknown>" : text); }

std::string source_text(const Event& event) {
    std::vector<std::string> items;
    std::string_view component = event.source.component.empty() ? event.reporting_component : event.source.component;
    std::string_view host = event.source.host.empty() ? event.reporting_instance : event.source.host;
    if (!component.empty()) items.emplace_back(component);
    if (!host.empty()) items.push_back((items.empty() ? "" : " ") + std::string(host));
    return join_text(items);
}

std::string trimmed(std::string_view text) {
    size_t first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

}  // namespace

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

Row render_event(const Event& event, int64_t now) {
    std::string first =
        event.first_timestamp ? render_age(event.first_timestamp, now) : render_age(event.event_time, now);
    std::string last = event.last_timestamp ? render_age(event.last_timestamp, now) : first;
    int64_t count = std::max<int64_t>(event.count, 1);
    if (event.series) {
        last = render_age(event.series->last_observed_time, now);
        count = event.series->count;
    }
    std::string object = lower_case(event.involved_object.kind);
    if (!event.involved_object.name.empty()) object += "/" + event.involved_object.name.str();
    return {last,
            event.type.view(),
            event.reason.view(),
            object,
            event.involved_object.field_path.view(),
            source_text(event),
            trimmed(event.message),
            first,
            count,
            event.metadata.name.view()};
}

Row render_namespace(const Namespace& ns, int64_t now) {
    return {ns.metadata.name.view(), ns.status.phase.view(), render_age(ns.metadata.creation_timestamp, now)};
}

Row render_config_map(const ConfigMap& map, int64_t now) {
    return {map.metadata.name.view(), static_cast<int64_t>(map.data.size() + map.binary_data.size()),
            render_age(map.metadata.creation_timestamp, now)};
}

Row render_secret(const Secret& secret, int64_t now) {
    return {secret.metadata.name.view(), secret.type.view(), static_cast<int64_t>(secret.data.size()),
            render_age(secret.metadata.creation_timestamp, now)};
}

Row render_lease(const Lease& lease, int64_t now) {
    return {lease.metadata.name.view(), lease.spec.holder_identity.value_or(""),
            render_age(lease.metadata.creation_timestamp, now)};
}

}  // namespace orilla::api
