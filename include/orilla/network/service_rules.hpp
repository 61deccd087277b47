// Services in the kernel: one nftables table of maps, `table ip orilla`. It promises that looking a service up and
// changing it cost the same with ten thousand services as with one, that a change is one atomic transaction, that a
// daemon that starts anew changes only what differs, and that connections which are established go on. It touches no
// other table.
//
// Every service port is one element of `services` (by address) or `node_ports` (by port, on any address of the node,
// loopback included). Its value, its number of endpoints and its affinity, leads to a chain: `endpoints-3` picks slot 0,
// 1 or 2 at random and finds the endpoint in the map `endpoints`. There are chains for numbers of endpoints, never for
// services. Where pods and the node itself get other endpoints than the rest of the world, the map `inside` is asked first;
// its chains `inside-endpoints-3` use slots of their own. A chain `restricted-...` looks for the client in the set `sources`
// before, once for every length of a prefix.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/base/result.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::network {

enum class Protocol : uint8_t { tcp = 6, udp = 17, sctp = 132 };
/// TCP, UDP, SCTP; TCP for anything else.
constexpr Protocol to_protocol(std::string_view name) {
    if (name == "UDP") return Protocol::udp;
    return name == "SCTP" ? Protocol::sctp : Protocol::tcp;
}

struct Endpoint {
    Ipv4 ip;
    uint16_t port = 0;
    auto operator<=>(const Endpoint&) const = default;
};

/// More endpoints than this of one service port are not used; a warning says so.
constexpr size_t endpoints_per_service_port_max = 1024;

/// One port of a service. Without endpoints, connections are rejected at once, or dropped. A pod's hostPort is the same thing
/// with one endpoint: `node_port` for any address of the node, or its hostIP in `cluster_ips` and the hostPort in `port`.
struct ServicePortSpec {
    std::vector<Ipv4> cluster_ips;  ///< clusterIPs, externalIPs and load balancer addresses: where `port` is served
    uint16_t port = 0;
    Protocol protocol = Protocol::tcp;
    uint16_t node_port = 0;  ///< 0: none
    std::vector<Endpoint> endpoints;
    /// sessionAffinity ClientIP: a client address keeps its endpoint until it made no new connection for so long, or
    /// the endpoint is gone. 0: none.
    int affinity_timeout_s = 0;
    bool drops = false;  ///< without endpoints: others have some, so whoever asks may ask there
    /// What pods and the node itself get instead of `endpoints`; none: the same.
    std::optional<std::vector<Endpoint>> inside_endpoints = {};
    /// Clients that `cluster_ips` are for; others are dropped there. Empty: everybody. Node ports are for everybody.
    std::vector<Cidr> sources = {};
    bool owns_ips = false;  ///< `cluster_ips` are the service's alone: what nobody serves there is refused
};

class ServiceRules {
  public:
    using Services = std::map<std::string, std::vector<ServicePortSpec>>;

    virtual ~ServiceRules() = default;

    /// Makes the kernel's table say exactly `services` (owner -> ports; owner is "namespace/name", or anything unique
    /// for hostPorts). Call it once everything is known; the table of an earlier daemon serves until then. Reads back
    /// what the kernel has, so it also repairs a table that somebody changed.
    virtual Result<void> replace_all(Services services) = 0;
    /// Replaces what one owner wants; no ports removes it. Costs what changes. Call replace_all first.
    virtual Result<void> update(const std::string& owner, std::vector<ServicePortSpec> ports) = 0;
    /// Reads the kernel's table back and puts right what differs.
    virtual Result<void> repair() = 0;
    /// The same when the table is gone or another's, or lost chains or rules, found out without its elements: whatever the
    /// number of services. True when that was so.
    virtual Result<bool> repair_if_missing() = 0;
    /// From now on does so whenever somebody else has changed the node's nftables; at most once a second.
    virtual Result<void> follow(loop::Loop& loop) = 0;
    /// Why something `owner` wants is not served: another owner has the address and port. It is served once that is gone.
    virtual std::optional<std::string> find_conflict(const std::string& owner) const = 0;
    /// Who has a port on every address of the node: a node port's service, a pod's hostPort.
    virtual std::optional<std::string> find_node_port_owner(Protocol protocol, uint16_t port) const = 0;
};

}  // namespace orilla::network
