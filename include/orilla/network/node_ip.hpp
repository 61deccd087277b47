// The node's own address.
#pragma once

#include <string>

namespace orilla::network {

/// How addresses are labelled that the node has for its load balancers: `ip address show label orilla-lb`.
constexpr char balancer_label[] = "orilla-lb";

/// The address that others reach this box by: of the interface with the default route, else the first that is up and
/// neither loopback nor `bridge`; never a load balancer's; empty without one.
std::string find_node_ip(const std::string& bridge);

}  // namespace orilla::network
