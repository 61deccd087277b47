// What several rooms do to small texts, once.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace orilla {

/// ASCII letters only, whatever the locale.
std::string lowered(std::string_view text);
/// Whether they are the same but for the case of ASCII letters, as with names of HTTP headers and media types.
bool equal_fold(std::string_view a, std::string_view b);

/// All of `digits` as a number without a sign; false, and `out` of no use, for anything else.
template <class T>
bool read_number(std::string_view digits, T& out, int base = 10) {
    if (digits.empty() || digits.front() == '-') return false;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
    return read.ec == std::errc() && read.ptr == digits.data() + digits.size();
}

}  // namespace orilla
