#include "text.hpp"

#include <cstdint>

namespace orilla::server {

namespace {
constexpr char hex_digits[] = "0123456789abcdef";

/// Length of the valid UTF-8 sequence at the front, 0 when there is none.
size_t utf8_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    size_t length = 0;
    uint32_t code = 0;
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) length = 2, code = first & 0x1f;
    else if (first >= 0xe0 && first <= 0xef) length = 3, code = first & 0x0f;
    else if (first >= 0xf0 && first <= 0xf4) length = 4, code = first & 0x07;
    if (length == 0 || text.size() < length) return 0;
    for (size_t i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0) != 0x80) return 0;
        code = code << 6 | (next & 0x3f);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return overlong || surrogate || code > 0x10ffff ? 0 : length;
}

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    out += "\\u00";
    out += hex_digits[static_cast<unsigned char>(c) >> 4];
    out += hex_digits[static_cast<unsigned char>(c) & 15];
}
}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text[0]);
        size_t length = 1;
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
            append_escaped(out, text[0]);
        } else if ((length = utf8_length(text)) != 0) {
            out += text.substr(0, length);
        } else {
            out += "\xef\xbf\xbd";
            length = 1;
        }
        text.remove_prefix(length);
    }
    out += '"';
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string base64(std::string_view bytes) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t group = 0;
        const size_t here = bytes.size() - i < 3 ? bytes.size() - i : 3;
        for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < here ? static_cast<unsigned char>(bytes[i + k]) : 0);
        for (size_t k = 0; k < 4; ++k) out += k <= here ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

}  // namespace orilla::server
