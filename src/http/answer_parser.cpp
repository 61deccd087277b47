#include "answer_parser.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "orilla/base/text.hpp"
#include "shown.hpp"

namespace orilla::http {
namespace {

constexpr const char* malformed_chunks = "malformed chunked encoding";
/// Of what stands between chunks: chunks of one byte have five.
constexpr size_t overhead_per_byte_max = 8;

Error malformed(const std::string& what) { return Error(Code::unavailable, what); }

}  // namespace

Result<int> parse_status_line(std::string_view line) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return malformed(fmt::format("malformed HTTP response \"{}\"", shown(line)));
    const std::string_view version = line.substr(0, space);
    if (version.size() != 8 || !version.starts_with("HTTP/1.") || !isdigit(static_cast<unsigned char>(version[7])))
        return malformed(fmt::format("malformed HTTP version \"{}\"", shown(version)));
    const std::string_view rest = trim_blanks(line.substr(space));
    const std::string_view code = rest.substr(0, rest.find(' '));
    int status = 0;
    if (code.size() != 3 || !std::ranges::all_of(code, [](unsigned char c) { return isdigit(c); }) ||
        !read_number(code, status) || status == 0)
        return malformed(fmt::format("malformed HTTP status code \"{}\"", shown(code)));
    return status;
}

void AnswerParser::start(bool to_head) {
    to_head_ = to_head;
    has_head_ = keeps_ = false;
    state_ = State::head;
    interim_ = 0;
    head_bytes_ = 0;
    length_.reset();
    start_lines();
}

void AnswerParser::start_lines() {
    HeadRules rules;
    rules.lenient = lenient_;
    rules.start_bytes_max = rules.field_bytes_max = limits_.head_bytes_max - head_bytes_;
    rules.field_count_max = limits_.header_count_max;
    lines_.start(rules);
}

Result<size_t> AnswerParser::take(std::string_view bytes, std::string_view* data) {
    *data = {};
    if (state_ == State::complete || bytes.empty()) return size_t{0};
    if (state_ == State::head) return take_head(bytes);
    const size_t taken = decoder_.take(bytes, data);
    if (decoder_.fault() == BodyDecoder::Fault::trailers) return malformed("malformed trailers");
    if (decoder_.fault() != BodyDecoder::Fault::none) return malformed(malformed_chunks);
    if (decoder_.complete()) state_ = State::complete;
    return taken;
}

Result<size_t> AnswerParser::take_head(std::string_view bytes) {
    if (has_head_) return size_t{0};
    const size_t taken = lines_.take(bytes);
    if (lines_.fault() != HeadFault::none || head_bytes_ + lines_.bytes() > limits_.head_bytes_max) return head_error();
    if (lines_.ended()) TRY_VOID(end_head());
    return taken;
}

Error AnswerParser::head_error() const {
    switch (lines_.fault()) {
        case HeadFault::none:
        case HeadFault::start_bytes:
        case HeadFault::field_bytes:
            return malformed(fmt::format("response headers exceeded {} bytes; aborted", limits_.head_bytes_max));
        case HeadFault::field_count: return malformed("too many response headers");
        case HeadFault::start_line: return malformed(fmt::format("malformed HTTP response \"{}\"", shown(lines_.bad_line())));
        default: return malformed("malformed MIME header line: " + shown(lines_.bad_line()));
    }
}

/// What an answer's end depends on, by the letter: one reader's answer must not be two to another.
Result<void> AnswerParser::check_framing(const Framing& framing) const {
    if (!framing.bad_length.empty())
        return malformed(fmt::format("bad Content-Length \"{}\"", shown(trim_blanks(framing.bad_length))));
    if (framing.codings > 0 && !framing.chunked)
        return malformed(fmt::format("unsupported transfer encoding: \"{}\"", shown(framing.coding)));
    if (lenient_) return ok();
    if (framing.lengths > 1) return malformed("more than one Content-Length");
    if (framing.codings > 0 && framing.lengths > 0) return malformed("both a Transfer-Encoding and a Content-Length");
    if (framing.codings > 0 && head_.protocol == Protocol::http_1_0) return malformed("HTTP/1.0 has no Transfer-Encoding");
    return ok();
}

Result<void> AnswerParser::end_head() {
    const std::string_view line = lines_.start_line();
    TRY(head_.status, parse_status_line(line));
    head_.protocol = line[7] == '0' ? Protocol::http_1_0 : Protocol::http_1_1;
    if (!lenient_ && (line[7] > '1' || head_.status < 100 || line.size() < 12 || line[8] != ' ' || line[9] == ' '))
        return malformed(fmt::format("malformed HTTP response \"{}\"", shown(line)));
    lines_.read_fields(&head_.headers);
    has_head_ = true;
    if (is_interim()) {
        if (head_.status < 100) return malformed(fmt::format("malformed HTTP status code \"{}\"", head_.status));
        return ++interim_ > limits_.interim_answers_max ? malformed("too many 1xx informational responses") : ok();
    }
    const Framing framing = read_framing(head_.headers);
    TRY_VOID(check_framing(framing));
    const bool is_bodiless = to_head_ || head_.status == 101 || head_.status == 204 || head_.status == 304;
    if (!framing.chunked) length_ = framing.length;
    const BodyKind kind = is_bodiless       ? BodyKind::none
                          : framing.chunked ? BodyKind::chunked
                          : length_         ? BodyKind::with_length
                                            : BodyKind::until_end;
    const BodyRules rules{limits_.chunk_line_bytes_max, overhead_per_byte_max, limits_.trailer_bytes_max,
                          limits_.header_count_max, lenient_};
    decoder_.begin(kind, length_.value_or(0), rules);
    const bool says_kept = head_.protocol == Protocol::http_1_0 ? framing.says_keep_alive : !framing.says_close;
    keeps_ = says_kept && kind != BodyKind::until_end && head_.status != 101;
    state_ = decoder_.complete() ? State::complete : State::body;
    return ok();
}

Result<void> AnswerParser::next_head() {
    head_bytes_ += lines_.bytes();
    has_head_ = false;
    if (head_bytes_ >= limits_.head_bytes_max) return head_error();
    start_lines();
    return ok();
}

Result<void> AnswerParser::end() {
    if (state_ == State::complete) return ok();
    if (state_ == State::body && decoder_.is_until_end()) {
        state_ = State::complete;
        return ok();
    }
    return malformed(begun() ? "unexpected EOF" : "EOF");
}

}  // namespace orilla::http
