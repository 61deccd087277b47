#include "mdns/lan_links.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <memory>

#include "orilla/network/node_ip.hpp"

namespace orilla::network {
namespace {
void add_v4(LanLink& link, const ifaddrs& one) {
    const Ipv4 ip{ntohl(reinterpret_cast<const sockaddr_in*>(one.ifa_addr)->sin_addr.s_addr)};
    if (link.addresses.v4.size() >= link_addresses_max) return;
    link.addresses.v4.push_back(ip);
    if (one.ifa_netmask == nullptr) return;
    const uint32_t mask = ntohl(reinterpret_cast<const sockaddr_in*>(one.ifa_netmask)->sin_addr.s_addr);
    link.networks.push_back({Ipv4{ip.value & mask}, std::popcount(mask)});
}

/// A link-local one is not told: a browser does not know which of its links it would be on.
void add_v6(LanLink& link, const ifaddrs& one) {
    const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(one.ifa_addr)->sin6_addr;
    Ipv6Bytes bytes;
    std::copy_n(reinterpret_cast<const char*>(ip.s6_addr), bytes.size(), bytes.begin());
    link.own_v6.push_back(bytes);
    if (IN6_IS_ADDR_LINKLOCAL(&ip) || link.addresses.v6.size() >= link_addresses_max) return;
    link.addresses.v6.push_back(bytes);
}
}  // namespace

std::map<int, LanLink> read_lan_links(const std::string& bridge) {
    std::map<int, LanLink> links;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return links;
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
    for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr || !(one->ifa_flags & IFF_UP) || !(one->ifa_flags & IFF_MULTICAST)) continue;
        // getifaddrs calls an IPv4 address by its label: "eth0:1".
        std::string device(one->ifa_name);
        if ((one->ifa_flags & IFF_LOOPBACK) || device == bridge || device == balancer_label) continue;
        device.resize(std::min(device.find(':'), device.size()));
        const int index = static_cast<int>(if_nametoindex(device.c_str()));
        if (index == 0) continue;
        if (one->ifa_addr->sa_family == AF_INET) add_v4(links[index], *one);
        else if (one->ifa_addr->sa_family == AF_INET6) add_v6(links[index], *one);
    }
    std::erase_if(links, [](const auto& link) { return link.second.addresses.empty(); });
    return links;
}

}  // namespace orilla::network
