#include "orilla/node/host_ports.hpp"

#include "orilla/kinds/pod_facts.hpp"
#include "orilla/objects/walk.hpp"

namespace orilla::node {

std::string host_ports_owner(const std::string& uid) { return "host-ports/" + uid; }

namespace {
void add_host_ports(const api::Container& container, Ipv4 pod_ip, std::vector<network::ServicePortSpec>& out) {
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
}  // namespace

std::vector<network::ServicePortSpec> plan_host_ports(const api::Pod& pod, Ipv4 pod_ip) {
    std::vector<network::ServicePortSpec> out;
    if (pod.spec.host_network) return out;
    for (const auto& container : pod.spec.containers) add_host_ports(container, pod_ip, out);
    for (const auto& container : pod.spec.init_containers)
        if (api::is_sidecar(container)) add_host_ports(container, pod_ip, out);
    return out;
}

loop::Task<network::ServiceRules::Services> observe_host_ports(loop::Loop& loop, objects::Objects& objects,
                                                               const network::PodLinks& links) {
    network::ServiceRules::Services out;
    std::function<void(const api::Pod&)> look = [&out, &links](const api::Pod& pod) {
        const std::string uid = pod.metadata.uid.str();
        const auto link = links.find(uid);
        if (!link) return;
        if (auto ports = plan_host_ports(pod, link->ip); !ports.empty()) out[host_ports_owner(uid)] = std::move(ports);
    };
    AWAIT_VOID(objects::walk<api::Pod>(loop, objects, std::move(look)));
    co_return out;
}

}  // namespace orilla::node
