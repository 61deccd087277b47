#include "orilla/base/ipv4.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <cctype>

namespace orilla {

namespace {
constexpr size_t ipv4_text_bytes_max = 15;

/// One decimal number of at most `digits_max` digits without leading zeros, taken off the front of `text`.
bool take_number(std::string_view& text, int digits_max, uint32_t limit, uint32_t& out) {
    size_t digits = 0;
    out = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        if (static_cast<int>(digits) == digits_max) return false;
        out = out * 10 + static_cast<uint32_t>(text[digits++] - '0');
    }
    if (digits == 0 || out > limit || (digits > 1 && text[0] == '0')) return false;
    text.remove_prefix(digits);
    return true;
}
}  // namespace

std::string Ipv4::text() const {
    return fmt::format("{}.{}.{}.{}", value >> 24, value >> 16 & 255, value >> 8 & 255, value & 255);
}

bool Ipv4::is_ordinary() const {
    const uint32_t first = value >> 24;
    const bool multicast = first >> 4 == 0xe;
    const bool link_local = value >> 16 == 0xa9fe;
    return value != 0 && value != ~uint32_t{0} && first != 127 && !link_local && !multicast;
}

std::string Cidr::text() const { return fmt::format("{}/{}", base.text(), prefix); }

Result<Ipv4> parse_ipv4(std::string_view text) {
    const auto whole = text;
    const auto wrong = [whole] {
        return Error(Code::invalid, fmt::format("\"{}\" is not an IPv4 address", whole.substr(0, 64)));
    };
    if (text.size() > ipv4_text_bytes_max) return wrong();
    Ipv4 ip;
    for (int part = 0; part < 4; ++part) {
        uint32_t number = 0;
        if (part > 0) {
            if (text.empty() || text[0] != '.') return wrong();
            text.remove_prefix(1);
        }
        if (!take_number(text, 3, 255, number)) return wrong();
        ip.value = ip.value << 8 | number;
    }
    if (!text.empty()) return wrong();
    return ip;
}

bool is_ip(const std::string& text) {
    in6_addr address;
    return ::inet_pton(AF_INET, text.c_str(), &address) == 1 || ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

Result<Cidr> parse_cidr(std::string_view text) {
    const std::string shown(text.substr(0, 64));
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        return Error(Code::invalid, fmt::format("\"{}\" is not a CIDR: write it as 10.42.0.0/24", shown));
    TRY(const Ipv4 base, parse_ipv4(text.substr(0, slash)));
    std::string_view rest = text.substr(slash + 1);
    uint32_t prefix = 0;
    if (!take_number(rest, 2, 32, prefix) || !rest.empty())
        return Error(Code::invalid, fmt::format("\"{}\": the prefix is a number from 0 to 32", shown));
    Cidr cidr{base, static_cast<int>(prefix)};
    if ((base.value & cidr.mask()) != base.value)
        return Error(Code::invalid, fmt::format("\"{}\" has bits behind its prefix: did you mean {}?", shown,
                                                Cidr{Ipv4{base.value & cidr.mask()}, cidr.prefix}.text()));
    return cidr;
}

}  // namespace orilla
