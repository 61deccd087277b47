#include "network_adapter.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cerrno>
#include <fstream>
#include <sstream>

namespace orilla::wiring {
namespace {

/// The interface of the default route, from /proc/net/route: name, destination, ...
std::string find_default_interface() {
    std::ifstream in("/proc/net/route");
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        std::istringstream fields(line);
        std::string name, destination;
        if (fields >> name >> destination && destination == "00000000") return name;
    }
    return "";
}

}  // namespace

std::string host_ports_owner(const std::string& uid) { return "host-ports/" + uid; }

std::vector<network::ServicePortSpec> plan_host_ports(const std::vector<node::HostPort>& ports, network::Ipv4 pod_ip) {
    std::vector<network::ServicePortSpec> out;
    for (const auto& port : ports) {
        network::ServicePortSpec spec;
        spec.protocol = network::to_protocol(port.protocol);
        spec.endpoints = {{pod_ip, static_cast<uint16_t>(port.container_port)}};
        const auto own_ip = network::parse_ipv4(port.host_ip);
        if (own_ip && own_ip->value != 0) {
            spec.cluster_ips = {*own_ip};
            spec.port = static_cast<uint16_t>(port.host_port);
        } else {
            spec.node_port = static_cast<uint16_t>(port.host_port);
        }
        out.push_back(std::move(spec));
    }
    return out;
}

std::string find_node_ip(const std::string& bridge) {
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return "";
    const std::string wanted = find_default_interface();
    std::string first, of_default;
    for (const ifaddrs* one = list; one; one = one->ifa_next) {
        if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET || !(one->ifa_flags & IFF_UP)) continue;
        if ((one->ifa_flags & IFF_LOOPBACK) || bridge == one->ifa_name) continue;
        char text[INET_ADDRSTRLEN];
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, text, sizeof text);
        if (first.empty()) first = text;
        if (of_default.empty() && wanted == one->ifa_name) of_default = text;
    }
    freeifaddrs(list);
    return of_default.empty() ? first : of_default;
}

loop::Task<Result<node::PodNetwork>> NetworkAdapter::attach(std::string uid, std::vector<node::HostPort> host_ports,
                                                                   std::string network_namespace) {
    UniqueFd made;
    if (!network_namespace.empty()) {
        made.reset(::open(network_namespace.c_str(), O_RDONLY | O_CLOEXEC));
        if (!made) co_return Error::from_errno("open " + network_namespace, errno);
    }
    auto attaching = made ? links_.attach_namespace(uid, std::move(made)) : links_.attach(uid);
    CO_TRY(network::PodLink link, std::move(attaching));
    if (!host_ports.empty()) {
        const std::string owner = host_ports_owner(uid);
        CO_CHECK_VOID(rules_.update(owner, plan_host_ports(host_ports, link.ip)));
        if (auto conflict = rules_.find_conflict(owner)) co_return Error(Code::conflict, "hostPort: " + *conflict);
    }
    co_return node::PodNetwork{link.ip.text(), link.netns_path};
}

loop::Task<Result<void>> NetworkAdapter::detach(std::string uid) {
    CO_CHECK_VOID(rules_.update(host_ports_owner(uid), {}));
    auto task = links_.detach(uid);
    co_return co_await std::move(task);
}

std::optional<node::PodNetwork> NetworkAdapter::find(const std::string& uid) const {
    const auto link = links_.find(uid);
    if (!link) return std::nullopt;
    return node::PodNetwork{link->ip.text(), link->netns_path};
}

}  // namespace orilla::wiring
