// The node's side of the pods' links, as blocking steps: what LinksImpl hands to its executor. Each reads what is there and
// changes what differs, so that it can be repeated after a failure or when somebody else has changed it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netlink/rtnetlink.hpp"
#include "orilla/network/links.hpp"

namespace orilla::network {

/// What jobs on the executor need; they share it, because a job may end after Links.
struct Host {
    LinksConfig config;
    Ipv4 gateway;
    int bridge = 0;
    int mtu = 0;
    NetlinkSocket socket;  ///< used by one job at a time, and by open before there are jobs
};

/// Makes the bridge or takes it over, with its address, routes and sysctls. True when it was not there.
Result<bool> open_bridge(Host& host);

/// The bridge's ports.
Result<std::vector<LinkInfo>> read_ports(Host& host);

/// A new namespace whose eth0 has `ip`.
Result<UniqueFd> make_connected(Host& host, Ipv4 ip);
/// Gives a namespace its eth0 with `ip`; what was left of an earlier try is replaced.
Result<void> connect_existing(Host& host, UniqueFd netns, Ipv4 ip);
/// The link first: while the name is there, a restarted daemon finds what is left to remove.
Result<void> disconnect(Host& host, const PodLink& link);

/// Whether the links of pods on the bridge are somebody else's than `owner`'s; whose, then.
std::optional<std::string> find_other_owner(const std::vector<LinkInfo>& links, const std::string& bridge,
                                            const std::string& owner);

/// What there is of the bridge, and what belongs to it.
struct BridgeFacts {
    bool there = false;  ///< the very device that open_bridge made or took over
    bool up = false;
    bool address = false;
    bool pod_route = false;
    bool service_route = false;
    bool sysctls = false;
};
/// What of it has gone, in words; empty when nothing has.
std::string describe_bridge_losses(const BridgeFacts& facts);

/// What of the links with these addresses is not as it should be.
struct PortRepairs {
    std::vector<Ipv4> missing;   ///< no such link
    std::vector<Ipv4> detached;  ///< no port of the bridge, or set down
    bool operator==(const PortRepairs&) const = default;
};
PortRepairs plan_port_repairs(const std::vector<LinkInfo>& links, int bridge, const std::vector<Ipv4>& wanted);

struct HostRepairs {
    std::vector<Ipv4> missing;  ///< addresses without a link: those need their pod's namespace
    int bridge = 0;             ///< its index, which may be another one now
    bool repaired = false;      ///< something was not as it should be
};
/// Makes what has gone of the bridge again, and ports of it of links that are none.
Result<HostRepairs> repair_host_links(Host& host, const std::vector<Ipv4>& wanted);

}  // namespace orilla::network
