// Listening sockets of the gateway's ports, on all addresses of the node.
#pragma once

#include <cstdint>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::gateway {

/// IPv6 and IPv4 over one socket where the kernel has both. conflict when somebody else has the port.
Result<UniqueFd> listen_on_port(uint16_t port);
/// 0 when it is no TCP socket that listens.
uint16_t find_listening_port(int fd);

}  // namespace orilla::gateway
