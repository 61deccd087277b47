// EndpointSlices.
#include <set>

#include "addresses.hpp"
#include "checks.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

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
    for (size_t i = 0; i < endpoint.addresses.size(); ++i) check_address(endpoint.addresses[i], type, addresses[i], errors);
    if (endpoint.hostname) errors.complain(path / "hostname", *endpoint.hostname, check_dns1123_label(*endpoint.hostname));
}

void check_endpoint_slice(const EndpointSlice& slice, FieldErrors& errors) {
    std::string_view type = slice.address_type;
    const Path endpoints("endpoints");
    if (slice.endpoints.size() > slice_endpoints_max) errors.too_many(endpoints, slice.endpoints.size(), slice_endpoints_max);
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

Row render_endpoint_slice(const EndpointSlice& slice, int64_t now) {
    std::vector<std::string> ports, addresses;
    for (const auto& port : slice.ports) {
        if (port.port) ports.push_back(std::to_string(*port.port));
        else ports.push_back(port.name.value_or("").empty() ? "*" : std::string(port.name.value_or("")));
    }
    for (const Endpoint& endpoint : slice.endpoints)
        for (const Str& address : endpoint.addresses) addresses.push_back(address.str());
    return {slice.metadata.name.view(), slice.address_type.view(), first_three_text(ports, "<unset>"),
            first_three_text(addresses, "<unset>"), render_age(slice.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules endpoint_slice_rules = {
    .check = checked<EndpointSlice, check_endpoint_slice>,
    .check_update = checked_update<EndpointSlice, check_endpoint_slice_update>,
    .check_new = checked<EndpointSlice, check_slice_addresses>,
    .row = rendered<EndpointSlice, render_endpoint_slice>,
};

}  // namespace orilla::api
