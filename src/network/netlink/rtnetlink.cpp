#include "netlink/rtnetlink.hpp"

#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <cerrno>

namespace orilla::network {

namespace {
constexpr int loopback_index = 1;  // of every network namespace
constexpr int mtu_default = 1500;
constexpr size_t note_bytes_max = 255;                // IFALIASZ of linux/if.h, which does not go with net/if.h
constexpr uint32_t unroutable_test_net = 0xc0000201;  // 192.0.2.1: only the default route leads there

ifinfomsg link_header(int index, unsigned flags = 0, unsigned change = 0) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = index;
    header.ifi_flags = flags;
    header.ifi_change = change;
    return header;
}

void put_ip(NetlinkWriter& out, uint16_t type, Ipv4 ip) { out.put_be32(type, ip.value); }

/// An address that belongs to a link with a prefix; noprefixroute is not set, so the kernel adds the range's route.
void write_address(NetlinkWriter& out, int link, Ipv4 ip, int prefix, uint16_t type, const char* what, int tolerated,
                   const std::string& label = {}) {
    ifaddrmsg header{};
    header.ifa_family = AF_INET;
    header.ifa_prefixlen = static_cast<unsigned char>(prefix);
    header.ifa_index = static_cast<unsigned>(link);
    header.ifa_scope = RT_SCOPE_UNIVERSE;
    const uint16_t flags = type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_REPLACE : 0;
    out.begin(type, flags, header, what, tolerated);
    put_ip(out, IFA_LOCAL, ip);
    put_ip(out, IFA_ADDRESS, ip);
    if (!label.empty()) out.put_name(IFA_LABEL, label);
    out.end();
}

rtmsg route_header(unsigned char scope, int prefix, unsigned char protocol = RTPROT_BOOT) {
    rtmsg header{};
    header.rtm_family = AF_INET;
    header.rtm_dst_len = static_cast<unsigned char>(prefix);
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = protocol;
    header.rtm_scope = scope;
    header.rtm_type = RTN_UNICAST;
    return header;
}
}  // namespace

// ---- reading ---------------------------------------------------------------------------------------------------------

Result<std::vector<LinkInfo>> read_links(NetlinkSocket& socket) {
    NetlinkWriter request;
    request.begin(RTM_GETLINK, NLM_F_DUMP, link_header(0), "list links");
    request.end();
    std::vector<LinkInfo> links;
    TRY_VOID(socket.dump(request, [&links](const NetlinkMessage& message) {
        ifinfomsg header;
        std::string_view rest;
        if (message.type != RTM_NEWLINK || !split_body(message.body, header, rest)) return;
        const NetlinkAttributes found(rest.data(), rest.size());
        links.push_back({header.ifi_index, found.name(IFLA_IFNAME), found.value<int>(IFLA_MASTER), found.value<int>(IFLA_MTU),
                         (header.ifi_flags & IFF_UP) != 0, found.name(IFLA_IFALIAS)});
    }));
    return links;
}

Result<int> find_link(NetlinkSocket& socket, const std::string& name) {
    TRY(const std::vector<LinkInfo> links, read_links(socket));
    for (const LinkInfo& link : links)
        if (link.name == name) return link.index;
    return Error(Code::not_found, "no device " + name);
}

Result<std::vector<AddressInfo>> read_addresses(NetlinkSocket& socket) {
    NetlinkWriter request;
    ifaddrmsg ask{};
    ask.ifa_family = AF_INET;
    request.begin(RTM_GETADDR, NLM_F_DUMP, ask, "list addresses");
    request.end();
    std::vector<AddressInfo> addresses;
    TRY_VOID(socket.dump(request, [&addresses](const NetlinkMessage& message) {
        ifaddrmsg header;
        std::string_view rest;
        if (message.type != RTM_NEWADDR || !split_body(message.body, header, rest) || header.ifa_family != AF_INET) return;
        const NetlinkAttributes found(rest.data(), rest.size());
        const size_t own = found.has(IFA_LOCAL) ? IFA_LOCAL : IFA_ADDRESS;
        addresses.push_back(
            {static_cast<int>(header.ifa_index), Ipv4{found.be32(own)}, header.ifa_prefixlen, found.name(IFA_LABEL)});
    }));
    return addresses;
}

std::optional<RouteInfo> find_route(NetlinkSocket& socket, Ipv4 destination) {
    NetlinkWriter request;
    rtmsg ask{};
    ask.rtm_family = AF_INET;
    ask.rtm_dst_len = 32;
    request.begin(RTM_GETROUTE, NLM_F_ACK, ask, "look a route up");
    put_ip(request, RTA_DST, destination);
    request.end();
    std::optional<RouteInfo> route;
    // ENETUNREACH: no route, as good as none that leads anywhere.
    (void)socket.dump(request, [&route](const NetlinkMessage& message) {
        rtmsg header;
        std::string_view rest;
        if (message.type != RTM_NEWROUTE || !split_body(message.body, header, rest)) return;
        route = RouteInfo{header.rtm_type, NetlinkAttributes(rest.data(), rest.size()).value<int>(RTA_OIF)};
    });
    return route;
}

int find_route_device(NetlinkSocket& socket, Ipv4 destination) {
    const auto route = find_route(socket, destination);
    return route ? route->device : 0;
}

Result<int> read_default_mtu(NetlinkSocket& socket) {
    const int device = find_route_device(socket, Ipv4{unroutable_test_net});
    TRY(const std::vector<LinkInfo> links, read_links(socket));
    for (const LinkInfo& link : links)
        if (link.index == device && device != loopback_index && link.mtu > 0) return link.mtu;
    return mtu_default;
}

std::string mac_of(Ipv4 ip) {
    std::string mac("\x02\x00", 2);
    for (int shift = 24; shift >= 0; shift -= 8) mac += static_cast<char>(ip.value >> shift & 255);
    return mac;
}

// ---- the node's side -------------------------------------------------------------------------------------------------

Result<void> apply_bridge(NetlinkSocket& socket, const std::string& name, Ipv4 ip, int mtu) {
    NetlinkWriter batch;
    batch.begin(RTM_NEWLINK, NLM_F_CREATE, link_header(0, IFF_UP, IFF_UP), "create the bridge");
    batch.put_name(IFLA_IFNAME, name);
    // A fixed address: a bridge without one takes its lowest port's, which changes under the pods.
    batch.put(IFLA_ADDRESS, mac_of(ip));
    batch.put_value(IFLA_MTU, static_cast<uint32_t>(mtu));
    const size_t info = batch.nest(IFLA_LINKINFO);
    batch.put_name(IFLA_INFO_KIND, "bridge");
    const size_t data = batch.nest(IFLA_INFO_DATA);
    // No multicast bookkeeping: its timers would wake an idle box.
    batch.put_value(IFLA_BR_MCAST_SNOOPING, uint8_t{0});
    batch.unnest(data);
    batch.unnest(info);
    batch.end();
    return socket.apply(batch);
}

Result<void> apply_note(NetlinkSocket& socket, int link, const std::string& note) {
    NetlinkWriter batch;
    batch.begin(RTM_SETLINK, 0, link_header(link), "note the owner of a device");
    batch.put_name(IFLA_IFALIAS, note.substr(0, note_bytes_max));
    batch.end();
    return socket.apply(batch);
}

Result<void> apply_bridge_addresses(NetlinkSocket& socket, int bridge, Ipv4 ip, const Cidr& pods, const Cidr& services) {
    NetlinkWriter batch;
    write_address(batch, bridge, ip, pods.prefix, RTM_NEWADDR, "set the bridge's address", EEXIST);
    // The kernel makes the pods' route with the address, but not again when somebody deletes it alone.
    const auto route = [&](const Cidr& range, unsigned char protocol, const char* what) {
        batch.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route_header(RT_SCOPE_LINK, range.prefix, protocol), what);
        put_ip(batch, RTA_DST, range.base);
        put_ip(batch, RTA_PREFSRC, ip);
        batch.put_value(RTA_OIF, static_cast<uint32_t>(bridge));
        batch.end();
    };
    route(pods, RTPROT_KERNEL, "route the pod addresses");
    route(services, RTPROT_BOOT, "route the service addresses");
    return socket.apply(batch);
}

Result<void> add_labelled_address(NetlinkSocket& socket, int link, Ipv4 ip, const std::string& label) {
    NetlinkWriter batch;
    write_address(batch, link, ip, 32, RTM_NEWADDR, "add an address", EEXIST, label);
    return socket.apply(batch);
}

Result<void> remove_address(NetlinkSocket& socket, const AddressInfo& address) {
    NetlinkWriter batch;
    write_address(batch, address.link, address.ip, address.prefix, RTM_DELADDR, "remove an address", EADDRNOTAVAIL);
    return socket.apply(batch);
}

Result<void> create_veth(NetlinkSocket& socket, const std::string& name, int bridge, int mtu, int netns, Ipv4 pod_ip) {
    NetlinkWriter batch;
    batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header(0, IFF_UP, IFF_UP), "create the veth pair");
    batch.put_name(IFLA_IFNAME, name);
    batch.put_value(IFLA_MTU, static_cast<uint32_t>(mtu));
    batch.put_value(IFLA_MASTER, static_cast<uint32_t>(bridge));
    const size_t info = batch.nest(IFLA_LINKINFO);
    batch.put_name(IFLA_INFO_KIND, "veth");
    const size_t data = batch.nest(IFLA_INFO_DATA);
    const size_t peer = batch.nest(VETH_INFO_PEER);
    // Not up yet: a peer that is created up fails, and it has no address.
    const ifinfomsg inside = link_header(0);
    batch.append(&inside, sizeof inside);
    batch.put_name(IFLA_IFNAME, "eth0");
    batch.put(IFLA_ADDRESS, mac_of(pod_ip));
    batch.put_value(IFLA_MTU, static_cast<uint32_t>(mtu));
    batch.put_value(IFLA_NET_NS_FD, static_cast<uint32_t>(netns));
    batch.unnest(peer);
    batch.unnest(data);
    batch.unnest(info);
    batch.end();
    return socket.apply(batch);
}

Result<void> apply_port(NetlinkSocket& socket, const std::string& name, int bridge) {
    NetlinkWriter batch;
    batch.begin(RTM_NEWLINK, 0, link_header(0, IFF_UP, IFF_UP), "put the veth on the bridge");
    batch.put_name(IFLA_IFNAME, name);
    batch.put_value(IFLA_MASTER, static_cast<uint32_t>(bridge));
    batch.end();
    // Where br_netfilter calls the rules for bridged frames, what a pod sends to itself through a service is bridged back
    // to where it came from. For the same reason ports are not isolated: services between pods would be cut.
    batch.begin(RTM_NEWLINK, 0, link_header(0), "set the bridge port's hairpin mode");
    batch.put_name(IFLA_IFNAME, name);
    const size_t info = batch.nest(IFLA_LINKINFO);
    batch.put_name(IFLA_INFO_SLAVE_KIND, "bridge");
    const size_t data = batch.nest(IFLA_INFO_SLAVE_DATA);
    batch.put_value(IFLA_BRPORT_MODE, uint8_t{1});
    batch.unnest(data);
    batch.unnest(info);
    batch.end();
    return socket.apply(batch);
}

Result<void> remove_link(NetlinkSocket& socket, const std::string& name) {
    NetlinkWriter batch;
    batch.begin(RTM_DELLINK, 0, link_header(0), "remove the link", ENODEV);
    batch.put_name(IFLA_IFNAME, name);
    batch.end();
    return socket.apply(batch);
}

// ---- the pod's side --------------------------------------------------------------------------------------------------

Result<void> apply_pod_side(NetlinkSocket& pod_socket, Ipv4 ip, Ipv4 gateway) {
    TRY(const int eth0, find_link(pod_socket, "eth0"));
    NetlinkWriter batch;
    batch.begin(RTM_NEWLINK, 0, link_header(loopback_index, IFF_UP, IFF_UP), "set lo up in the pod");
    batch.end();
    // A /32: what goes to another pod passes the node, and with it the service rules.
    write_address(batch, eth0, ip, 32, RTM_NEWADDR, "set the pod's address", EEXIST);
    batch.begin(RTM_NEWLINK, 0, link_header(eth0, IFF_UP, IFF_UP), "set eth0 up in the pod");
    batch.end();
    batch.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route_header(RT_SCOPE_LINK, 32), "route to the gateway");
    put_ip(batch, RTA_DST, gateway);
    batch.put_value(RTA_OIF, static_cast<uint32_t>(eth0));
    batch.end();
    batch.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route_header(RT_SCOPE_UNIVERSE, 0), "add the default route");
    put_ip(batch, RTA_GATEWAY, gateway);
    batch.put_value(RTA_OIF, static_cast<uint32_t>(eth0));
    batch.end();
    return pod_socket.apply(batch);
}

}  // namespace orilla::network
