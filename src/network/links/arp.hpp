// ARP for IPv4 on Ethernet as bytes, and the kernel's filter for what is of interest. Pure.
#pragma once

#include <linux/filter.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/network/address_pool.hpp"

namespace orilla::network {

using HardwareAddress = std::array<uint8_t, 6>;
/// "02:42:c0:00:02:32"
std::string hardware_text(const HardwareAddress& address);

struct ArpPacket {
    bool reply = false;
    HardwareAddress sender_hardware{};
    Ipv4 sender;  ///< 0 in a probe: nobody learns from it
    Ipv4 target;
};
std::string render_arp(const ArpPacket& packet);
/// Nothing when it is cut short, or about something else than IPv4 on Ethernet.
std::optional<ArpPacket> parse_arp(std::string_view bytes);

/// Packets whose sender, or whose target where the sender is 0, is in the pool.
std::vector<sock_filter> arp_filter(const AddressPool& pool);

}  // namespace orilla::network
