// IPv4 addresses and ranges, as far as Service addresses need them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace orilla {

/// In host order; nothing when the text is no address.
std::optional<uint32_t> parse_ipv4(std::string_view text);
std::string render_ipv4(uint32_t ip);

struct Ipv4Range {
    uint32_t base = 0;
    uint32_t size = 0;
    /// Neither the network's nor the broadcast address.
    bool has_host(uint32_t ip) const { return ip > base && ip - base < size - 1; }
};
/// ADDRESS/PREFIX with at least 4 addresses.
std::optional<Ipv4Range> parse_ipv4_range(std::string_view text);

}  // namespace orilla
