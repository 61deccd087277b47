#include "orilla/base/ipv4.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace orilla {

std::optional<uint32_t> parse_ipv4(std::string_view text) {
    in_addr address{};
    if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
    return ntohl(address.s_addr);
}

std::string render_ipv4(uint32_t ip) {
    char text[INET_ADDRSTRLEN];
    const in_addr address{htonl(ip)};
    return inet_ntop(AF_INET, &address, text, sizeof text);
}

std::optional<Ipv4Range> parse_ipv4_range(std::string_view text) {
    constexpr int prefix_min = 1, prefix_max = 30;
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto base = parse_ipv4(text.substr(0, slash));
    int prefix = 0;
    const auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), prefix);
    if (!base || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (prefix < prefix_min || prefix > prefix_max) return std::nullopt;
    const uint32_t size = uint32_t{1} << (32 - prefix);
    return Ipv4Range{*base & ~(size - 1), size};
}

}  // namespace orilla
