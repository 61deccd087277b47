// What Orilla asks of rtnetlink: the bridge, veth pairs, addresses and routes. Each function is one request or one batch
// on a socket of the network namespace that is meant, and can be repeated.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "netlink/netlink.hpp"
#include "orilla/base/ipv4.hpp"

namespace orilla::network {

struct LinkInfo {
    int index = 0;
    std::string name;
    int master = 0;  ///< index of the bridge it is a port of
    int mtu = 0;
    bool up = true;
    std::string note = {};  ///< ip-link(8)'s alias
};

struct AddressInfo {
    int link = 0;
    Ipv4 ip;
    int prefix = 32;
    std::string label = {};
};

/// How the kernel would send to an address.
struct RouteInfo {
    int type = 0;  ///< RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST ...
    int device = 0;
};

Result<std::vector<LinkInfo>> read_links(NetlinkSocket& socket);
/// The index of a device.
Result<int> find_link(NetlinkSocket& socket, const std::string& name);
Result<std::vector<AddressInfo>> read_addresses(NetlinkSocket& socket);
/// The device that packets to an address leave by, 0 when there is none.
int find_route_device(NetlinkSocket& socket, Ipv4 destination);
/// Nothing when there is no route.
std::optional<RouteInfo> find_route(NetlinkSocket& socket, Ipv4 destination);
/// MTU of the device of the default route, 1500 without one.
Result<int> read_default_mtu(NetlinkSocket& socket);

/// 02:00 and the address: the same after every restart, so that pods keep what they learned.
std::string mac_of(Ipv4 ip);

/// Makes the bridge, or makes an existing one right.
Result<void> apply_bridge(NetlinkSocket& socket, const std::string& name, Ipv4 ip, int mtu);
/// ip-link(8)'s alias of a device; cut where the kernel takes no more.
Result<void> apply_note(NetlinkSocket& socket, int link, const std::string& note);
/// The bridge's address, and the ways to pods and services.
Result<void> apply_bridge_addresses(NetlinkSocket& socket, int bridge, Ipv4 ip, const Cidr& pods, const Cidr& services);
/// A /32 beside the device's own ones; ip-address(8) shows the label, which tells whose it is. Fine when it is there.
Result<void> add_labelled_address(NetlinkSocket& socket, int link, Ipv4 ip, const std::string& label);
Result<void> remove_address(NetlinkSocket& socket, const AddressInfo& address);

/// A veth pair: `name` here, up and a port of the bridge; eth0 in the namespace `netns`.
Result<void> create_veth(NetlinkSocket& socket, const std::string& name, int bridge, int mtu, int netns, Ipv4 pod_ip);
/// Makes a port of the bridge of it, up and in hairpin mode.
Result<void> apply_port(NetlinkSocket& socket, const std::string& name, int bridge);
Result<void> remove_link(NetlinkSocket& socket, const std::string& name);
/// Inside the pod's namespace: lo up, eth0's address, up, the way to the gateway and the default route.
Result<void> apply_pod_side(NetlinkSocket& pod_socket, Ipv4 ip, Ipv4 gateway);

}  // namespace orilla::network
