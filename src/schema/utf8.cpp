#include "orilla/schema/utf8.hpp"

#include <cstring>

namespace orilla::api {
namespace {
constexpr std::string_view replacement = "\xef\xbf\xbd";

/// How far the text is ASCII, eight bytes at a time.
size_t ascii_length(std::string_view text) {
    constexpr uint64_t highs = 0x8080808080808080u;
    size_t at = 0;
    uint64_t word = 0;
    for (; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & highs) != 0) break;
    }
    while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
    return at;
}

/// How far the text is valid.
size_t valid_length(std::string_view text) {
    size_t at = ascii_length(text);
    while (at < text.size()) {
        const size_t length = utf8_length(text.substr(at));
        if (length == 0) break;
        at += length;
        at += ascii_length(text.substr(at));
    }
    return at;
}
}  // namespace

size_t utf8_length(std::string_view text, uint32_t* character) {
    const auto first = static_cast<unsigned char>(text[0]);
    size_t length = 0;
    uint32_t code = 0;
    if (first < 0x80) length = 1, code = first;
    else if (first >= 0xc2 && first <= 0xdf) length = 2, code = first & 0x1f;
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
    if (overlong || surrogate || code > 0x10ffff) return 0;
    if (character) *character = code;
    return length;
}

bool is_utf8(std::string_view text) { return valid_length(text) == text.size(); }

std::string to_utf8(std::string_view bytes) {
    std::string out;
    for (;;) {
        const size_t valid = valid_length(bytes);
        out += bytes.substr(0, valid);
        if (valid == bytes.size()) return out;
        out += replacement;
        bytes.remove_prefix(valid + 1);
    }
}

}  // namespace orilla::api
