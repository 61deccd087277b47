#include "body_decoder.hpp"

#include <algorithm>

namespace orilla::http {

namespace {
/// Beyond what any body has, with room for one more digit.
constexpr uint64_t chunk_bytes_max = uint64_t{1} << 56;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
}  // namespace

void BodyDecoder::begin(BodyKind kind, uint64_t length, const BodyRules& rules) {
    rules_ = rules;
    trailers_.reset();
    left_ = kind == BodyKind::with_length ? length : 0;
    data_bytes_ = overhead_bytes_ = 0;
    fault_ = Fault::none;
    switch (kind) {
        case BodyKind::none: part_ = Part::complete; break;
        case BodyKind::with_length: part_ = length == 0 ? Part::complete : Part::until_length; break;
        case BodyKind::chunked: part_ = Part::size_start; break;
        case BodyKind::until_end: part_ = Part::until_end; break;
    }
}

size_t BodyDecoder::take(std::string_view bytes, std::string_view* data) {
    *data = {};
    size_t taken = 0;
    while (taken < bytes.size() && !complete() && fault_ == Fault::none) {
        const std::string_view rest = bytes.substr(taken);
        if (part_ == Part::trailers) {
            taken += take_trailers(rest);
            continue;
        }
        if (part_ != Part::until_length && part_ != Part::until_end && part_ != Part::data) {
            take_line_byte(rest.front());
            ++taken;
            continue;
        }
        *data = part_ == Part::until_end ? rest : rest.substr(0, std::min<uint64_t>(left_, rest.size()));
        data_bytes_ += data->size();
        if (part_ != Part::until_end) left_ -= data->size();
        if (part_ == Part::until_length && left_ == 0) part_ = Part::complete;
        if (part_ == Part::data && left_ == 0) part_ = Part::data_end;
        return taken + data->size();
    }
    return taken;
}

void BodyDecoder::take_line_byte(char c) {
    if (++overhead_bytes_ > rules_.overhead_bytes_max + rules_.overhead_per_byte_max * data_bytes_)
        return fail(Fault::overhead);
    switch (part_) {
        case Part::size_start:
        case Part::size: return take_size_byte(c);
        case Part::size_blanks:
        case Part::extension:
            if (c == '\r') part_ = Part::size_line_feed;
            else if (c == '\n' && rules_.lenient) end_size_line();
            else if (part_ == Part::size_blanks && c == ';') part_ = Part::extension;
            else if (part_ == Part::size_blanks && c != ' ' && c != '\t') fail(Fault::chunk);
            else if (!is_field_value({&c, 1})) fail(Fault::chunk);
            return;
        case Part::size_line_feed: return c == '\n' ? end_size_line() : fail(Fault::chunk);
        case Part::data_end: return end_line(c, Part::size_start);
        case Part::data_line_feed: return c == '\n' ? void(part_ = Part::size_start) : fail(Fault::chunk);
        case Part::last_end:
            if (c == '\r') return void(part_ = Part::last_line_feed);
            part_ = Part::trailers;
            trailers_ = std::make_unique<HeadLines>();
            trailers_->start({false, false, false, 0, rules_.trailer_bytes_max, rules_.trailer_count_max});
            take_trailers({&c, 1});
            return;
        case Part::last_line_feed: return c == '\n' ? void(part_ = Part::complete) : fail(Fault::chunk);
        default: return;
    }
}

void BodyDecoder::take_size_byte(char c) {
    if (const int digit = hex_digit(c); digit >= 0) {
        part_ = Part::size;
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
        if (left_ > chunk_bytes_max) fail(Fault::chunk_bytes);
        return;
    }
    const bool is_blank = c == ' ' || c == '\t';
    if (part_ == Part::size_start) {
        if (!is_blank || !rules_.lenient) fail(Fault::chunk);
    } else if (c == '\r') {
        part_ = Part::size_line_feed;
    } else if (c == ';') {
        part_ = Part::extension;
    } else if (is_blank && rules_.lenient) {
        part_ = Part::size_blanks;
    } else if (c == '\n' && rules_.lenient) {
        end_size_line();
    } else {
        fail(Fault::chunk);
    }
}

void BodyDecoder::end_size_line() {
    if (left_ > 0) part_ = Part::data;
    else part_ = rules_.lenient ? Part::complete : Part::last_end;
}

/// The line end behind a chunk.
void BodyDecoder::end_line(char c, Part next) {
    if (c == '\r') part_ = Part::data_line_feed;
    else if (c == '\n' && rules_.lenient) part_ = next;
    else fail(Fault::chunk);
}

size_t BodyDecoder::take_trailers(std::string_view bytes) {
    const size_t taken = trailers_->take(bytes);
    if (trailers_->fault() != HeadFault::none) fail(Fault::trailers);
    if (trailers_->ended()) part_ = Part::complete;
    return taken;
}

Headers BodyDecoder::trailers() const {
    Headers kept;
    if (!trailers_ || !trailers_->ended()) return kept;
    std::vector<HeaderView> fields;
    trailers_->read_fields(&fields);
    for (const HeaderView& field : fields)
        if (may_trail(field.name)) kept.emplace_back(field.name, field.value);
    return kept;
}

}  // namespace orilla::http
