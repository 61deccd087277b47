#include "head.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "orilla/base/text.hpp"

namespace orilla::http {

namespace {
constexpr uint8_t token_bit = 1, value_bit = 2, host_bit = 4, line_bit = 8;

constexpr std::array<uint8_t, 256> make_classes() {
    std::array<uint8_t, 256> classes{};
    for (size_t c = 0; c < 256; ++c) {
        const bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (is_alphanumeric) classes[c] |= token_bit | host_bit;
        if ((c >= 0x20 && c != 0x7f) || c == '\t') classes[c] |= value_bit;
        if (c >= 0x20 && c < 0x7f) classes[c] |= line_bit;
    }
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) classes[static_cast<unsigned char>(c)] |= token_bit;
    for (const char c : std::string_view("-._~%!$&'()*+,;=:[]")) classes[static_cast<unsigned char>(c)] |= host_bit;
    return classes;
}
constexpr std::array<uint8_t, 256> classes = make_classes();

bool all_of(std::string_view text, uint8_t bit) {
    uint8_t common = bit;
    for (const char c : text) common &= classes[static_cast<unsigned char>(c)];
    return common != 0;
}
}  // namespace

bool is_token(std::string_view text) { return !text.empty() && all_of(text, token_bit); }
bool is_field_value(std::string_view text) { return all_of(text, value_bit); }
bool is_request_target(std::string_view text) {
    return !text.empty() && all_of(text, line_bit) && text.find(' ') == std::string_view::npos;
}
bool is_host(std::string_view text) { return all_of(text, host_bit); }

std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// ---- lines -----------------------------------------------------------------------------------------------------------

void HeadLines::start(const HeadRules& rules) {
    rules_ = rules;
    text_.clear();
    fields_.clear();
    bytes_ = field_bytes_ = line_begin_ = start_bytes_ = 0;
    empty_lines_ = 0;
    fault_ = HeadFault::none;
    has_start_ = !rules.has_start_line;
    ended_ = false;
}

void HeadLines::shrink(size_t capacity_bytes_max) {
    if (text_.capacity() > capacity_bytes_max) text_.shrink_to_fit();
}

size_t HeadLines::take(std::string_view bytes) {
    size_t taken = 0;
    while (taken < bytes.size() && !ended_ && fault_ == HeadFault::none) {
        const std::string_view rest = bytes.substr(taken);
        const void* end = std::memchr(rest.data(), '\n', rest.size());
        const size_t count = end ? static_cast<size_t>(static_cast<const char*>(end) - rest.data()) : rest.size();
        // Before it is kept, so that a line without an end costs no memory beyond its limit.
        check_partial(rest.substr(0, count));
        if (fault_ != HeadFault::none) return 0;
        text_.append(rest.substr(0, count));
        taken += count;
        if (!end) break;
        ++taken;
        end_line();
    }
    bytes_ += taken;
    return fault_ == HeadFault::none ? taken : 0;
}

/// A line as far as it is here.
void HeadLines::check_partial(std::string_view fresh) {
    constexpr size_t line_end_bytes = 2;
    const size_t line_bytes = text_.size() - line_begin_ + fresh.size();
    if (has_start_) {
        if (field_bytes_ + line_bytes > rules_.field_bytes_max + line_end_bytes) fail(HeadFault::field_bytes);
        return;
    }
    // At once: who speaks another protocol may never send a line's end.
    const auto is_right = [](char c) { return c == '\r' || (classes[static_cast<unsigned char>(c)] & line_bit); };
    if (rules_.is_request && !std::ranges::all_of(fresh, is_right)) return fail(HeadFault::start_line);
    if (line_bytes > rules_.start_bytes_max + line_end_bytes) fail(HeadFault::start_bytes);
}

void HeadLines::end_line() {
    if (text_.size() > line_begin_ && text_.back() == '\r') text_.pop_back();
    else if (!rules_.lenient) return fail(HeadFault::bare_line_feed);
    const std::string_view line = std::string_view(text_).substr(line_begin_);
    if (has_start_) {
        field_bytes_ += line.size() + 2;
        if (line.empty()) ended_ = true;
        else take_field(line);
    } else if (line.empty() && rules_.is_request) {
        if (++empty_lines_ > empty_lines_max) return fail(HeadFault::empty_lines);
    } else {
        if (!rules_.lenient && !all_of(line, rules_.is_request ? line_bit : value_bit)) return fail(HeadFault::start_line);
        start_bytes_ = line.size();
        has_start_ = true;
    }
    if (fault_ == HeadFault::none) line_begin_ = text_.size();
}

void HeadLines::take_field(std::string_view line) {
    if (fields_.size() == rules_.field_count_max) return fail(HeadFault::field_count);
    if (field_bytes_ > rules_.field_bytes_max) return fail(HeadFault::field_bytes);
    if (!rules_.lenient && (line.front() == ' ' || line.front() == '\t')) return fail(HeadFault::folded);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return fail(HeadFault::no_name);
    std::string_view name = line.substr(0, colon);
    const std::string_view value = trim_blanks(line.substr(colon + 1));
    if (rules_.lenient) name = trim_blanks(name);
    else if (!is_token(name)) return fail(HeadFault::name);
    else if (!is_field_value(value)) return fail(HeadFault::value);
    const auto at = [this](std::string_view part) { return static_cast<uint32_t>(part.data() - text_.data()); };
    fields_.push_back({at(name), static_cast<uint32_t>(name.size()), at(value), static_cast<uint32_t>(value.size())});
}

void HeadLines::read_fields(std::vector<HeaderView>* fields) const {
    const std::string_view text = text_;
    fields->clear();
    fields->reserve(fields_.size());
    for (const FieldAt& at : fields_)
        fields->push_back({text.substr(at.name, at.name_bytes), text.substr(at.value, at.value_bytes)});
}

// ---- what they say ---------------------------------------------------------------------------------------------------

namespace {
/// Digits and nothing else.
void note_length(Framing& framing, std::string_view text) {
    uint64_t length = 0;
    const bool is_number = read_number(text, length);
    if (!is_number || (framing.length && *framing.length != length)) framing.bad_length = text;
    if (!is_number && text.empty()) framing.bad_length = " ";
    if (is_number) framing.length = length;
    ++framing.lengths;
}

void note_connection(Framing& framing, std::string_view list) {
    while (!list.empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        const std::string_view word = trim_blanks(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
        if (equal_fold(word, "close")) framing.says_close = true;
        else if (equal_fold(word, "keep-alive")) framing.says_keep_alive = true;
        else if (equal_fold(word, "upgrade")) framing.says_upgrade = true;
    }
}

/// By the length of its name first: most fields are none of these.
void note_field(Framing& framing, const HeaderView& field) {
    switch (field.name.size()) {
        case 4:
            if (!equal_fold(field.name, "host")) return;
            framing.host = field.value;
            ++framing.hosts;
            return;
        case 6:
            if (equal_fold(field.name, "expect")) framing.expect = field.value;
            return;
        case 7:
            if (equal_fold(field.name, "upgrade")) framing.upgrade = field.value;
            return;
        case 10:
            if (equal_fold(field.name, "connection")) note_connection(framing, field.value);
            return;
        case 14:
            if (equal_fold(field.name, "content-length")) note_length(framing, field.value);
            return;
        case 17:
            if (!equal_fold(field.name, "transfer-encoding")) return;
            framing.coding = field.value;
            framing.chunked = ++framing.codings == 1 && equal_fold(field.value, "chunked");
            return;
        default: return;
    }
}
}  // namespace

Framing read_framing(const std::vector<HeaderView>& fields) {
    Framing framing;
    for (const HeaderView& field : fields) note_field(framing, field);
    return framing;
}

const char* find_framing_fault(const Framing& framing, int minor) {
    if (framing.hosts == 0 && minor >= 1) return "the request lacks a Host header";
    if (framing.hosts > 1) return "the request has more than one Host header";
    if (!is_host(framing.host)) return "malformed Host header";
    if (framing.lengths > 1) return "the request has more than one Content-Length header";
    if (!framing.bad_length.empty()) return "malformed Content-Length header";
    if (framing.codings == 0) return nullptr;
    if (minor == 0) return "HTTP/1.0 has no Transfer-Encoding";
    if (framing.lengths > 0) return "the request has both a Transfer-Encoding and a Content-Length header";
    if (!framing.chunked) return "the only transfer coding that is understood is one \"chunked\"";
    return nullptr;
}

bool is_framing_field(std::string_view name) {
    switch (name.size()) {
        case 4: return equal_fold(name, "host");
        case 7: return equal_fold(name, "upgrade");
        case 10: return equal_fold(name, "connection") || equal_fold(name, "keep-alive");
        case 14: return equal_fold(name, "content-length");
        case 16: return equal_fold(name, "proxy-connection");
        case 17: return equal_fold(name, "transfer-encoding");
        default: return false;
    }
}

bool may_trail(std::string_view name) {
    constexpr std::string_view others[] = {"te",     "trailer",      "authorization",    "cookie",       "set-cookie",
                                           "expect", "max-forwards", "content-encoding", "content-type", "content-range"};
    const auto is_same = [name](std::string_view other) { return equal_fold(name, other); };
    return !is_framing_field(name) && std::ranges::none_of(others, is_same);
}

}  // namespace orilla::http
