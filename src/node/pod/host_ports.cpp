#include "orilla/node/host_ports.hpp"

namespace orilla::node {

std::string host_ports_owner(const std::string& uid) { return "host-ports/" + uid; }

std::vector<network::ServicePortSpec> plan_host_ports(const api::Pod& pod, Ipv4 pod_ip) {
    std::vector<network::ServicePortSpec> out;
    if (pod.spec.host_network) return out;
    for (const auto& container : pod.spec.containers) {
        for (const auto& port : container.ports) {
            if (port.host_port <= 0) continue;
            network::ServicePortSpec spec;
            spec.protocol = network::to_protocol(port.protocol.view());
            spec.endpoints = {{pod_ip, static_cast<uint16_t>(port.container_port)}};
            const auto own_ip = parse_ipv4(port.host_ip.view());
            if (own_ip && own_ip->value != 0) {
                spec.cluster_ips = {*own_ip};
                spec.port = static_cast<uint16_t>(port.host_port);
            } else {
                spec.node_port = static_cast<uint16_t>(port.host_port);
            }
            out.push_back(std::move(spec));
        }
    }
    return out;
}

network::ServiceRules::Services observe_host_ports(objects::Objects& objects, const network::PodLinks& links) {
    network::ServiceRules::Services out;
    for (const auto& pod : objects.list<api::Pod>()) {
        const std::string uid = pod->metadata.uid.str();
        const auto link = links.find(uid);
        if (!link) continue;
        if (auto ports = plan_host_ports(*pod, link->ip); !ports.empty()) out[host_ports_owner(uid)] = std::move(ports);
    }
    return out;
}

}  // namespace orilla::node
