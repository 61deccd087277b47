#include "head.hpp"

#include <algorithm>

namespace orilla::http {

namespace {
constexpr int spaces_of_request_line = 2;  // METHOD SP TARGET SP VERSION

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// RFC 3986: what a host, an IP literal and a port are made of. An empty one is right where there is none to name.
bool is_host(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return is_alphanumeric(c) || (c != '\0' && std::string_view("-._~%!$&'()*+,;=:[]").find(c) != std::string_view::npos);
    });
}

size_t count_headers(const Request& request, std::string_view name) {
    return static_cast<size_t>(
        std::ranges::count_if(request.headers, [name](const HeaderView& header) { return equal_fold(header.name, name); }));
}
}  // namespace

size_t HeadLines::take(std::string_view bytes) {
    size_t taken = 0;
    while (taken < bytes.size() && !ended_ && !fault_) take_byte(bytes[taken++]);
    return fault_ ? 0 : taken;
}

void HeadLines::take_byte(char c) {
    if (c == '\n') {
        if (!after_cr_) fault_ = "a line ends without a carriage return";
        after_cr_ = false;
        return end_line();
    }
    if (after_cr_) {
        fault_ = "a carriage return in the middle of a line";
        return;
    }
    if (c == '\r') {
        after_cr_ = true;
        return;
    }
    if (part_ == Part::request_line) check_request_line(c);
    if (part_ == Part::fields) check_start_of_field(c);
    ++line_bytes_;
}

void HeadLines::end_line() {
    if (part_ == Part::fields && line_bytes_ == 0) {
        ended_ = true;
    } else if (part_ == Part::request_line && line_bytes_ == 0) {
        if (++empty_lines_ > empty_lines_max) fault_ = "too many empty lines before a request";
    } else if (part_ == Part::request_line) {
        // HTTP/0.9 has no version: "GET /".
        if (spaces_ != spaces_of_request_line) fault_ = "malformed request line";
        part_ = Part::fields;
    }
    line_bytes_ = 0;
}

void HeadLines::check_request_line(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == ' ') ++spaces_;
    else if (byte < ' ' || byte >= 0x7f) fault_ = "malformed request line";
}

void HeadLines::check_start_of_field(char c) {
    if (line_bytes_ > 0) return;
    if (c == ' ' || c == '\t') fault_ = "folded headers are not accepted";
    if (c == ':') fault_ = "a header without a name";
}

const char* find_framing_fault(const Request& request, int minor) {
    const size_t hosts = count_headers(request, "host");
    if (hosts == 0 && minor >= 1) return "the request lacks a Host header";
    if (hosts > 1) return "the request has more than one Host header";
    if (!is_host(request.header("host"))) return "malformed Host header";
    const size_t codings = count_headers(request, "transfer-encoding");
    const size_t lengths = count_headers(request, "content-length");
    if (lengths > 1) return "the request has more than one Content-Length header";
    if (codings == 0) return nullptr;
    if (minor == 0) return "HTTP/1.0 has no Transfer-Encoding";
    if (lengths > 0) return "the request has both a Transfer-Encoding and a Content-Length header";
    if (codings > 1 || !equal_fold(request.header("transfer-encoding"), "chunked"))
        return "the only transfer coding that is understood is one \"chunked\"";
    return nullptr;
}

}  // namespace orilla::http
