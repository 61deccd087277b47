// Connections that the kernel tracks and that no longer lead anywhere. TCP finds out by itself; a UDP flow to an endpoint
// that is gone would be sent there for as long as the client goes on, so it is deleted.
#pragma once

#include <vector>

#include "orilla/network/address.hpp"
#include "orilla/network/service_rules.hpp"

namespace orilla::network {

/// UDP flows to be forgotten: those sent to `destination` (ip 0: any address of the node, as a node port), and of these
/// those that were led to `endpoint`, or all of them when it is empty.
struct StaleFlow {
    Endpoint destination;
    Endpoint endpoint;
    auto operator<=>(const StaleFlow&) const = default;
};

Result<void> forget_flows(const std::vector<StaleFlow>& flows);
/// Every tracked connection, of any protocol, from or to a pod's address.
Result<void> forget_flows_of(Ipv4 pod);

}  // namespace orilla::network
