#include "orilla/schema/names.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>

namespace orilla::api {
namespace {

constexpr std::string_view unspecified_range = "may not be unspecified (0.0.0.0 or ::)";
constexpr std::string_view loopback_range = "may not be in the loopback range (127.0.0.0/8, ::1/128)";
constexpr std::string_view link_local_range = "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
constexpr std::string_view link_local_multicast_range =
    "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
constexpr std::string_view multicast_range = "may not be in the multicast range (224.0.0.0/4, ff00::/8)";

constexpr std::string_view label_pattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view subdomain_pattern = R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)";
constexpr std::string_view dns1035_pattern = "[a-z]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view qualified_pattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool lower_alnum(char c) { return lower(c) || is_digit(c); }
bool alnum(char c) { return lower_alnum(c) || (c >= 'A' && c <= 'Z'); }
bool inside_label(char c) { return lower_alnum(c) || c == '-'; }
bool inside_qualified(char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; }

std::string too_long(size_t bytes_max) { return fmt::format("must be no more than {} bytes", bytes_max); }

std::string with_pattern(std::string_view what, std::initializer_list<std::string_view> examples, std::string_view pattern) {
    std::string text(what);
    text += " (e.g. ";
    bool first = true;
    for (std::string_view example : examples) {
        if (!first) text += " or ";
        first = false;
        text += '\'';
        text += example;
        text += "', ";
    }
    text += "regex used for validation is '";
    text += pattern;
    text += "')";
    return text;
}

bool matches_label(std::string_view text) {
    return !text.empty() && lower_alnum(text.front()) && lower_alnum(text.back()) &&
           std::all_of(text.begin(), text.end(), inside_label);
}

bool matches_subdomain(std::string_view text) {
    for (;;) {
        size_t dot = text.find('.');
        if (!matches_label(text.substr(0, dot))) return false;
        if (dot == text.npos) return true;
        text.remove_prefix(dot + 1);
    }
}

bool matches_qualified(std::string_view text) {
    return !text.empty() && alnum(text.front()) && alnum(text.back()) &&
           std::all_of(text.begin(), text.end(), inside_qualified);
}

std::string qualified_complaint() {
    return with_pattern(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        "character",
        {"MyName", "my.name", "123-abc"}, qualified_pattern);
}

}  // namespace

Complaints check_dns1123_label(std::string_view text) {
    Complaints out;
    if (text.size() > dns_label_bytes_max) out.push_back(too_long(dns_label_bytes_max));
    if (matches_label(text)) return out;
    if (matches_subdomain(text)) {
        out.push_back("must not contain dots");
    } else {
        out.push_back(with_pattern(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
            "end with an alphanumeric character",
            {"my-name", "123-abc"}, label_pattern));
    }
    return out;
}

Complaints check_dns1123_subdomain(std::string_view text) {
    Complaints out;
    if (text.size() > dns_subdomain_bytes_max) out.push_back(too_long(dns_subdomain_bytes_max));
    if (!matches_subdomain(text)) {
        out.push_back(with_pattern(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
            "start and end with an alphanumeric character",
            {"example.com"}, subdomain_pattern));
    }
    return out;
}

Complaints check_wildcard_dns1123_subdomain(std::string_view text) {
    Complaints out;
    if (text.size() > dns_subdomain_bytes_max) out.push_back(too_long(dns_subdomain_bytes_max));
    if (!text.starts_with("*.") || !matches_subdomain(text.substr(2))) {
        const std::string pattern = "\\*\\." + std::string(subdomain_pattern);
        out.push_back(with_pattern(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
            "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
            {"*.example.com"}, pattern));
    }
    return out;
}

Complaints check_domain_prefixed_path(std::string_view text) {
    const size_t slash = text.find('/');
    if (slash == 0 || slash == text.npos || slash + 1 == text.size())
        return {"must be a domain-prefixed path (such as \"acme.io/foo\")"};
    Complaints out = check_dns1123_subdomain(text.substr(0, slash));
    const std::string_view path = text.substr(slash + 1);
    const auto inside_path = [](char c) { return alnum(c) || strchr("/-._~%!$&'()*+,;=:", c) != nullptr; };
    if (!std::all_of(path.begin(), path.end(), inside_path))
        out.push_back(R"(Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+'))");
    return out;
}

Complaints check_dns1035_label(std::string_view text) {
    Complaints out;
    if (text.size() > dns_label_bytes_max) out.push_back(too_long(dns_label_bytes_max));
    if (!matches_label(text) || !lower(text.front())) {
        out.push_back(
            with_pattern("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
                         "character, and end with an alphanumeric character",
                         {"my-name", "abc-123"}, dns1035_pattern));
    }
    return out;
}

Complaints check_qualified_name(std::string_view text) {
    Complaints out;
    std::string_view name = text;
    size_t slash = text.find('/');
    if (slash != text.npos) {
        std::string_view prefix = text.substr(0, slash);
        name = text.substr(slash + 1);
        if (name.find('/') != name.npos) {
            return {fmt::format("a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                                qualified_complaint())};
        }
        if (prefix.empty()) out.push_back("prefix part must be non-empty");
        else
            for (const std::string& complaint : check_dns1123_subdomain(prefix)) out.push_back("prefix part " + complaint);
    }
    if (name.empty()) out.push_back("name part must be non-empty");
    else if (name.size() > label_value_bytes_max) out.push_back("name part " + too_long(label_value_bytes_max));
    if (!matches_qualified(name)) out.push_back("name part " + qualified_complaint());
    return out;
}

Complaints check_label_value(std::string_view text) {
    Complaints out;
    if (text.size() > label_value_bytes_max) out.push_back(too_long(label_value_bytes_max));
    if (!text.empty() && !matches_qualified(text)) {
        out.push_back(with_pattern(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
            "start and end with an alphanumeric character",
            {"MyValue", "my_value", "12345"}, "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"));
    }
    return out;
}

Complaints check_config_map_key(std::string_view text) {
    Complaints out;
    if (text.size() > dns_subdomain_bytes_max) out.push_back(too_long(dns_subdomain_bytes_max));
    if (text.empty() || !std::all_of(text.begin(), text.end(), inside_qualified)) {
        out.push_back(with_pattern("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                                   {"key.name", "KEY_NAME", "key-name"}, "[-._a-zA-Z0-9]+"));
    }
    if (text == ".") out.push_back("must not be '.'");
    else if (text == "..") out.push_back("must not be '..'");
    else if (text.starts_with("..")) out.push_back("must not start with '..'");
    return out;
}

Complaints check_env_name(std::string_view text) {
    if (text.empty()) return {"environment variable name must be non-empty"};
    for (char c : text) {
        if (c < ' ' || c > '~' || c == '=') {
            return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
        }
    }
    return {};
}

Complaints check_port_name(std::string_view text) {
    Complaints out;
    if (text.size() > port_name_bytes_max) out.push_back(too_long(port_name_bytes_max));
    if (text.empty() || !std::all_of(text.begin(), text.end(), inside_label))
        out.push_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    if (std::none_of(text.begin(), text.end(), lower)) out.push_back("must contain at least one letter (a-z)");
    if (text.find("--") != text.npos) out.push_back("must not contain consecutive hyphens");
    if (!text.empty() && (text.front() == '-' || text.back() == '-')) out.push_back("must not begin or end with a hyphen");
    return out;
}

Complaints check_path_segment(std::string_view text) {
    if (text == "." || text == "..") return {fmt::format("may not be '{}'", text)};
    Complaints out;
    for (std::string_view part : {"/", "%"})
        if (text.find(part) != text.npos) out.push_back(fmt::format("may not contain '{}'", part));
    return out;
}

Complaints check_port_number(int64_t port) {
    if (port >= 1 && port <= 65535) return {};
    return {"must be between 1 and 65535, inclusive"};
}

bool is_ipv4(std::string_view text) {
    in_addr address;
    // inet_pton reads a C string: what could not be an address at all is not copied.
    if (text.size() > INET_ADDRSTRLEN || text.find('\0') != text.npos) return false;
    return ::inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

bool is_ipv6(std::string_view text) {
    in6_addr address;
    if (text.size() > INET6_ADDRSTRLEN || text.find('\0') != text.npos) return false;
    return ::inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

Complaints check_ip(std::string_view text) {
    if (is_ipv4(text) || is_ipv6(text)) return {};
    return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

Complaints check_percent(std::string_view text) {
    if (text.size() > 1 && text.back() == '%' && std::all_of(text.begin(), text.end() - 1, is_digit)) return {};
    return {
        with_pattern("a valid percent string must be a numeric string followed by an ending '%'", {"1%", "93%"}, "[0-9]+%")};
}

namespace {
/// The four bytes of an IPv4 address, also when it is written as an IPv6 one.
std::optional<uint32_t> ipv4_of(const in6_addr& address) {
    if (!IN6_IS_ADDR_V4MAPPED(&address)) return std::nullopt;
    uint32_t bytes;
    std::memcpy(&bytes, address.s6_addr + 12, sizeof bytes);
    return ntohl(bytes);
}

std::string_view special_range(uint32_t ip) {
    if (ip == INADDR_ANY) return unspecified_range;
    if (ip >> 24 == 127) return loopback_range;
    if (ip >> 16 == 0xa9fe) return link_local_range;
    if (ip >> 8 == 0xe00000) return link_local_multicast_range;
    return IN_MULTICAST(ip) ? multicast_range : std::string_view();
}

std::string_view special_range(const in6_addr& ip) {
    if (const auto four = ipv4_of(ip)) return special_range(*four);
    if (IN6_IS_ADDR_UNSPECIFIED(&ip)) return unspecified_range;
    if (IN6_IS_ADDR_LOOPBACK(&ip)) return loopback_range;
    if (IN6_IS_ADDR_LINKLOCAL(&ip)) return link_local_range;
    if (IN6_IS_ADDR_MC_LINKLOCAL(&ip)) return link_local_multicast_range;
    return IN6_IS_ADDR_MULTICAST(&ip) ? multicast_range : std::string_view();
}
}  // namespace

std::string_view special_address(std::string_view text) {
    in_addr four;
    in6_addr six;
    if (is_ipv4(text) && ::inet_pton(AF_INET, std::string(text).c_str(), &four) == 1) return special_range(ntohl(four.s_addr));
    if (is_ipv6(text) && ::inet_pton(AF_INET6, std::string(text).c_str(), &six) == 1) return special_range(six);
    return {};
}

}  // namespace orilla::api
