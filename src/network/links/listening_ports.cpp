#include "links/listening_ports.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "orilla/base/read_file.hpp"

namespace orilla::network {
namespace {

constexpr size_t file_bytes_max = 8 << 20;  // some 50,000 sockets

/// The word at `index`, counted from 0.
std::string_view word_of(std::string_view line, size_t index) {
    for (;;) {
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        const size_t end = std::min(line.find(' '), line.size());
        if (index-- == 0 || line.empty()) return line.substr(0, end);
        line.remove_prefix(end);
    }
}

std::optional<uint32_t> hex_of(std::string_view digits) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

/// Whether a socket bound to `address` (words of the machine's order in hexadecimal) takes what comes for `ip`.
bool takes(std::string_view address, Ipv4 ip) {
    constexpr std::string_view any6 = "00000000000000000000000000000000";
    if (address == any6) return true;
    const size_t v4_digits = 8;
    if (address.size() == any6.size()) {
        // ::ffff:a.b.c.d
        if (!address.starts_with("0000000000000000") || hex_of(address.substr(16, 8)) != htonl(0xffff)) return false;
        address.remove_prefix(any6.size() - v4_digits);
    }
    const auto bound = address.size() == v4_digits ? hex_of(address) : std::nullopt;
    return bound && (*bound == 0 || ntohl(*bound) == ip.value);
}

}  // namespace

std::vector<ListeningPort> parse_listening_ports(std::string_view file, Protocol protocol, Ipv4 ip) {
    // TCP_LISTEN; UDP sockets without a peer are in TCP_CLOSE.
    const std::string_view wanted_state = protocol == Protocol::tcp ? "0A" : "07";
    std::vector<ListeningPort> out;
    while (!file.empty()) {
        const size_t end = std::min(file.find('\n'), file.size());
        const std::string_view line = file.substr(0, end);
        file.remove_prefix(std::min(end + 1, file.size()));
        const std::string_view local = word_of(line, 1);
        const size_t colon = local.find(':');
        if (colon == std::string_view::npos || word_of(line, 3) != wanted_state || !takes(local.substr(0, colon), ip)) continue;
        if (const auto port = hex_of(local.substr(colon + 1)); port && *port > 0 && *port <= 0xffff)
            out.push_back({protocol, static_cast<uint16_t>(*port)});
    }
    return out;
}

Result<std::vector<ListeningPort>> read_listening_ports(Ipv4 ip) {
    std::vector<ListeningPort> out;
    for (const auto& [path, protocol] :
         {std::pair("/proc/net/tcp", Protocol::tcp), std::pair("/proc/net/tcp6", Protocol::tcp),
          std::pair("/proc/net/udp", Protocol::udp), std::pair("/proc/net/udp6", Protocol::udp)}) {
        const auto text = read_file(path, file_bytes_max);
        if (!text && text.error().error_number() == ENOENT) continue;  // no IPv6
        if (!text) return text.error();
        const auto found = parse_listening_ports(*text, protocol, ip);
        out.insert(out.end(), found.begin(), found.end());
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace orilla::network
