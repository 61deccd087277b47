#include "links/arp.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cstring>

namespace orilla::network {
namespace {
// As they stand in a packet: kinds and lengths of addresses, operation, then sender and target.
constexpr std::string_view ipv4_on_ethernet("\x00\x01\x08\x00\x06\x04", 6);
constexpr size_t operation_at = 6, sender_hardware_at = 8, sender_at = 14, target_at = 24, packet_bytes = 28;

uint32_t number_at(std::string_view bytes, size_t at) {
    uint32_t out = 0;
    for (size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<uint8_t>(bytes[at + i]);
    return out;
}
void put_number(std::string& bytes, size_t at, uint32_t number) {
    for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(number >> (24 - 8 * i));
}
}  // namespace

std::string hardware_text(const HardwareAddress& address) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", address[0], address[1], address[2], address[3], address[4],
                       address[5]);
}

std::string render_arp(const ArpPacket& packet) {
    std::string bytes(packet_bytes, '\0');
    ipv4_on_ethernet.copy(bytes.data(), ipv4_on_ethernet.size());
    bytes[operation_at + 1] = packet.reply ? 2 : 1;
    std::memcpy(bytes.data() + sender_hardware_at, packet.sender_hardware.data(), packet.sender_hardware.size());
    put_number(bytes, sender_at, packet.sender.value);
    put_number(bytes, target_at, packet.target.value);
    return bytes;
}

std::optional<ArpPacket> parse_arp(std::string_view bytes) {
    if (bytes.size() < packet_bytes || !bytes.starts_with(ipv4_on_ethernet) || bytes[operation_at] != 0) return std::nullopt;
    if (bytes[operation_at + 1] != 1 && bytes[operation_at + 1] != 2) return std::nullopt;
    ArpPacket packet;
    packet.reply = bytes[operation_at + 1] == 2;
    std::memcpy(packet.sender_hardware.data(), bytes.data() + sender_hardware_at, packet.sender_hardware.size());
    packet.sender.value = number_at(bytes, sender_at);
    packet.target.value = number_at(bytes, target_at);
    return packet;
}

std::vector<sock_filter> arp_filter(const AddressPool& pool) {
    static_assert(2 * AddressPool::ranges_max < 250, "a jump goes 255 instructions at most");
    std::vector<sock_filter> out = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sender_at),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, target_at),
    };
    size_t left = pool.ranges().size();
    for (const AddressRange& range : pool.ranges()) {
        // From behind the second instruction to the accepting one: the ranges after this, and the one that drops.
        const auto to_accept = static_cast<uint8_t>(2 * --left + 1);
        out.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, range.first.value, 0, 1));
        out.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, range.last.value, 0, to_accept));
    }
    out.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
    out.push_back(BPF_STMT(BPF_RET | BPF_K, 0xffff));
    return out;
}

}  // namespace orilla::network
