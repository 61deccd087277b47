#include "answer_reader.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cctype>

#include "orilla/base/text.hpp"
#include "shown.hpp"

namespace orilla::http {
namespace {

Error malformed(const std::string& what) { return Error(Code::unavailable, what); }

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

}  // namespace

Result<int> parse_status_line(std::string_view line) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return malformed(fmt::format("malformed HTTP response \"{}\"", shown(line)));
    const std::string_view version = line.substr(0, space);
    if (version.size() != 8 || !version.starts_with("HTTP/1.") || !isdigit(static_cast<unsigned char>(version[7])))
        return malformed(fmt::format("malformed HTTP version \"{}\"", shown(version)));
    const std::string_view rest = trim(line.substr(space));
    const std::string_view code = rest.substr(0, rest.find(' '));
    int status = 0;
    if (code.size() != 3 || !std::ranges::all_of(code, [](unsigned char c) { return isdigit(c); }) ||
        !read_number(code, status) || status == 0)
        return malformed(fmt::format("malformed HTTP status code \"{}\"", shown(code)));
    return status;
}

Result<void> AnswerReader::take_header(std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return malformed("malformed MIME header line: " + shown(line));
    const std::string name = lowered(trim(line.substr(0, colon)));
    const std::string_view value = trim(line.substr(colon + 1));
    answer_.headers.emplace_back(name, value);
    if (name == "transfer-encoding") {
        if (lowered(value) != "chunked") return malformed(fmt::format("unsupported transfer encoding: \"{}\"", shown(value)));
        chunked_ = true;
    }
    if (name == "content-length") {
        size_t length = 0;
        if (!read_number(value, length) || (has_length_ && length != left_bytes_))
            return malformed(fmt::format("bad Content-Length \"{}\"", shown(value)));
        has_length_ = true;
        left_bytes_ = length;
    }
    return ok();
}

Result<void> AnswerReader::end_head() {
    if (answer_.status >= 100 && answer_.status < 200 && answer_.status != 101) {
        if (++interim_ > limits_.interim_answers_max) return malformed("too many 1xx informational responses");
        answer_.status = 0;
        left_bytes_ = 0;
        has_length_ = chunked_ = false;
        answer_.headers.clear();
        return ok();
    }
    const bool bodiless = to_head_ || answer_.status == 101 || answer_.status == 204 || answer_.status == 304 ||
                          (has_length_ && !chunked_ && left_bytes_ == 0);
    if (bodiless) part_ = Part::complete;
    else part_ = chunked_ ? Part::chunk_size : has_length_ ? Part::until_length : Part::until_end;
    return ok();
}

Result<void> AnswerReader::begin_chunk(std::string_view line) {
    if (!read_number(trim(line.substr(0, line.find(';'))), left_bytes_, 16)) return malformed("malformed chunked encoding");
    part_ = left_bytes_ == 0 ? Part::complete : Part::chunk;  // trailers say nothing to us
    return ok();
}

Result<void> AnswerReader::take_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (part_ == Part::chunk_size) return begin_chunk(line);
    if (part_ == Part::chunk_end) {
        if (!line.empty()) return malformed("malformed chunked encoding");
        part_ = Part::chunk_size;
        return ok();
    }
    if (answer_.status == 0) {
        TRY(answer_.status, parse_status_line(line));
        return ok();
    }
    return line.empty() ? end_head() : take_header(line);
}

Result<void> AnswerReader::take_body(std::string_view& bytes) {
    const size_t count = part_ == Part::until_end ? bytes.size() : std::min(bytes.size(), left_bytes_);
    const size_t room = limits_.body_bytes_max - answer_.body.size();
    if (count > room && !limits_.cuts_body)
        return malformed(fmt::format("the answer's body is larger than {} bytes", limits_.body_bytes_max));
    answer_.body.append(bytes.substr(0, std::min(count, room)));
    bytes.remove_prefix(count);
    if (part_ != Part::until_end) left_bytes_ -= count;
    if (part_ == Part::until_length && left_bytes_ == 0) part_ = Part::complete;
    if (part_ == Part::chunk && left_bytes_ == 0) part_ = Part::chunk_end;
    if (limits_.cuts_body && answer_.body.size() == limits_.body_bytes_max) part_ = Part::complete;
    return ok();
}

/// Lines of heads, and those between chunks, which small chunks have many of.
Result<void> AnswerReader::count_line(size_t bytes) {
    const bool is_head = part_ == Part::head;
    (is_head ? head_bytes_ : chunk_line_bytes_) += bytes;
    if (head_bytes_ > limits_.head_bytes_max)
        return malformed(fmt::format("response headers exceeded {} bytes; aborted", limits_.head_bytes_max));
    if (chunk_line_bytes_ > limits_.head_bytes_max + chunk_lines_per_byte_max * limits_.body_bytes_max)
        return malformed("malformed chunked encoding");
    return ok();
}

Result<bool> AnswerReader::take(std::string_view bytes) {
    while (!bytes.empty() && part_ != Part::complete) {
        if (part_ == Part::until_length || part_ == Part::until_end || part_ == Part::chunk) {
            TRY_VOID(take_body(bytes));
            continue;
        }
        const size_t end = bytes.find('\n');
        const size_t count = std::min(end, bytes.size());
        TRY_VOID(count_line(std::min(count + 1, bytes.size())));
        line_.append(bytes.substr(0, count));
        bytes.remove_prefix(std::min(count + 1, bytes.size()));
        if (end == std::string_view::npos) break;
        TRY_VOID(take_line(std::exchange(line_, {})));
    }
    return part_ == Part::complete;
}

Result<void> AnswerReader::end() const {
    if (part_ == Part::complete || part_ == Part::until_end) return ok();
    return malformed(head_bytes_ == 0 ? "EOF" : "unexpected EOF");
}

}  // namespace orilla::http
