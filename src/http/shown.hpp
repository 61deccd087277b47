// What somebody sent, for a message.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace orilla::http {

/// One line, bounded, without control characters.
inline std::string shown(std::string_view text) {
    constexpr size_t shown_bytes_max = 64;
    std::string out(text.substr(0, shown_bytes_max));
    std::ranges::replace_if(
        out, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '.');
    return out;
}

}  // namespace orilla::http
