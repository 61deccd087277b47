#include "table_cells.hpp"

namespace orilla::api {
namespace {

std::string joined(const List<Str>& texts) {
    std::vector<std::string> items;
    for (const Str& text : texts) items.push_back(text.str());
    return items.empty() ? std::string(nothing_text) : join_text(items);
}

std::string external_ip_text(const Service& service) {
    if (service.spec.type == "ExternalName") return service.spec.external_name.str();
    if (service.spec.type != "LoadBalancer") return joined(service.spec.external_ips);
    std::vector<std::string> items;
    for (const LoadBalancerIngress& ingress : service.status.load_balancer.ingress)
        items.push_back(ingress.ip.empty() ? ingress.hostname.str() : ingress.ip.str());
    for (const Str& ip : service.spec.external_ips) items.push_back(ip.str());
    return items.empty() ? "<pending>" : join_text(items);
}

std::string ports_text(const List<ServicePort>& ports) {
    std::vector<std::string> items;
    for (const ServicePort& port : ports) {
        std::string text = std::to_string(port.port);
        if (port.node_port > 0) text += ":" + std::to_string(port.node_port);
        items.push_back(text + "/" + port.protocol.str());
    }
    return items.empty() ? std::string(nothing_text) : join_text(items);
}

std::string host_and_port(std::string_view ip, int32_t port) {
    bool v6 = ip.find(':') != ip.npos;
    return (v6 ? "[" + std::string(ip) + "]" : std::string(ip)) + ":" + std::to_string(port);
}

}  // namespace

Row render_service(const Service& service, int64_t now) {
    const ServiceSpec& spec = service.spec;
    std::string_view ip = spec.cluster_ips.empty() ? spec.cluster_ip.view() : spec.cluster_ips[0].view();
    return {service.metadata.name.view(), spec.type.view(),       or_none(ip),
            external_ip_text(service),    ports_text(spec.ports), render_age(service.metadata.creation_timestamp, now),
            labels_text(spec.selector)};
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

}  // namespace orilla::api
