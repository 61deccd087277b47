#include "json_writer.hpp"

#include <algorithm>
#include <array>

#include "orilla/schema/codec.hpp"
#include "orilla/schema/utf8.hpp"

namespace orilla::api {
namespace {
constexpr std::array<bool, 256> escaped = [] {
    std::array<bool, 256> table{};
    for (int c = 0; c < 0x20; ++c) table[static_cast<size_t>(c)] = true;
    table['"'] = table['\\'] = true;
    return table;
}();

constexpr size_t grow_bytes_min = 1024;

template <class Out>
void put_escape(Out& out, char c) {
    switch (c) {
        case '"': return out.put("\\\"");
        case '\\': return out.put("\\\\");
        case '\n': return out.put("\\n");
        case '\r': return out.put("\\r");
        case '\t': return out.put("\\t");
        default: break;
    }
    static constexpr char digits[] = "0123456789abcdef";
    char text[] = {'\\', 'u', '0', '0', digits[(c >> 4) & 0xf], digits[c & 0xf]};
    out.put(std::string_view(text, sizeof text));
}

/// Whether one of eight bytes is a control character, a quote or a backslash (bit tricks: the high bit of a byte that
/// has the property; bytes over 0x7f never do).
bool any_escaped(uint64_t word) {
    constexpr uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t control = word - ones * 0x20;
    uint64_t quote = (word ^ ones * '"') - ones;
    uint64_t backslash = (word ^ ones * '\\') - ones;
    return ((control | quote | backslash) & ~word & highs) != 0;
}

/// The first byte at or after `at` that needs an escape, or the size.
size_t next_escaped(std::string_view text, size_t at) {
    uint64_t word = 0;
    for (; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if (any_escaped(word)) break;
    }
    while (at < text.size() && !escaped[static_cast<unsigned char>(text[at])]) ++at;
    return at;
}

/// Never anything but UTF-8: one byte that is not would make the whole document unreadable.
template <class Out>
void put_string(Out& out, std::string_view text) {
    std::string mended;
    if (!is_utf8(text)) text = mended = to_utf8(text);
    out.put("\"");
    size_t start = 0;
    for (size_t i = next_escaped(text, 0); i < text.size(); i = next_escaped(text, start)) {
        out.put(text.substr(start, i - start));
        put_escape(out, text[i]);
        start = i + 1;
    }
    out.put(text.substr(start));
    out.put("\"");
}

struct Appender {
    std::string& out;
    void put(std::string_view text) { out += text; }
};
}  // namespace

void JsonWriter::grow(size_t least) { out_.resize(at_ + std::max({grow_bytes_min, at_ - start_, least})); }

void JsonWriter::text(std::string_view text) { put_string(*this, text); }

void append_json_string(std::string& out, std::string_view text) {
    Appender appender{out};
    put_string(appender, text);
}

}  // namespace orilla::api
