// Endpoints.
#include <fmt/core.h>

#include "addresses.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_subset_addresses(const List<EndpointAddress>& addresses, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < addresses.size(); ++i) {
        const Path at = path[i];
        errors.complain(at / "ip", addresses[i].ip, check_ip(addresses[i].ip));
        if (!addresses[i].hostname.empty())
            errors.complain(at / "hostname", addresses[i].hostname, check_dns1123_label(addresses[i].hostname));
    }
}

void check_subset_reach(const List<EndpointAddress>& addresses, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < addresses.size(); ++i) {
        const Path at = path[i];
        check_reach(addresses[i].ip, at / "ip", errors);
    }
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

/// The addresses of those that are new or change: what an older Orilla let in can still be edited and deleted.
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

std::string host_and_port(std::string_view ip, int32_t port) {
    bool v6 = ip.find(':') != ip.npos;
    return v6 ? fmt::format("[{}]:{}", ip, port) : fmt::format("{}:{}", ip, port);
}

Row render_endpoints(const Endpoints& endpoints, int64_t now) {
    std::vector<std::string> items;
    for (const EndpointSubset& subset : endpoints.subsets) {
        for (const EndpointAddress& address : subset.addresses) {
            if (subset.ports.empty()) items.push_back(address.ip.str());
            for (const auto& port : subset.ports) items.push_back(host_and_port(address.ip, port.port));
        }
    }
    return {endpoints.metadata.name.view(), first_three_text(items, nothing_text),
            render_age(endpoints.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules endpoints_rules = {
    .check = checked<Endpoints, check_endpoints>,
    .check_update = checked_update<Endpoints, check_endpoints_update>,
    .check_new = checked<Endpoints, check_endpoints_addresses>,
    .row = rendered<Endpoints, render_endpoints>,
};

}  // namespace orilla::api
