#include "gateway/backend_plan.hpp"

#include <fmt/core.h>
#include <algorithm>

namespace orilla::proxy {
namespace {

gateway::BackendProtocol protocol_of(std::string_view app_protocol) {
    using enum gateway::BackendProtocol;
    if (app_protocol == "kubernetes.io/h2c" || app_protocol == "grpc") return h2c;
    if (app_protocol == "https" || app_protocol == "HTTPS" || app_protocol == "kubernetes.io/wss") return https;
    return http1;
}

bool is_better(const gateway::Endpoint& a, const gateway::Endpoint& b) {
    return std::tie(a.ip, a.port, a.is_draining) < std::tie(b.ip, b.port, b.is_draining);
}
bool is_same_place(const gateway::Endpoint& a, const gateway::Endpoint& b) { return a.ip == b.ip && a.port == b.port; }

void add_endpoints(const api::EndpointSlice& slice, uint16_t port, std::vector<gateway::Endpoint>& out) {
    for (const auto& endpoint : slice.endpoints) {
        const auto& is = endpoint.conditions;
        const bool ready = is.ready.value_or(true);
        const bool drains = is.terminating.value_or(false) && is.serving.value_or(ready);
        if ((!ready && !drains) || endpoint.addresses.empty()) continue;
        const auto ip = parse_ipv4(endpoint.addresses[0].view());
        if (ip && ip->is_ordinary()) out.push_back({*ip, port, drains});
    }
}

}  // namespace

std::string BackendRef::key() const { return fmt::format("{}:{}", service, port); }

const api::ServicePort* find_service_port(const api::Service& service, std::string_view name) {
    for (const auto& port : service.spec.ports)
        if (port.name == name) return &port;
    return nullptr;
}
const api::ServicePort* find_service_port(const api::Service& service, int32_t number) {
    for (const auto& port : service.spec.ports)
        if (port.port == number && port.protocol != "UDP" && port.protocol != "SCTP") return &port;
    return nullptr;
}

gateway::Backend plan_backend(const BackendRef& ref, const api::Service& service, const Slices& slices,
                              const BackendSettings& settings) {
    gateway::Backend out;
    out.key = ref.key();
    const api::ServicePort* port = find_service_port(service, ref.port);
    if (port && port->app_protocol) out.protocol = protocol_of(*port->app_protocol);
    settings.apply_to(out);
    if (!port || service.spec.type == "ExternalName") return out;
    for (const auto& slice : slices) {
        if (slice->address_type != "IPv4") continue;
        for (const auto& offered : slice->ports)
            if (offered.port && offered.name.value_or("") == port->name.view())
                add_endpoints(*slice, static_cast<uint16_t>(*offered.port), out.endpoints);
    }
    std::sort(out.endpoints.begin(), out.endpoints.end(), is_better);
    out.endpoints.erase(std::unique(out.endpoints.begin(), out.endpoints.end(), is_same_place), out.endpoints.end());
    return out;
}

}  // namespace orilla::proxy
