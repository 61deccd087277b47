#include "proxy_header.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "orilla/base/text.hpp"

namespace orilla::http {
namespace {

constexpr size_t line_bytes_max = 107;
constexpr std::string_view line_begin = "PROXY ";
constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t binary_head_bytes = 16;
using Parsed = Result<std::optional<ProxyHeader>>;

Error malformed_header() { return Error(Code::bad_request, "malformed PROXY protocol header"); }

/// As inet_ntop has it, so that one address has one text.
std::string normal_address(int family, const std::string& text) {
    in6_addr address{};
    char out[INET6_ADDRSTRLEN] = {};
    if (::inet_pton(family, text.c_str(), &address) != 1 || !::inet_ntop(family, &address, out, sizeof out)) return {};
    return out;
}

std::string render(int family, std::string_view address, unsigned port) {
    return family == AF_INET ? fmt::format("{}:{}", address, port) : fmt::format("[{}]:{}", address, port);
}

/// PROXY TCP4 192.0.2.1 192.0.2.2 4711 80
Parsed parse_line(std::string_view bytes) {
    const size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos || end + 2 > line_bytes_max) {
        if (bytes.size() >= line_bytes_max) return malformed_header();
        return std::optional<ProxyHeader>();
    }
    std::string_view line = bytes.substr(line_begin.size(), end - line_begin.size());
    ProxyHeader header{end + 2, {}};
    if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return std::optional<ProxyHeader>(header);
    std::array<std::string_view, 5> words;
    for (size_t i = 0; i < words.size(); ++i) {
        const size_t space = line.find(' ');
        if ((space == std::string_view::npos) != (i + 1 == words.size())) return malformed_header();
        words[i] = line.substr(0, space);
        line.remove_prefix(std::min(words[i].size() + 1, line.size()));
    }
    if (words[0] != "TCP4" && words[0] != "TCP6") return malformed_header();
    const int family = words[0] == "TCP4" ? AF_INET : AF_INET6;
    const std::string source = normal_address(family, std::string(words[1]));
    uint16_t from = 0;
    uint16_t to = 0;
    if (source.empty() || normal_address(family, std::string(words[2])).empty() || !read_number(words[3], from) ||
        !read_number(words[4], to))
        return malformed_header();
    header.client = render(family, source, from);
    return std::optional<ProxyHeader>(std::move(header));
}

Parsed parse_binary(std::string_view bytes) {
    if (bytes.size() < binary_head_bytes) return std::optional<ProxyHeader>();
    const auto at = [bytes](size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const size_t length = static_cast<size_t>(at(14)) << 8 | at(15);
    const unsigned command = at(12) & 15;
    if (at(12) >> 4 != 2 || command > 1 || binary_head_bytes + length > proxy_header_bytes_max) return malformed_header();
    if (bytes.size() < binary_head_bytes + length) return std::optional<ProxyHeader>();
    ProxyHeader header{binary_head_bytes + length, {}};
    const bool is_tcp = at(13) == 0x11 || at(13) == 0x21;
    if (command == 0 || !is_tcp) return std::optional<ProxyHeader>(header);  // the balancer's own, or not by IP
    const int family = at(13) == 0x11 ? AF_INET : AF_INET6;
    const size_t address_bytes = family == AF_INET ? 4 : 16;
    if (length < 2 * address_bytes + 4) return malformed_header();
    char source[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(family, bytes.data() + binary_head_bytes, source, sizeof source);
    const size_t port_at = binary_head_bytes + 2 * address_bytes;
    header.client = render(family, source, static_cast<unsigned>(at(port_at)) << 8 | at(port_at + 1));
    return std::optional<ProxyHeader>(std::move(header));
}

}  // namespace

Parsed parse_proxy_header(std::string_view bytes) {
    if (bytes.starts_with(line_begin)) return parse_line(bytes);
    if (bytes.starts_with(signature)) return parse_binary(bytes);
    if (line_begin.starts_with(bytes) || signature.starts_with(bytes)) return std::optional<ProxyHeader>();
    return malformed_header();
}

}  // namespace orilla::http
