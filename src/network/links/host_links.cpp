#include "links/host_links.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>

#include "links/link_names.hpp"
#include "links/pod_namespace.hpp"
#include "orilla/base/log.hpp"

namespace orilla::network {

namespace {
Result<void> connect_namespace(Host& host, PreparedNamespace& inside, Ipv4 ip) {
    const std::string name = veth_name(ip);
    auto made = create_veth(host.socket, name, host.bridge, host.mtu, inside.netns.get(), ip);
    if (!made && made.error().error_number() == EEXIST) {
        TRY_VOID(remove_link(host.socket, name));
        made = create_veth(host.socket, name, host.bridge, host.mtu, inside.netns.get(), ip);
    }
    if (!made) return std::move(made).error();
    TRY_VOID(apply_pod_side(inside.socket, ip, host.gateway));
    TRY_VOID(apply_port(host.socket, name, host.bridge));
    // Nobody speaks IPv6 there; without this the kernel would announce itself on every link.
    (void)write_sysctl(fmt::format("net/ipv6/conf/{}/disable_ipv6", name), "1");
    return ok();
}

}  // namespace

Result<UniqueFd> make_connected(Host& host, Ipv4 ip) {
    TRY(PreparedNamespace inside, create_pod_namespace());
    TRY_VOID(connect_namespace(host, inside, ip));
    return std::move(inside.netns);
}

Result<void> connect_existing(Host& host, UniqueFd netns, Ipv4 ip) {
    TRY(PreparedNamespace inside, prepare_pod_namespace(std::move(netns)));
    return connect_namespace(host, inside, ip);
}

Result<void> disconnect(Host& host, const PodLink& link) {
    TRY_VOID(remove_link(host.socket, veth_name(link.ip)));
    return unname_namespace(link.netns_path);
}

// ---- the bridge ------------------------------------------------------------------------------------------------------

namespace {
constexpr std::string_view owner_note = "orilla, with the pods of ";

/// A bridge of the administrator's may have a note of his; that one stays.
Result<void> note_owner(Host& host) {
    if (host.config.owner.empty()) return ok();
    TRY(const std::vector<LinkInfo> links, read_links(host.socket));
    const auto found = std::ranges::find(links, host.bridge, &LinkInfo::index);
    const std::string note = std::string(owner_note) + host.config.owner;
    if (found == links.end() || found->note == note || !(found->note.empty() || found->note.starts_with(owner_note)))
        return ok();
    return apply_note(host.socket, host.bridge, note);
}

/// Refuses ranges that another device's network has; takes old addresses off our bridge.
Result<void> settle_addresses(Host& host) {
    TRY(const std::vector<LinkInfo> links, read_links(host.socket));
    TRY(const std::vector<AddressInfo> addresses, read_addresses(host.socket));
    const LinksConfig& config = host.config;
    for (const AddressInfo& address : addresses) {
        if (address.link == host.bridge) continue;
        const Cidr mask{{}, address.prefix};
        const Cidr network{Ipv4{address.ip.value & mask.mask()}, address.prefix};
        for (const Cidr& ours : {config.cluster_cidr.value_or(config.pod_cidr), config.service_cidr}) {
            if (!ours.overlaps(network)) continue;
            std::string device = "a device";
            for (const LinkInfo& link : links)
                if (link.index == address.link) device = link.name;
            return Error(
                Code::invalid,
                fmt::format("{} overlaps the network of {} ({}/{}): choose other --pod-cidr, --cluster-cidr and --service-cidr",
                            ours.text(), device, address.ip.text(), address.prefix));
        }
    }
    for (const AddressInfo& address : addresses)
        if (address.link == host.bridge && !(address.ip == host.gateway && address.prefix == config.pod_cidr.prefix))
            TRY_VOID(remove_address(host.socket, address));
    return ok();
}

struct NodeSysctl {
    std::string path, value;
};

std::vector<NodeSysctl> node_sysctls(const std::string& bridge) {
    const std::string conf = "net/ipv4/conf/" + bridge;
    return {
        {"net/ipv4/ip_forward", "1"},
        {conf + "/forwarding", "1"},  // goes along with the one above, unless somebody has set it apart
        // 127.0.0.1:NodePort leads to a pod; the rules drop what others send to loopback addresses.
        {conf + "/route_localnet", "1"},
        // Pods talk to each other through us on one device: "go there directly" would be wrong. The value for `all` is ORed
        // with each device's own, so other devices keep theirs.
        {conf + "/send_redirects", "0"},
        {"net/ipv4/conf/all/send_redirects", "0"},
    };
}

Result<void> apply_node_sysctls(const std::string& bridge) {
    for (const NodeSysctl& sysctl : node_sysctls(bridge)) TRY_VOID(write_sysctl(sysctl.path, sysctl.value));
    (void)write_sysctl(fmt::format("net/ipv6/conf/{}/disable_ipv6", bridge), "1");
    return ok();
}
}  // namespace

Result<bool> open_bridge(Host& host) {
    TRY(const int default_mtu, read_default_mtu(host.socket));
    host.mtu = host.config.mtu > 0 ? host.config.mtu : default_mtu;
    host.bridge = find_link(host.socket, host.config.bridge).value_or(0);
    const bool is_new = host.bridge == 0;
    TRY_VOID(settle_addresses(host));
    TRY_VOID(apply_bridge(host.socket, host.config.bridge, host.gateway, host.mtu));
    TRY(host.bridge, find_link(host.socket, host.config.bridge));
    auto applied = note_owner(host);
    if (applied) applied = apply_node_sysctls(host.config.bridge);
    if (applied)
        applied =
            apply_bridge_addresses(host.socket, host.bridge, host.gateway, host.config.pod_cidr, host.config.service_cidr);
    if (applied) return is_new;
    // One that is of no use would stand in the way of the next try, which may have other ranges.
    if (is_new) (void)remove_link(host.socket, host.config.bridge);
    return std::move(applied).error();
}

std::optional<std::string> find_other_owner(const std::vector<LinkInfo>& links, const std::string& bridge,
                                            const std::string& owner) {
    const auto found = std::ranges::find(links, bridge, &LinkInfo::name);
    if (found == links.end() || !found->note.starts_with(owner_note)) return std::nullopt;
    std::string other = found->note.substr(owner_note.size());
    // It may have been cut.
    if (owner.starts_with(other)) return std::nullopt;
    const auto is_pods = [&](const LinkInfo& link) { return link.master == found->index && parse_veth_name(link.name); };
    if (std::ranges::none_of(links, is_pods)) return std::nullopt;
    return other;
}

Result<void> check_bridge_owner(const std::string& bridge, const std::string& owner) {
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    TRY(const std::vector<LinkInfo> links, read_links(socket));
    const auto other = find_other_owner(links, bridge, owner);
    if (!other) return ok();
    return Error(Code::conflict,
                 fmt::format("bridge {} has the links of the pods of {}, which this start of {} would cut: choose another "
                             "--bridge; if that one is gone for good, remove it: ip link delete {}",
                             bridge, *other, owner, bridge));
}

Result<std::vector<LinkInfo>> read_ports(Host& host) {
    TRY(std::vector<LinkInfo> links, read_links(host.socket));
    std::erase_if(links, [&host](const LinkInfo& link) { return link.master != host.bridge; });
    return links;
}

// ---- repair ----------------------------------------------------------------------------------------------------------

PortRepairs plan_port_repairs(const std::vector<LinkInfo>& links, int bridge, const std::vector<Ipv4>& wanted) {
    PortRepairs out;
    for (const Ipv4& ip : wanted) {
        const std::string name = veth_name(ip);
        const auto found = std::find_if(links.begin(), links.end(), [&](const LinkInfo& link) { return link.name == name; });
        if (found == links.end()) out.missing.push_back(ip);
        else if (found->master != bridge || !found->up) out.detached.push_back(ip);
    }
    return out;
}

namespace {
BridgeFacts observe_bridge(Host& host, const std::vector<LinkInfo>& links, const std::vector<AddressInfo>& addresses) {
    BridgeFacts facts;
    const LinksConfig& config = host.config;
    for (const LinkInfo& link : links)
        if (link.index == host.bridge && link.name == config.bridge) facts.there = true, facts.up = link.up;
    for (const AddressInfo& address : addresses)
        facts.address |= address.link == host.bridge && address.ip == host.gateway && address.prefix == config.pod_cidr.prefix;
    if (!facts.there) return facts;
    facts.pod_route = find_route_device(host.socket, config.pod_cidr.at(2)) == host.bridge;
    facts.service_route = find_route_device(host.socket, config.service_cidr.at(1)) == host.bridge;
    const auto sysctls = node_sysctls(config.bridge);
    facts.sysctls =
        std::all_of(sysctls.begin(), sysctls.end(), [](const auto& one) { return read_sysctl(one.path) == one.value; });
    return facts;
}
}  // namespace

std::string describe_bridge_losses(const BridgeFacts& facts) {
    if (!facts.there) return "it had gone";
    const std::pair<bool, const char*> parts[] = {{facts.up, "it was down"},
                                                  {facts.address, "its address had gone"},
                                                  {facts.pod_route, "the route to the pods had gone"},
                                                  {facts.service_route, "the route to the services had gone"},
                                                  {facts.sysctls, "forwarding or another sysctl was changed"}};
    std::string lost;
    for (const auto& [there, what] : parts)
        if (!there) lost += (lost.empty() ? "" : ", ") + std::string(what);
    return lost;
}

Result<HostRepairs> repair_host_links(Host& host, const std::vector<Ipv4>& wanted) {
    HostRepairs out;
    TRY(std::vector<LinkInfo> links, read_links(host.socket));
    TRY(const std::vector<AddressInfo> addresses, read_addresses(host.socket));
    if (const std::string lost = describe_bridge_losses(observe_bridge(host, links, addresses)); !lost.empty()) {
        TRY_VOID(open_bridge(host));
        log::warning(fmt::format("bridge {} was repaired: {}", host.config.bridge, lost));
        out.repaired = true;
        TRY(links, read_links(host.socket));
    }
    PortRepairs repairs = plan_port_repairs(links, host.bridge, wanted);
    for (const Ipv4& ip : repairs.detached) TRY_VOID(apply_port(host.socket, veth_name(ip), host.bridge));
    if (!repairs.detached.empty())
        log::warning(fmt::format("{} pod links were put back on bridge {}", repairs.detached.size(), host.config.bridge));
    out.repaired = out.repaired || !repairs.detached.empty();
    out.missing = std::move(repairs.missing);
    out.bridge = host.bridge;
    return out;
}

}  // namespace orilla::network
