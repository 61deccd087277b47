#include "orilla/base/terminal_text.hpp"

#include <algorithm>

namespace orilla {
namespace {

/// How many bytes the UTF-8 character at the front has; 0 for what is none.
size_t character_bytes(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const size_t bytes = lead < 0x80                   ? 1
                         : lead >= 0xc2 && lead < 0xe0 ? 2
                         : lead >= 0xe0 && lead < 0xf0 ? 3
                         : lead >= 0xf0 && lead < 0xf5 ? 4
                                                       : 0;
    if (bytes > text.size()) return 0;
    for (size_t i = 1; i < bytes; ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
    return bytes;
}

void append_control(std::string& out, unsigned char c) {
    if (c == '\r') out += "\\r";
    else out += '^', out += static_cast<char>(c ^ 0x40);
}

void append_byte(std::string& out, unsigned char c) {
    static constexpr char hex[] = "0123456789abcdef";
    out += "\\x";
    out += hex[c >> 4];
    out += hex[c & 15];
}

bool is_control(unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; }

}  // namespace

std::string terminal_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto lead = static_cast<unsigned char>(text[0]);
        const size_t bytes = character_bytes(text);
        if (bytes == 0) append_byte(out, lead);
        else if (is_control(lead)) append_control(out, lead);
        else if (lead == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0)
            out += "^[", out += static_cast<char>((text[1] & 0x1f) | 0x40);
        else out += text.substr(0, bytes);
        text.remove_prefix(std::max<size_t>(bytes, 1));
    }
    return out;
}

}  // namespace orilla
