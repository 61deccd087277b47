// IPv4 addresses and ranges as values. The pod and service networks are IPv4 only; text that is anything else is refused
// with the text in the message.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla {

/// One IPv4 address, kept in host order so that it sorts as people count.
struct Ipv4 {
    uint32_t value = 0;
    auto operator<=>(const Ipv4&) const = default;
    explicit operator bool() const { return value != 0; }
    /// "10.42.0.5"
    std::string text() const;
    /// Whether it means one other host: not unspecified, loopback, link-local, multicast or broadcast.
    bool is_ordinary() const;
};

/// A range: 10.42.0.0/24. The bits behind the prefix are zero.
struct Cidr {
    Ipv4 base;
    int prefix = 32;
    auto operator<=>(const Cidr&) const = default;
    uint32_t mask() const { return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix); }
    bool contains(Ipv4 ip) const { return (ip.value & mask()) == base.value; }
    /// Neither the network's nor the broadcast address.
    bool has_host(Ipv4 ip) const { return contains(ip) && ip != base && ip.value != (base.value | ~mask()); }
    bool overlaps(const Cidr& other) const { return contains(other.base) || other.contains(base); }
    /// The address `index` places behind the base: at(1) of 10.42.0.0/24 is 10.42.0.1.
    Ipv4 at(uint32_t index) const { return Ipv4{base.value + index}; }
    /// How many addresses the range has; 2^32 of /0.
    uint64_t size() const { return uint64_t{1} << (32 - prefix); }
    /// "10.42.0.0/24"
    std::string text() const;
};

/// Four decimal numbers without leading zeros; nothing else.
Result<Ipv4> parse_ipv4(std::string_view text);
/// Of either family.
bool is_ip(const std::string& text);
/// ADDRESS/PREFIX; refuses bits behind the prefix.
Result<Cidr> parse_cidr(std::string_view text);

}  // namespace orilla
