// The node's own address.
#pragma once

#include <string>

namespace orilla::network {

/// The address that others reach this box by: of the interface with the default route, else the first that is up and
/// neither loopback nor `bridge`; empty without one.
std::string find_node_ip(const std::string& bridge);

}  // namespace orilla::network
