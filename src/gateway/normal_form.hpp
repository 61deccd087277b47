// Hosts and paths in the one form in which they are compared and sent on, so that gateway and backend cannot read one request
// in two ways. Of a path: escapes of unreserved characters are decoded, others have capital digits, bytes that are not ASCII
// are escaped, dot segments are resolved. What an escape, a backslash or a parameter hides from that is refused: a dot segment
// beside an escaped slash or backslash ("/a%2f..%2fb") or before a parameter ("/..;/"), one that leads above the root, a plain
// backslash, control characters, "%00" and broken escapes. An escaped slash itself stays, a part of its element. Repeated
// slashes stay, too, for the backend; for the matching they count as one.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace orilla::gateway {

/// Without port, brackets kept.
constexpr size_t host_bytes_max = 255;
using HostBuffer = std::array<char, host_bytes_max>;

/// The host of `authority` in small letters, without port and last dot; nothing when it is none. It shows into `buffer`.
std::optional<std::string_view> normal_host(std::string_view authority, HostBuffer& buffer);

/// The path (without query) as above; nothing for one that is refused. It shows into `path` or `*scratch`.
std::optional<std::string_view> normal_path(std::string_view path, std::string* scratch);

/// The same with each run of slashes as one: for rules.
std::string with_single_slashes(std::string_view path);

}  // namespace orilla::gateway
