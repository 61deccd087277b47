// Connections that the kernel tracks and that no longer lead anywhere. TCP finds out by itself; a UDP flow to an endpoint
// that is gone would be sent there for as long as the client goes on, so it is deleted.
#pragma once

#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/network/service_rules.hpp"

namespace orilla::network {

/// Where a UDP service is reached, and where its flows may lead now.
struct UdpFrontend {
    Endpoint destination;             ///< ip 0: a node port, on any address of the node
    std::vector<Endpoint> endpoints;  ///< sorted; empty when nothing serves it any more
    auto operator<=>(const UdpFrontend&) const = default;
};

/// Deletes the flows to these that lead to none of the endpoints, or, where there are some, past them all.
Result<void> forget_stale_flows(const std::vector<UdpFrontend>& frontends);
/// Every tracked connection, of any protocol, from or to one of these pods' addresses.
Result<void> forget_flows_of(std::vector<Ipv4> pods);
/// The same of every address of the range but these.
Result<void> forget_flows_but_of(Cidr range, std::vector<Ipv4> kept);

}  // namespace orilla::network
