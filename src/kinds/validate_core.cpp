// The smaller kinds of the core group and of those that hold what controllers and the node write.
#include <set>

#include "orilla/kinds/validation.hpp"
#include "orilla/schema/names.hpp"
#include "validate.hpp"

namespace orilla::api {
namespace {

constexpr size_t slice_endpoints_max = 1000;
constexpr size_t slice_ports_max = 100;
constexpr size_t endpoint_addresses_max = 100;

void check_address(std::string_view address, std::string_view type, const Path& path, FieldErrors& errors) {
    if (type == "IPv4" && !is_ipv4(address)) errors.invalid(path, address, "must be a valid IPv4 address");
    else if (type == "IPv6" && !is_ipv6(address)) errors.invalid(path, address, "must be a valid IPv6 address");
    else if (type == "FQDN") errors.complain(path, address, check_dns1123_subdomain(address));
}

void check_endpoint(const Endpoint& endpoint, std::string_view type, const Path& path, FieldErrors& errors) {
    const Path addresses = path / "addresses";
    if (endpoint.addresses.size() > endpoint_addresses_max)
        errors.too_many(addresses, endpoint.addresses.size(), endpoint_addresses_max);
    for (size_t i = 0; i < endpoint.addresses.size(); ++i)
        check_address(endpoint.addresses[i], type, addresses[i], errors);
    if (endpoint.hostname)
        errors.complain(path / "hostname", *endpoint.hostname, check_dns1123_label(*endpoint.hostname));
}

void check_taints(const List<Taint>& taints, const Path& path, FieldErrors& errors) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (size_t i = 0; i < taints.size(); ++i) {
        const Path at = path[i];
        errors.complain(at / "key", taints[i].key, check_qualified_name(taints[i].key));
        errors.complain(at / "value", taints[i].value, check_label_value(taints[i].value));
        if (!seen.insert({taints[i].key, taints[i].effect}).second)
            errors.duplicate(at, taints[i].key.str() + ":" + taints[i].effect.str());
    }
}

void check_subset_addresses(const List<EndpointAddress>& addresses, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < addresses.size(); ++i) {
        const Path at = path[i];
        errors.complain(at / "ip", addresses[i].ip, check_ip(addresses[i].ip));
        if (!addresses[i].hostname.empty())
            errors.complain(at / "hostname", addresses[i].hostname, check_dns1123_label(addresses[i].hostname));
    }
}

void check_reach(std::string_view address, const Path& path, FieldErrors& errors) {
    if (const std::string_view range = special_address(address); !range.empty()) errors.invalid(path, address, range);
}

void check_subset_reach(const List<EndpointAddress>& addresses, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < addresses.size(); ++i) {
        const Path at = path[i];
        check_reach(addresses[i].ip, at / "ip", errors);
    }
}

}  // namespace

void check_namespace(const Namespace& ns, FieldErrors& errors) {
    const Path spec("spec");
    const Path finalizers = spec / "finalizers";
    for (size_t i = 0; i < ns.spec.finalizers.size(); ++i)
        errors.complain(finalizers[i], ns.spec.finalizers[i], check_qualified_name(ns.spec.finalizers[i]));
}

void check_node(const Node& node, FieldErrors& errors) {
    const Path spec("spec");
    check_taints(node.spec.taints, spec / "taints", errors);
}

void check_event(const Event& event, FieldErrors& errors) {
    const Path involved("involvedObject");
    bool cluster_scoped = event.involved_object.namespace_.empty() && event.metadata.namespace_ == "default";
    if (event.involved_object.namespace_ != event.metadata.namespace_ && !cluster_scoped)
        errors.invalid(involved / "namespace", event.involved_object.namespace_, "does not match event.namespace");
}

void check_endpoints(const Endpoints& endpoints, FieldErrors& errors) {
    const Path subsets("subsets");
    for (size_t i = 0; i < endpoints.subsets.size(); ++i) {
        const EndpointSubset& subset = endpoints.subsets[i];
        const Path at = subsets[i];
        if (subset.addresses.empty() && subset.not_ready_addresses.empty())
            errors.required(at, "must specify `addresses` or `notReadyAddresses`");
        check_subset_addresses(subset.addresses, at / "addresses", errors);
        check_subset_addresses(subset.not_ready_addresses, at / "notReadyAddresses", errors);
        const Path ports = at / "ports";
        for (size_t j = 0; j < subset.ports.size(); ++j) {
            const auto& port = subset.ports[j];
            const Path one = ports[j];
            if (subset.ports.size() > 1 && port.name.empty()) errors.required(one / "name");
            if (!port.name.empty()) errors.complain(one / "name", port.name, check_dns1123_label(port.name));
            errors.complain(one / "port", port.port, check_port_number(port.port));
        }
    }
}

void check_endpoints_addresses(const Endpoints& endpoints, FieldErrors& errors) {
    const Path subsets("subsets");
    for (size_t i = 0; i < endpoints.subsets.size(); ++i) {
        const Path at = subsets[i];
        check_subset_reach(endpoints.subsets[i].addresses, at / "addresses", errors);
        check_subset_reach(endpoints.subsets[i].not_ready_addresses, at / "notReadyAddresses", errors);
    }
}

void check_endpoints_update(const Endpoints& updated, const Endpoints& old, FieldErrors& errors) {
    if (!(updated.subsets == old.subsets)) check_endpoints_addresses(updated, errors);
}

void check_endpoint_slice(const EndpointSlice& slice, FieldErrors& errors) {
    std::string_view type = slice.address_type;
    const Path endpoints("endpoints");
    if (slice.endpoints.size() > slice_endpoints_max)
        errors.too_many(endpoints, slice.endpoints.size(), slice_endpoints_max);
    for (size_t i = 0; i < slice.endpoints.size(); ++i) check_endpoint(slice.endpoints[i], type, endpoints[i], errors);
    const Path ports("ports");
    if (slice.ports.size() > slice_ports_max) errors.too_many(ports, slice.ports.size(), slice_ports_max);
    std::set<std::string_view> names;
    for (size_t i = 0; i < slice.ports.size(); ++i) {
        const auto& port = slice.ports[i];
        const Path at = ports[i];
        std::string_view name = port.name.value_or("");
        if (!name.empty()) errors.complain(at / "name", name, check_dns1123_label(name));
        if (!names.insert(name).second) errors.duplicate(at / "name", name);
        if (port.port) errors.complain(at / "port", *port.port, check_port_number(*port.port));
    }
}

void check_slice_addresses(const EndpointSlice& slice, FieldErrors& errors) {
    if (slice.address_type == "FQDN") return;
    const Path endpoints("endpoints");
    for (size_t i = 0; i < slice.endpoints.size(); ++i) {
        const Path at = endpoints[i];
        const Path addresses = at / "addresses";
        for (size_t j = 0; j < slice.endpoints[i].addresses.size(); ++j)
            check_reach(slice.endpoints[i].addresses[j], addresses[j], errors);
    }
}

void check_endpoint_slice_update(const EndpointSlice& updated, const EndpointSlice& old, FieldErrors& errors) {
    if (!(updated.endpoints == old.endpoints)) check_slice_addresses(updated, errors);
    check_immutable(updated.address_type, old.address_type, Path("addressType"), updated.address_type, errors);
}

void check_lease(const Lease& lease, FieldErrors& errors) {
    const Path spec("spec");
    if (lease.spec.lease_duration_seconds && *lease.spec.lease_duration_seconds <= 0)
        errors.invalid(spec / "leaseDurationSeconds", *lease.spec.lease_duration_seconds, "must be greater than 0");
    if (lease.spec.lease_transitions)
        check_not_negative(*lease.spec.lease_transitions, spec / "leaseTransitions", errors);
}

}  // namespace orilla::api
