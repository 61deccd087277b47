#include "dns/dns_message.hpp"

namespace orilla::network {

namespace {
constexpr uint16_t flag_response = 0x8000, flag_authoritative = 0x0400, flag_truncated = 0x0200,
                   flag_recursion_desired = 0x0100, flag_recursion_available = 0x0080, opcode_mask = 0x7800,
                   flag_checking_disabled = 0x0010;
constexpr size_t question_tail_bytes = 4, record_head_bytes = 10, opt_record_bytes = 11;
constexpr size_t label_bytes_max = 63;

uint32_t u32(std::string_view bytes, size_t at) { return uint32_t{from_be16(bytes, at)} << 16 | from_be16(bytes, at + 2); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void append_label(std::string& name, std::string_view label) {
    if (!name.empty()) name += '.';
    for (const char c : label) {
        if (c == '.') name += '\\';
        name += lower(c);
    }
}

/// The question's name: without compression, since nothing stands before it.
bool read_plain_name(std::string_view bytes, size_t& offset, std::string& name) {
    const size_t start = offset;
    for (;;) {
        if (offset >= bytes.size()) return false;
        const size_t length = static_cast<uint8_t>(bytes[offset]);
        if (length > label_bytes_max || offset + 1 + length > bytes.size()) return false;
        if (offset + 1 + length - start > dns_name_bytes_max) return false;
        if (length == 0) break;
        append_label(name, bytes.substr(offset + 1, length));
        offset += 1 + length;
    }
    ++offset;
    return true;
}

/// Looks for EDNS among the records behind the question; false when they are not what they say.
bool read_edns(std::string_view bytes, size_t offset, size_t records, DnsQuery& query) {
    for (size_t i = 0; i < records; ++i) {
        const size_t start = offset;
        const auto record = read_record(bytes, offset);
        if (!record) return false;
        if (record->type != static_cast<uint16_t>(DnsType::opt)) continue;
        if (query.edns || bytes[start] != '\0') return false;
        query.edns = true;
        query.edns_version = static_cast<uint8_t>(record->ttl >> 16 & 255);
        const size_t offered = from_be16(bytes, start + 3);  // where other records have their class
        query.udp_bytes = offered < dns_plain_udp_bytes ? dns_plain_udp_bytes
                          : offered > dns_udp_bytes_max ? dns_udp_bytes_max
                                                        : offered;
    }
    return true;
}
}  // namespace

uint16_t from_be16(std::string_view bytes, size_t at) {
    return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 | static_cast<uint8_t>(bytes[at + 1]));
}
std::string be16(uint16_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 255)}; }
std::string be32(uint32_t value) {
    return be16(static_cast<uint16_t>(value >> 16)) + be16(static_cast<uint16_t>(value & 0xffff));
}

// ---- reading ---------------------------------------------------------------------------------------------------------

ParsedQuery parse_query(std::string_view bytes) {
    ParsedQuery parsed;
    if (bytes.size() < dns_header_bytes) return parsed;
    DnsQuery& query = parsed.query;
    query.id = from_be16(bytes, 0);
    query.flags = from_be16(bytes, 2);
    // An answer to an answer could go on for ever.
    if (query.flags & flag_response) return parsed;
    parsed.state = ParsedQuery::State::malformed;
    if (query.flags & opcode_mask) {
        parsed.state = ParsedQuery::State::not_implemented;
        return parsed;
    }
    const size_t records = size_t{from_be16(bytes, 6)} + from_be16(bytes, 8) + from_be16(bytes, 10);
    size_t offset = dns_header_bytes;
    if (from_be16(bytes, 4) != 1 || records > dns_records_max) return parsed;
    if (!read_plain_name(bytes, offset, query.name) || offset + question_tail_bytes > bytes.size()) return parsed;
    query.type = from_be16(bytes, offset);
    query.klass = from_be16(bytes, offset + 2);
    offset += question_tail_bytes;
    const std::string_view question = bytes.substr(dns_header_bytes, offset - dns_header_bytes);
    if (!read_edns(bytes, offset, records, query)) return parsed;
    query.question = question;
    parsed.state = ParsedQuery::State::query;
    return parsed;
}

std::string_view question_bytes(std::string_view message) {
    std::string name;
    size_t offset = dns_header_bytes;
    if (message.size() < dns_header_bytes || from_be16(message, 4) != 1) return {};
    if (!read_plain_name(message, offset, name) || offset + question_tail_bytes > message.size()) return {};
    return message.substr(dns_header_bytes, offset + question_tail_bytes - dns_header_bytes);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

std::optional<std::string> read_name(std::string_view message, size_t& offset) {
    std::string name;
    size_t at = offset, lowest = offset, bytes = 0;
    bool jumped = false;
    for (;;) {
        if (at >= message.size()) return std::nullopt;
        const size_t length = static_cast<uint8_t>(message[at]);
        if (length >= 0xc0) {
            if (at + 2 > message.size()) return std::nullopt;
            const size_t target = from_be16(message, at) & 0x3fff;
            if (!jumped) offset = at + 2;
            jumped = true;
            // Every pointer leads further back than all before it, so there is an end.
            if (target >= lowest) return std::nullopt;
            at = lowest = target;
            continue;
        }
        bytes += 1 + length;
        if (length > label_bytes_max || at + 1 + length > message.size() || bytes > dns_name_bytes_max) return std::nullopt;
        at += 1 + length;
        if (length == 0) break;
        append_label(name, message.substr(at - length, length));
    }
    if (!jumped) offset = at;
    return name;
}

std::optional<DnsRecordView> read_record(std::string_view message, size_t& offset) {
    DnsRecordView record;
    auto name = read_name(message, offset);
    if (!name || offset + record_head_bytes > message.size()) return std::nullopt;
    record.name = std::move(*name);
    record.type = from_be16(message, offset);
    record.klass = from_be16(message, offset + 2);
    record.ttl = u32(message, offset + 4);
    const size_t size = from_be16(message, offset + 8);
    record.data_offset = offset + record_head_bytes;
    if (record.data_offset + size > message.size()) return std::nullopt;
    record.data = message.substr(record.data_offset, size);
    offset = record.data_offset + size;
    return record;
}

// ---- writing ---------------------------------------------------------------------------------------------------------

std::string name_bytes(std::string_view name) {
    std::string out;
    while (!name.empty()) {
        const size_t dot = std::min(name.find('.'), name.size());
        if (dot == 0 || dot > label_bytes_max) return {};
        out += static_cast<char>(dot);
        out += name.substr(0, dot);
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    out += '\0';
    if (out.size() > dns_name_bytes_max) return {};
    return out;
}

DnsReplyWriter::DnsReplyWriter(const DnsQuery& query, size_t bytes_max) : query_(query), bytes_max_(bytes_max) {
    bytes_.assign(dns_header_bytes, '\0');
    bytes_ += query.question;
    if (query.edns) bytes_max_ -= opt_record_bytes;
}

void DnsReplyWriter::add(Section section, std::string_view name, DnsType type, uint32_t ttl, std::string_view data) {
    if (name.empty()) return add_below_question(0, type, ttl, data);
    const std::string owner = name_bytes(name);
    if (!owner.empty()) add_bytes(section, owner, type, ttl, data);
}

void DnsReplyWriter::add_below_question(size_t name_skip, DnsType type, uint32_t ttl, std::string_view data) {
    const std::string pointer = be16(static_cast<uint16_t>(0xc000 | (dns_header_bytes + name_skip)));
    add_bytes(name_skip == 0 ? Section::answer : Section::authority, pointer, type, ttl, data);
}

void DnsReplyWriter::add_bytes(Section section, std::string_view name, DnsType type, uint32_t ttl, std::string_view data) {
    if (truncated_) return;
    if (bytes_.size() + name.size() + record_head_bytes + data.size() > bytes_max_) {
        // What is only a help may be left out without saying so.
        if (section != Section::additional) truncated_ = true;
        return;
    }
    bytes_ += name;
    bytes_ += be16(static_cast<uint16_t>(type));
    bytes_ += be16(dns_class_in);
    bytes_ += be32(ttl);
    bytes_ += be16(static_cast<uint16_t>(data.size()));
    bytes_ += data;
    ++counts_[static_cast<int>(section)];
}

std::string DnsReplyWriter::finish(DnsRcode rcode, bool authoritative) {
    const auto code = static_cast<uint16_t>(rcode);
    uint16_t flags = static_cast<uint16_t>(flag_response | flag_recursion_available | (code & 15));
    flags |= query_.flags & (flag_recursion_desired | flag_checking_disabled);
    if (authoritative) flags |= flag_authoritative;
    if (truncated_) flags |= flag_truncated;
    if (query_.edns) {
        bytes_ += '\0';
        bytes_ += be16(static_cast<uint16_t>(DnsType::opt)) + be16(dns_udp_bytes_max);
        bytes_ += be32(static_cast<uint32_t>(code >> 4) << 24) + be16(0);
        ++counts_[2];
    }
    const uint16_t questions = query_.question.empty() ? 0 : 1;
    bytes_.replace(0, dns_header_bytes,
                   be16(query_.id) + be16(flags) + be16(questions) + be16(counts_[0]) + be16(counts_[1]) + be16(counts_[2]));
    return std::move(bytes_);
}

std::string error_reply(const DnsQuery& query, DnsRcode rcode) {
    return DnsReplyWriter(query, dns_tcp_bytes_max).finish(rcode, false);
}

}  // namespace orilla::network
