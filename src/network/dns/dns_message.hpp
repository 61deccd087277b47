// DNS messages as bytes: reading what strangers send, writing what we answer. Everything that is read is bounded by the
// message itself: names are at most 255 bytes, pointers lead only backwards, counts are limited.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/ipv4.hpp"

namespace orilla::network {

enum class DnsType : uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    soa = 6,
    ptr = 12,
    txt = 16,
    aaaa = 28,
    srv = 33,
    opt = 41,
    nsec = 47,
    any = 255,
};
enum class DnsRcode : uint16_t {
    ok = 0,
    format_error = 1,
    server_failure = 2,
    no_such_name = 3,
    not_implemented = 4,
    refused = 5,
    bad_version = 16
};

constexpr uint16_t dns_class_in = 1;
constexpr size_t dns_header_bytes = 12;
constexpr size_t dns_name_bytes_max = 255;
constexpr size_t dns_records_max = 64;       ///< of a query; it has one question and perhaps EDNS
constexpr size_t dns_plain_udp_bytes = 512;  ///< without EDNS
constexpr size_t dns_udp_bytes_max = 1232;   ///< fits any path without fragments
constexpr size_t dns_tcp_bytes_max = 65'535;

struct DnsQuery {
    uint16_t id = 0;
    uint16_t flags = 0;
    std::string name;           ///< lower case, without the last dot; a dot inside a label is written \.
    std::string_view question;  ///< the question's bytes, to be repeated
    uint16_t type = 0;
    uint16_t klass = 0;
    bool edns = false;
    uint8_t edns_version = 0;
    size_t udp_bytes = dns_plain_udp_bytes;  ///< what the client takes over UDP
};

struct ParsedQuery {
    enum class State { query, malformed, not_implemented, ignore } state = State::ignore;
    DnsQuery query;
};
/// `query.question` points into `bytes`.
ParsedQuery parse_query(std::string_view bytes);

/// The question's bytes (name, type, class) at the front of a message's body; empty when there is none.
std::string_view question_bytes(std::string_view message);
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Labels joined by dots; moves `offset` behind the name. Follows pointers, which must lead backwards.
std::optional<std::string> read_name(std::string_view message, size_t& offset);

/// A record's data starts at `data_offset` of the message it was read from.
struct DnsRecordView {
    std::string name;
    uint16_t type = 0;
    uint16_t klass = 0;
    uint32_t ttl = 0;
    size_t data_offset = 0;
    std::string_view data;
};
std::optional<DnsRecordView> read_record(std::string_view message, size_t& offset);

/// Wire form of a name without compression; empty when a label or the name is too long.
std::string name_bytes(std::string_view name);

/// Writes one reply: records are left out from the first that does not fit, and then it says so (TC).
class DnsReplyWriter {
  public:
    DnsReplyWriter(const DnsQuery& query, size_t bytes_max);
    enum class Section { answer, authority, additional };
    /// Sections in this order. `name` "" is the question's; `name_skip` leaves out that many of its bytes in front.
    void add(Section section, std::string_view name, DnsType type, uint32_t ttl, std::string_view data);
    void add_below_question(size_t name_skip, DnsType type, uint32_t ttl, std::string_view data);
    std::string finish(DnsRcode rcode, bool authoritative);

  private:
    void add_bytes(Section section, std::string_view name, DnsType type, uint32_t ttl, std::string_view data);
    const DnsQuery& query_;
    size_t bytes_max_;
    std::string bytes_;
    uint16_t counts_[3] = {};
    bool truncated_ = false;
};

/// The two bytes at `at` have to be there.
uint16_t from_be16(std::string_view bytes, size_t at);
std::string be16(uint16_t value);
std::string be32(uint32_t value);

/// A reply without records.
std::string error_reply(const DnsQuery& query, DnsRcode rcode);

}  // namespace orilla::network
