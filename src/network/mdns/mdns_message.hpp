// Multicast DNS messages (RFC 6762) as bytes: what strangers on the LAN send, and what is sent of our names. Pure; bounded as
// dns_message.hpp is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/dns_message.hpp"

namespace orilla::network {

constexpr size_t mdns_records_max = 128;       ///< of one message, questions included
constexpr uint16_t mdns_flush_bit = 0x8000;    ///< of a record's class: forget what else there was
constexpr uint16_t mdns_unicast_bit = 0x8000;  ///< of a question's class: answer to me alone

struct MdnsQuestion {
    std::string name;  ///< small letters, without the last dot
    uint16_t type = 0;
    bool wants_unicast = false;
    bool operator==(const MdnsQuestion&) const = default;
};

struct MdnsRecord {
    std::string name;
    uint16_t type = 0;
    uint32_t ttl_s = 0;
    std::string data;  ///< as it stands in the message: fine for addresses, which have no names in them
    bool flush = true;
    bool operator==(const MdnsRecord&) const = default;
};

struct MdnsMessage {
    uint16_t id = 0;
    bool is_response = false;
    bool is_cut = false;  ///< more of what is known already follows in the next one (TC)
    std::vector<MdnsQuestion> questions;
    std::vector<MdnsRecord> answers;
    std::vector<MdnsRecord> authorities;  ///< of a probe: what its sender is about to use
    std::vector<MdnsRecord> additionals;
};

/// Only of class IN. Nothing for what is no message, or says more than it may.
std::optional<MdnsMessage> parse_mdns(std::string_view bytes);
/// Names are compressed to those that went before.
std::string render_mdns(const MdnsMessage& message);

}  // namespace orilla::network
