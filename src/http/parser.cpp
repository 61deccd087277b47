#include "parser.hpp"

#include <algorithm>

#include "orilla/base/text.hpp"

namespace orilla::http {

namespace {
constexpr size_t method_bytes_max = 64;
constexpr size_t version_bytes = 8;  // HTTP/1.1

Method method_of(std::string_view text) {
    if (text == "GET") return Method::get;
    if (text == "HEAD") return Method::head;
    if (text == "POST") return Method::post;
    if (text == "PUT") return Method::put;
    if (text == "PATCH") return Method::patch;
    if (text == "DELETE") return Method::delete_;
    return Method::other;
}

struct Failure {
    int status;
    const char* text;
};

Failure failure_of(HeadFault fault) {
    switch (fault) {
        case HeadFault::bare_line_feed: return {400, "a line ends without a carriage return"};
        case HeadFault::empty_lines: return {400, "too many empty lines before a request"};
        case HeadFault::folded: return {400, "folded headers are not accepted"};
        case HeadFault::no_name: return {400, "a header without a name"};
        case HeadFault::name: return {400, "malformed header name"};
        case HeadFault::value: return {400, "malformed header value"};
        case HeadFault::start_bytes: return {414, "the request URL is too long"};
        case HeadFault::field_bytes: return {431, "the request headers are too large"};
        case HeadFault::field_count: return {431, "the request has too many headers"};
        case HeadFault::start_line:
        case HeadFault::none: break;
    }
    return {400, "malformed request line"};
}

struct Target {
    std::string_view authority;
    std::string_view path;
    bool is_absolute = false;
};

/// A client that takes us for its proxy sends the whole URL.
Target split_target(std::string_view target) {
    for (std::string_view scheme : {"http://", "https://"}) {
        if (target.size() < scheme.size() || !equal_fold(target.substr(0, scheme.size()), scheme)) continue;
        target.remove_prefix(scheme.size());
        const size_t end = std::min(target.find_first_of("/?#"), target.size());
        return {target.substr(0, end), end < target.size() ? target.substr(end) : std::string_view("/"), true};
    }
    return {{}, target, false};
}
}  // namespace

RequestParser::RequestParser(const ParserLimits& limits, BodyBudget* budget) : limits_(limits), budget_(budget) { next(); }
RequestParser::~RequestParser() { give_back(); }

void RequestParser::fail(int status, const char* text) {
    state_ = State::failed;
    error_status_ = status;
    error_text_ = text;
}

// ---- the head --------------------------------------------------------------------------------------------------------

size_t RequestParser::feed_head(std::string_view bytes) {
    state_ = State::head;
    const size_t used = lines_.take(bytes);
    if (lines_.fault() != HeadFault::none) {
        const Failure failure = failure_of(lines_.fault());
        fail(failure.status, failure.text);
        return 0;
    }
    if (lines_.ended()) end_head();
    else if (lines_.has_start_line() && minor_ < 0)
        read_request_line(lines_.start_line());  // a bad one has no fields to wait for
    return used;
}

bool RequestParser::read_request_line(std::string_view line) {
    const size_t method_end = line.find(' ');
    const size_t target_end = line.rfind(' ');
    if (method_end == target_end) return fail(400, "malformed request line"), false;  // HTTP/0.9 has no version
    request_.method_text = line.substr(0, method_end);
    request_.target = line.substr(method_end + 1, target_end - method_end - 1);
    const std::string_view version = line.substr(target_end + 1);
    const bool is_malformed = !is_token(request_.method_text) || request_.method_text.size() > method_bytes_max ||
                              request_.target.empty() || request_.target.find(' ') != std::string_view::npos ||
                              version.size() != version_bytes || !version.starts_with("HTTP/") || version[6] != '.';
    if (is_malformed) return fail(400, "malformed request line"), false;
    if (request_.target.size() > limits_.url_bytes_max) return fail(414, "the request URL is too long"), false;
    if (!version.starts_with("HTTP/1.") || (version[7] != '0' && version[7] != '1'))
        return fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here"), false;
    minor_ = version[7] - '0';
    request_.method = method_of(request_.method_text);
    request_.protocol = minor_ == 0 ? Protocol::http_1_0 : Protocol::http_1_1;
    return true;
}

/// What two readers could take for two hosts is refused: the target's counts, so the header must not differ.
bool RequestParser::read_target(std::string_view target, const Framing& framing) {
    const Target parts = split_target(target);
    const bool is_connect = request_.method_text == "CONNECT";
    const bool has_own_form = is_connect || (request_.method_text == "OPTIONS" && target == "*");
    request_.target = parts.path;
    if (!request_.target.starts_with('/') && !has_own_form) return fail(400, "the request target must be a path"), false;
    if (target.find('#') != std::string_view::npos) return fail(400, "the request target has a fragment"), false;
    request_.authority = parts.is_absolute ? parts.authority : is_connect ? target : framing.host;
    if (!is_host(request_.authority) || (parts.is_absolute && request_.authority.empty()))
        return fail(400, "malformed request target"), false;
    const bool has_two_hosts = framing.hosts == 1 && !equal_fold(request_.authority, framing.host);
    if (has_two_hosts) return fail(400, "the request target and the Host header differ"), false;
    const size_t question = request_.target.find('?');
    request_.path = request_.target.substr(0, question);
    request_.query = question == std::string_view::npos ? std::string_view() : request_.target.substr(question + 1);
    return true;
}

/// HTTP/1.0 knows no expectations: there they mean nothing.
bool RequestParser::read_expectation(const Framing& framing) {
    const std::string_view expected = minor_ == 0 ? std::string_view() : framing.expect;
    expects_continue_ = equal_fold(expected, "100-continue");
    if (expected.empty() || expects_continue_) return true;
    return fail(417, "the only expectation that is met here is 100-continue"), false;
}

void RequestParser::end_head() {
    if (!read_request_line(lines_.start_line())) return;
    lines_.read_fields(&request_.headers);
    const Framing framing = read_framing(request_.headers);
    if (const char* fault = find_framing_fault(framing, minor_)) return fail(400, fault);
    if (!read_target(request_.target, framing) || !read_expectation(framing)) return;
    const bool switches = framing.says_upgrade && !framing.upgrade.empty() && minor_ > 0;
    request_.upgrade = switches ? framing.upgrade : std::string_view();
    request_.keep_alive = !framing.says_close && (minor_ > 0 || framing.says_keep_alive);
    // What follows such a request may be the other protocol's bytes.
    if (switches || request_.method_text == "CONNECT") request_.keep_alive = false;
    begin_body(framing);
}

// ---- the body --------------------------------------------------------------------------------------------------------

void RequestParser::begin_body(const Framing& framing) {
    const bool has_body = framing.chunked || framing.length.value_or(0) > 0;
    length_ = framing.length;
    if (!has_body) {
        state_ = State::complete;
        return;
    }
    const bool streams = judge_ && judge_->streams_body(request_);
    if (!streams && framing.length.value_or(0) > limits_.body_bytes_max) return fail(413, "the request body is too large");
    // Who hands a body on sets no bound to it, but what stands between its bytes must be in proportion.
    constexpr size_t overhead_per_byte_max = 16;
    BodyRules rules;
    rules.overhead_bytes_max = limits_.chunk_overhead_bytes_max;
    rules.overhead_per_byte_max = streams ? overhead_per_byte_max : 0;
    rules.trailer_bytes_max = limits_.header_bytes_max;
    rules.trailer_count_max = limits_.header_count_max;
    decoder_.begin(framing.chunked ? BodyKind::chunked : BodyKind::with_length, framing.length.value_or(0), rules);
    state_ = streams ? State::streaming : State::body;
}

bool RequestParser::check_decoder() {
    using Fault = BodyDecoder::Fault;
    const bool collects = state_ == State::body;
    switch (decoder_.fault()) {
        case Fault::none:
            // At once: no byte of the chunk has to come.
            if (!collects || decoder_.left() <= limits_.body_bytes_max - body_.size()) return true;
            fail(413, "the request body is too large");
            return false;
        case Fault::chunk: fail(400, "malformed chunked encoding"); return false;
        case Fault::trailers: fail(400, "malformed trailers"); return false;
        case Fault::chunk_bytes:
        case Fault::overhead: fail(413, "the request body is too large"); return false;
    }
    return false;
}

size_t RequestParser::feed_body(std::string_view bytes) {
    std::string_view data;
    const size_t used = decoder_.take(bytes, &data);
    if (data.size() > limits_.body_bytes_max - body_.size()) return fail(413, "the request body is too large"), used;
    if (!take_room(data.size())) return fail(429, "too many large requests at once, please try again later"), used;
    body_ += data;
    if (!check_decoder() || !decoder_.complete()) return used;
    request_.body = body_;
    state_ = State::complete;
    return used;
}

size_t RequestParser::feed_stream(std::string_view bytes, std::string* out) {
    size_t used = 0;
    while (used < bytes.size() && state_ == State::streaming) {
        std::string_view data;
        used += decoder_.take(bytes.substr(used), &data);
        *out += data;
        if (check_decoder() && decoder_.complete()) state_ = State::complete;
    }
    return used;
}

bool RequestParser::take_room(size_t bytes) {
    if (!budget_ || body_.size() + bytes <= budget_->uncounted_bytes_max) return true;
    if (budget_->bytes + bytes > budget_->bytes_max) return false;
    budget_->bytes += bytes;
    room_ += bytes;
    return true;
}

void RequestParser::give_back() {
    if (budget_) budget_->bytes -= room_;
    room_ = 0;
}

size_t RequestParser::feed(std::string_view bytes) {
    size_t used = 0;
    while (used < bytes.size()) {
        const std::string_view rest = bytes.substr(used);
        if (state_ == State::idle || state_ == State::head) used += feed_head(rest);
        else if (state_ == State::body) used += feed_body(rest);
        else break;
    }
    return used;
}

void RequestParser::next() {
    HeadRules rules;
    rules.is_request = true;
    rules.start_bytes_max = limits_.url_bytes_max + method_bytes_max + version_bytes;
    rules.field_bytes_max = limits_.header_bytes_max;
    rules.field_count_max = limits_.header_count_max;
    lines_.start(rules);
    lines_.shrink(limits_.kept_capacity_bytes_max);
    state_ = State::idle;
    minor_ = -1;
    body_.clear();
    give_back();
    if (body_.capacity() > limits_.kept_capacity_bytes_max) body_.shrink_to_fit();
    request_.headers.clear();
    request_.protocol = Protocol::http_1_1;
    request_.body = {};
    request_.body_stream = nullptr;
    request_.interim = nullptr;
    expects_continue_ = false;
}

}  // namespace orilla::http
