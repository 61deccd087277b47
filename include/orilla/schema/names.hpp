// The rules for names, keys and values that Kubernetes gives to strings. Every check answers with the sentences that
// the reference server prints, one per broken rule and none when the text is fine, so that a caller only has to put
// the field's path in front. It refuses to repair anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orilla::api {

inline constexpr size_t dns_label_bytes_max = 63;
inline constexpr size_t dns_subdomain_bytes_max = 253;
inline constexpr size_t label_value_bytes_max = 63;
inline constexpr size_t annotations_bytes_max = 256 * 1024;
inline constexpr size_t port_name_bytes_max = 15;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Sentences about what is wrong; empty when nothing is.
using Complaints = std::vector<std::string>;

Complaints check_dns1123_label(std::string_view text);
Complaints check_dns1123_subdomain(std::string_view text);
/// "*." and a subdomain.
Complaints check_wildcard_dns1123_subdomain(std::string_view text);
/// The name of a controller: "acme.io/foo".
Complaints check_domain_prefixed_path(std::string_view text);
Complaints check_dns1035_label(std::string_view text);
/// A label key, annotation key or condition type: [prefix/]name.
Complaints check_qualified_name(std::string_view text);
Complaints check_label_value(std::string_view text);
Complaints check_config_map_key(std::string_view text);
/// Printable ASCII other than '='.
Complaints check_env_name(std::string_view text);
Complaints check_port_name(std::string_view text);
/// A name that may be any single path segment (RBAC).
Complaints check_path_segment(std::string_view text);
Complaints check_port_number(int64_t port);
Complaints check_ip(std::string_view text);
/// `[0-9]+%`.
Complaints check_percent(std::string_view text);

/// Why nothing can be reached at an address from elsewhere: `may not be in the loopback range (127.0.0.0/8, ::1/128)`, and
/// so for link-local, multicast and unspecified ones; empty for others.
std::string_view special_address(std::string_view ip);

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);

}  // namespace orilla::api
