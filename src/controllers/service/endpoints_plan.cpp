#include "service/endpoints_plan.hpp"

#include <algorithm>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/validation.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/selectors.hpp"

namespace orilla::controllers {
namespace {

bool is_headless(const api::Service& service) { return service.spec.cluster_ip == "None"; }

/// The number behind a port of the Service, in this pod; 0 when the pod has no port of that name.
int32_t resolve_port(const api::ServicePort& port, const api::Pod& pod) {
    if (!port.target_port.is_string) return port.target_port.number;
    const auto find = [&port](const api::Container& container) {
        for (const auto& offered : container.ports)
            if (offered.name == port.target_port.text && offered.protocol == port.protocol) return offered.container_port;
        return 0;
    };
    for (const auto& container : pod.spec.containers)
        if (const int32_t number = find(container)) return number;
    for (const auto& container : pod.spec.init_containers)
        if (const int32_t number = api::is_sidecar(container) ? find(container) : 0) return number;
    return 0;
}

api::List<api::DiscoveryEndpointPort> resolve_ports(const api::Service& service, const api::Pod& pod) {
    api::List<api::DiscoveryEndpointPort> out;
    for (const auto& port : service.spec.ports) {
        const int32_t number = resolve_port(port, pod);
        if (number == 0) continue;
        api::DiscoveryEndpointPort resolved;
        resolved.name = port.name;
        resolved.port = number;
        resolved.protocol = port.protocol;
        resolved.app_protocol = port.app_protocol;
        out.push_back(std::move(resolved));
    }
    return out;
}

api::ObjectReference reference_to(const api::Pod& pod) {
    api::ObjectReference out;
    out.kind = "Pod";
    out.namespace_ = pod.metadata.namespace_;
    out.name = pod.metadata.name;
    out.uid = pod.metadata.uid;
    return out;
}

/// On a node without a network a pod of the host's has an address that leads nowhere from elsewhere.
bool may_take_traffic(const api::Pod& pod) {
    if (!api::special_address(pod.status.pod_ip).empty()) return false;
    return !pod.status.pod_ip.empty() && !is_finished(pod);
}

/// Whom a ready endpoint is best for, where the Service asks to keep traffic close.
void add_hints(api::Endpoint& endpoint, std::string_view distribution) {
    if (!endpoint.conditions.ready.value_or(true)) return;
    if (endpoint.zone) {
        api::ForZone zone;
        zone.name = *endpoint.zone;
        endpoint.hints.ensure().for_zones.push_back(std::move(zone));
    }
    if (distribution == "PreferSameNode" && endpoint.node_name) {
        api::ForNode node;
        node.name = *endpoint.node_name;
        endpoint.hints.ensure().for_nodes.push_back(std::move(node));
    }
}

api::Endpoint make_endpoint(const api::Service& service, const api::Pod& pod, const Zones& zones) {
    const bool serving = is_ready(pod), terminating = static_cast<bool>(pod.metadata.deletion_timestamp);
    api::Endpoint out;
    out.addresses.push_back(pod.status.pod_ip);
    out.conditions.ready = service.spec.publish_not_ready_addresses || (serving && !terminating);
    out.conditions.serving = serving;
    out.conditions.terminating = terminating;
    if (!pod.spec.hostname.empty() && pod.spec.subdomain == service.metadata.name) out.hostname = pod.spec.hostname;
    if (!pod.spec.node_name.empty()) out.node_name = pod.spec.node_name;
    if (const auto zone = zones.find(pod.spec.node_name.view()); zone != zones.end()) out.zone = api::Str(zone->second);
    out.target_ref = reference_to(pod);
    if (service.spec.traffic_distribution) add_hints(out, *service.spec.traffic_distribution);
    return out;
}

/// Labels that the controllers speak with; the Service's own of these names are not copied.
bool is_reserved_label(std::string_view key) {
    return key == api::service_name_label || key == api::slice_manager_label || key == api::headless_label ||
           key == api::endpoints_manager_label;
}

api::Map<api::Str> copied_labels(const api::ObjectMeta& from) {
    api::Map<api::Str> out;
    for (const auto& [key, value] : from.labels)
        if (!is_reserved_label(key)) out[key] = value;
    return out;
}

api::ObjectMeta slice_meta(const api::ObjectMeta& owner, std::string_view owner_kind, std::string_view manager) {
    api::ObjectMeta out;
    out.namespace_ = owner.namespace_;
    out.generate_name = owner.name.str() + "-";
    out.labels = copied_labels(owner);
    out.labels[api::service_name_label] = owner.name;
    out.labels[api::slice_manager_label] = api::Str(manager);
    out.owner_references.push_back(make_controller_reference("v1", owner_kind, owner));
    return out;
}

api::EndpointAddress to_address(const api::Endpoint& endpoint) {
    api::EndpointAddress out;
    out.ip = endpoint.addresses[0];
    if (endpoint.hostname) out.hostname = *endpoint.hostname;
    out.node_name = endpoint.node_name;
    out.target_ref = endpoint.target_ref;
    return out;
}

/// The older form knows ready and not ready; a terminating pod is left out unless unready ones are wanted, too.
api::List<api::EndpointSubset> make_subsets(const api::Service& service, const std::vector<PortGroup>& groups,
                                            bool& truncated) {
    api::List<api::EndpointSubset> out;
    size_t left = endpoints_addresses_max;
    for (const auto& group : groups) {
        if (group.ports.empty() && !service.spec.ports.empty()) continue;
        api::EndpointSubset subset;
        for (const auto& endpoint : group.endpoints) {
            const bool ready = endpoint.conditions.ready.value_or(true);
            if (endpoint.conditions.terminating.value_or(false) && !ready) continue;
            truncated |= left == 0;
            if (left == 0) continue;
            --left;
            (ready ? subset.addresses : subset.not_ready_addresses).push_back(to_address(endpoint));
        }
        if (subset.addresses.empty() && subset.not_ready_addresses.empty()) continue;
        for (const auto& port : group.ports) {
            api::EndpointPort old_style;
            old_style.name = api::Str(port.name.value_or(""));
            old_style.port = port.port.value_or(0);
            old_style.protocol = api::Str(port.protocol.value_or("TCP"));
            old_style.app_protocol = port.app_protocol;
            subset.ports.push_back(std::move(old_style));
        }
        out.push_back(std::move(subset));
    }
    return out;
}

void plan_endpoints_object(std::vector<EndpointsAction>& actions, const api::Service& service,
                           const std::vector<PortGroup>& groups, const api::Endpoints* have) {
    bool truncated = false;
    api::Endpoints want;
    if (have) want = *have;
    want.metadata.namespace_ = service.metadata.namespace_;
    want.metadata.name = service.metadata.name;
    want.metadata.labels = copied_labels(service.metadata);
    want.metadata.labels[api::endpoints_manager_label] = api::Str(endpoints_manager);
    if (is_headless(service)) want.metadata.labels[api::headless_label] = api::Str();
    want.subsets = make_subsets(service, groups, truncated);
    if (truncated) want.metadata.annotations[api::over_capacity_annotation] = "truncated";
    else want.metadata.annotations.erase(api::over_capacity_annotation);
    if (!have) actions.emplace_back(CreateEndpoints{std::move(want)});
    else if (!(want == *have)) actions.emplace_back(UpdateEndpoints{std::move(want)});
}

bool is_managed_by(const api::EndpointSlice& slice, std::string_view manager) {
    const auto* found = slice.metadata.labels.get(api::slice_manager_label);
    return found && *found == manager;
}

std::vector<const api::EndpointSlice*> managed_by(const std::vector<const api::EndpointSlice*>& slices,
                                                  std::string_view manager) {
    std::vector<const api::EndpointSlice*> out;
    for (const auto* slice : slices)
        if (is_managed_by(*slice, manager)) out.push_back(slice);
    return out;
}

bool is_ours(const api::Endpoints& endpoints) {
    const auto* manager = endpoints.metadata.labels.get(api::endpoints_manager_label);
    return manager && *manager == endpoints_manager;
}

bool may_be_mirrored(const api::Endpoints& endpoints) {
    const auto* skip = endpoints.metadata.labels.get(api::skip_mirror_label);
    return !is_ours(endpoints) && !(skip && *skip == "true") && !endpoints.metadata.deletion_timestamp &&
           !endpoints.metadata.annotations.contains(api::leader_annotation);
}

void mirror_addresses(PortGroup& group, const api::List<api::EndpointAddress>& addresses, bool ready) {
    for (const auto& address : addresses) {
        if (group.endpoints.size() == endpoints_addresses_max) return;
        if (address.ip.view().find(':') != std::string_view::npos) continue;  // the box has no IPv6
        if (!api::special_address(address.ip).empty()) continue;              // let in by an older Orilla; no slice may have it
        api::Endpoint endpoint;
        endpoint.addresses.push_back(address.ip);
        endpoint.conditions.ready = ready;
        if (!address.hostname.empty()) endpoint.hostname = address.hostname;
        endpoint.node_name = address.node_name;
        endpoint.target_ref = address.target_ref;
        group.endpoints.push_back(std::move(endpoint));
    }
}

std::vector<PortGroup> mirror_subsets(const api::Endpoints& endpoints) {
    std::vector<PortGroup> out;
    for (const auto& subset : endpoints.subsets) {
        PortGroup group;
        for (const auto& port : subset.ports) {
            api::DiscoveryEndpointPort mirrored;
            mirrored.name = port.name;
            mirrored.port = port.port;
            mirrored.protocol = port.protocol;
            mirrored.app_protocol = port.app_protocol;
            group.ports.push_back(std::move(mirrored));
        }
        const auto same = std::find_if(out.begin(), out.end(), [&](const auto& other) { return other.ports == group.ports; });
        PortGroup& into = same == out.end() ? out.emplace_back(std::move(group)) : *same;
        mirror_addresses(into, subset.addresses, true);
        mirror_addresses(into, subset.not_ready_addresses, false);
    }
    return out;
}

/// Nothing mirrored is left over when there is nothing to mirror.
std::vector<EndpointsAction> plan_mirror(const EndpointsObserved& seen) {
    const auto existing = managed_by(seen.slices, mirror_manager);
    if (!seen.service || !seen.endpoints || !may_be_mirrored(*seen.endpoints)) return plan_slices({}, existing);
    SlicesWanted wanted;
    wanted.meta = slice_meta(seen.endpoints->metadata, "Endpoints", mirror_manager);
    wanted.groups = mirror_subsets(*seen.endpoints);
    return plan_slices(std::move(wanted), existing);
}

}  // namespace

std::vector<PortGroup> group_endpoints(const api::Service& service, const std::vector<const api::Pod*>& pods,
                                       const Zones& zones) {
    const auto selector = api::Selector::from_labels(service.spec.selector);
    std::vector<PortGroup> groups;
    std::vector<const api::Pod*> chosen;
    for (const auto* pod : pods)
        if (may_take_traffic(*pod) && selector.matches(pod->metadata.labels)) chosen.push_back(pod);
    std::sort(chosen.begin(), chosen.end(),
              [](const auto* a, const auto* b) { return a->metadata.name.view() < b->metadata.name.view(); });
    for (const auto* pod : chosen) {
        auto ports = resolve_ports(service, *pod);
        auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.ports == ports; });
        PortGroup& group = same == groups.end() ? groups.emplace_back(PortGroup{std::move(ports), {}}) : *same;
        group.endpoints.push_back(make_endpoint(service, *pod, zones));
    }
    return groups;
}

std::vector<EndpointsAction> plan_endpoints(const std::string& name, const EndpointsObserved& seen) {
    const api::Service* service = seen.service;
    if (!service) {
        auto actions = plan_mirror(seen);
        // Slices go by their ownerReference; the older Endpoints have none.
        if (seen.endpoints && is_ours(*seen.endpoints)) actions.emplace_back(DeleteEndpoints{name});
        return actions;
    }
    if (service->metadata.deletion_timestamp) return {};
    if (service->spec.selector.empty()) return plan_mirror(seen);
    std::vector<PortGroup> groups = group_endpoints(*service, seen.pods, seen.zones);
    SlicesWanted wanted;
    wanted.meta = slice_meta(service->metadata, "Service", slice_manager);
    if (is_headless(*service)) wanted.meta.labels[api::headless_label] = api::Str();
    wanted.groups = groups;
    wanted.placeholder = true;
    auto actions = plan_slices(std::move(wanted), managed_by(seen.slices, slice_manager));
    // Of the time when it had no selector.
    for (auto& action : plan_slices({}, managed_by(seen.slices, mirror_manager))) actions.push_back(std::move(action));
    plan_endpoints_object(actions, *service, groups, seen.endpoints);
    return actions;
}

}  // namespace orilla::controllers
