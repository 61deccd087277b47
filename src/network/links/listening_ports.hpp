// Who listens on the node, as /proc/net tells it.
#pragma once

#include <string_view>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/base/result.hpp"
#include "orilla/network/lan_addresses.hpp"

namespace orilla::network {

/// Of one file: /proc/net/tcp, tcp6, udp or udp6. Sockets that take what comes for `ip`; lines of another form are passed over.
std::vector<ListeningPort> parse_listening_ports(std::string_view file, Protocol protocol, Ipv4 ip);
/// Of all files; blocks. Sorted, each once.
Result<std::vector<ListeningPort>> read_listening_ports(Ipv4 ip);

}  // namespace orilla::network
