// The ports of the box that a pod asks for.
#pragma once

#include <vector>

#include "orilla/kinds/types.hpp"
#include "orilla/node/ports.hpp"

namespace orilla::node {

/// Empty for pods on the host's network: they bind there themselves.
std::vector<HostPort> find_host_ports(const api::Pod& pod);

}  // namespace orilla::node
