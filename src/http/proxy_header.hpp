// What stands before a connection that a load balancer has made for somebody else: PROXY protocol, version 1 (a line) and 2
// (binary). Pure; a listener that reads it believes it, so that only the balancer may reach that listener.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::http {

constexpr size_t proxy_header_bytes_max = 2 * 1024;  ///< with what version 2 may say behind the addresses

struct ProxyHeader {
    size_t bytes = 0;    ///< of the header itself
    std::string client;  ///< ADDRESS:PORT, [ADDRESS]:PORT; empty where it is about no other connection
};

/// From the first bytes of a connection; nothing as long as more of them are needed.
Result<std::optional<ProxyHeader>> parse_proxy_header(std::string_view bytes);

}  // namespace orilla::http
