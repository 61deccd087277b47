#include "parser.hpp"

#include <llhttp.h>

#include <vector>

#include "head.hpp"

namespace orilla::http {

namespace {
/// A piece of Impl::text; views are made once the text no longer moves.
struct Span {
    size_t begin = 0;
    size_t end = 0;
};
struct HeaderSpan {
    Span name;
    Span value;
};
const llhttp_settings_t& parser_settings();
}  // namespace

struct RequestParser::Impl {
    Impl(const ParserLimits& the_limits, BodyBudget* the_budget) : limits(the_limits), budget(the_budget) {
        llhttp_init(&parser, HTTP_REQUEST, &parser_settings());
        parser.data = this;
    }
    ~Impl() { give_back(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    int fail(int status, const char* text) {
        state = State::failed;
        error_status = status;
        error_text = text;
        return HPE_USER;
    }
    std::string_view view(Span span) const { return std::string_view(text).substr(span.begin, span.end - span.begin); }

    int on_url(const char* at, size_t length);
    int on_header_field(const char* at, size_t length);
    int on_header_value(const char* at, size_t length);
    int on_headers_complete();
    int on_chunk_header();
    size_t feed_some(std::string_view bytes);
    int on_body(const char* at, size_t length);
    int on_message_complete();
    bool take_room(size_t bytes);
    void give_back();
    void make_views();
    void fail_from_llhttp(llhttp_errno_t code);

    const ParserLimits& limits;
    BodyBudget* budget;
    size_t room = 0;  ///< taken from the budget
    llhttp_t parser;
    HeadLines lines;  ///< of the head, then of the trailers
    State state = State::idle;
    std::string text;  ///< URL, header names and values, one after another
    std::string body;
    Span url;
    std::vector<HeaderSpan> headers;
    size_t header_bytes = 0;
    size_t body_wire_bytes = 0;
    bool in_value = false;
    bool trailers = false;  ///< header callbacks are about them from now on
    bool expects_continue = false;
    int error_status = 0;
    const char* error_text = "";
    Request request;
};

namespace {
RequestParser::Impl& self(llhttp_t* parser) { return *static_cast<RequestParser::Impl*>(parser->data); }

llhttp_settings_t make_settings() {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = [](llhttp_t* p, const char* at, size_t n) { return self(p).on_url(at, n); };
    s.on_header_field = [](llhttp_t* p, const char* at, size_t n) { return self(p).on_header_field(at, n); };
    s.on_header_value = [](llhttp_t* p, const char* at, size_t n) { return self(p).on_header_value(at, n); };
    s.on_headers_complete = [](llhttp_t* p) { return self(p).on_headers_complete(); };
    s.on_chunk_header = [](llhttp_t* p) { return self(p).on_chunk_header(); };
    s.on_body = [](llhttp_t* p, const char* at, size_t n) { return self(p).on_body(at, n); };
    s.on_message_complete = [](llhttp_t* p) { return self(p).on_message_complete(); };
    return s;
}

const llhttp_settings_t& parser_settings() {
    static const llhttp_settings_t settings = make_settings();
    return settings;
}

/// RFC 9110's tchar.
bool is_token(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

/// What RFC 9110 keeps out of values.
bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

Method method_of(uint8_t method) {
    switch (method) {
        case HTTP_GET: return Method::get;
        case HTTP_HEAD: return Method::head;
        case HTTP_POST: return Method::post;
        case HTTP_PUT: return Method::put;
        case HTTP_PATCH: return Method::patch;
        case HTTP_DELETE: return Method::delete_;
        default: return Method::other;
    }
}

/// A proxy sends the whole URL; only the path is of interest here.
std::string_view without_authority(std::string_view target) {
    for (std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const size_t slash = target.find('/', scheme.size());
        return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
    return target;
}
}  // namespace

int RequestParser::Impl::on_url(const char* at, size_t length) {
    state = State::head;
    if (url.end - url.begin + length > limits.url_bytes_max) return fail(414, "the request URL is too long");
    text.append(at, length);
    url.end = text.size();
    return 0;
}

int RequestParser::Impl::on_header_field(const char* at, size_t length) {
    header_bytes += length;
    if (trailers) {  // they mean nothing here, but they are counted
        return header_bytes > limits.header_bytes_max ? fail(431, "the trailers are too large") : 0;
    }
    if (headers.empty() || in_value) {
        if (headers.size() == limits.header_count_max) return fail(431, "the request has too many headers");
        headers.push_back({{text.size(), text.size()}, {}});
        in_value = false;
    }
    if (header_bytes > limits.header_bytes_max) return fail(431, "the request headers are too large");
    for (size_t i = 0; i < length; ++i)  // llhttp lets blanks pass
        if (!is_token(at[i])) return fail(400, "malformed header name");
    text.append(at, length);
    headers.back().name.end = text.size();
    return 0;
}

int RequestParser::Impl::on_header_value(const char* at, size_t length) {
    header_bytes += length;
    if (header_bytes > limits.header_bytes_max) return fail(431, "the request headers are too large");
    if (trailers) return 0;
    if (headers.empty()) return fail(400, "malformed header");
    if (!in_value) headers.back().value = {text.size(), text.size()};
    in_value = true;
    for (size_t i = 0; i < length; ++i)
        if (is_control(at[i])) return fail(400, "malformed header value");
    text.append(at, length);
    headers.back().value.end = text.size();
    return 0;
}

void RequestParser::Impl::make_views() {
    request.method = method_of(llhttp_get_method(&parser));
    request.target = without_authority(view(url));
    const size_t question = request.target.find('?');
    request.path = request.target.substr(0, question);
    request.query = question == std::string_view::npos ? std::string_view() : request.target.substr(question + 1);
    request.headers.clear();
    for (const auto& header : headers) request.headers.push_back({view(header.name), view(header.value)});
}

int RequestParser::Impl::on_headers_complete() {
    make_views();
    if (llhttp_get_http_major(&parser) != 1) return fail(400, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    if (const char* fault = find_framing_fault(request, llhttp_get_http_minor(&parser))) return fail(400, fault);
    request.protocol = llhttp_get_http_minor(&parser) == 0 ? Protocol::http_1_0 : Protocol::http_1_1;
    request.keep_alive = llhttp_should_keep_alive(&parser) != 0;
    // A switch of protocols is never made here; what follows such a request may be the other protocol's bytes.
    if (parser.upgrade != 0) request.keep_alive = false;
    if (!request.path.starts_with('/') && request.method != Method::other)
        return fail(400, "the request target must be a path");
    const bool has_length = !request.header("content-length").empty();
    if (has_length && parser.content_length > limits.body_bytes_max) return fail(413, "the request body is too large");
    // HTTP/1.0 knows no expectations: there they mean nothing.
    const std::string_view expected = request.protocol == Protocol::http_1_0 ? std::string_view() : request.header("expect");
    expects_continue = equal_fold(expected, "100-continue");
    if (!expected.empty() && !expects_continue) return fail(417, "the only expectation that is met here is 100-continue");
    trailers = true;
    state = State::body;
    return 0;
}

/// The chunk's size is known, and nothing of it was read yet.
int RequestParser::Impl::on_chunk_header() {
    if (parser.content_length > limits.body_bytes_max - body.size()) return fail(413, "the request body is too large");
    if (parser.content_length > 0) return 0;
    lines.start_trailers();
    return HPE_PAUSED;
}

int RequestParser::Impl::on_body(const char* at, size_t length) {
    if (body.size() + length > limits.body_bytes_max) return fail(413, "the request body is too large");
    if (!take_room(length)) return fail(429, "too many large requests at once, please try again later");
    body.append(at, length);
    return 0;
}

bool RequestParser::Impl::take_room(size_t bytes) {
    if (!budget || body.size() + bytes <= budget->uncounted_bytes_max) return true;
    if (budget->bytes + bytes > budget->bytes_max) return false;
    budget->bytes += bytes;
    room += bytes;
    return true;
}

void RequestParser::Impl::give_back() {
    if (budget) budget->bytes -= room;
    room = 0;
}

int RequestParser::Impl::on_message_complete() {
    request.body = body;
    state = State::complete;
    return HPE_PAUSED;
}

void RequestParser::Impl::fail_from_llhttp(llhttp_errno_t code) {
    if (state == State::failed) return;
    state = State::failed;
    error_status = 400;
    error_text = llhttp_get_error_reason(&parser);
    if (code == HPE_INVALID_VERSION || code == HPE_PAUSED_H2_UPGRADE) {
        error_status = 505;
        error_text = "only HTTP/1.0 and HTTP/1.1 are spoken here";
    }
    // A number that 64 bits cannot hold is too large before it is malformed.
    if (code == HPE_INVALID_CHUNK_SIZE && error_text == std::string_view("Chunk size overflow")) {
        error_status = 413;
        error_text = "the request body is too large";
    }
    if (!error_text || !*error_text) error_text = "malformed HTTP request";
}

RequestParser::RequestParser(const ParserLimits& limits, BodyBudget* budget) : impl_(std::make_unique<Impl>(limits, budget)) {}
RequestParser::~RequestParser() = default;

/// As far as one kind of bytes goes: a head, a body or trailers.
size_t RequestParser::Impl::feed_some(std::string_view bytes) {
    if (!lines.ended()) {
        const size_t taken = lines.take(bytes);
        if (lines.fault()) return fail(400, lines.fault()), 0;
        bytes = bytes.substr(0, taken);
    }
    const llhttp_errno_t code = llhttp_execute(&parser, bytes.data(), bytes.size());
    if (code == HPE_OK) return bytes.size();
    const auto used = static_cast<size_t>(llhttp_get_error_pos(&parser) - bytes.data());
    if (code == HPE_PAUSED && state == State::body) llhttp_resume(&parser);  // lines follow
    else if (state != State::complete) fail_from_llhttp(code);
    return used;
}

size_t RequestParser::feed(std::string_view bytes) {
    Impl& impl = *impl_;
    const auto may_go_on = [&impl] { return impl.state != State::complete && impl.state != State::failed; };
    if (!may_go_on() || bytes.empty()) return 0;
    if (impl.state == State::body) {
        impl.body_wire_bytes += bytes.size();
        if (impl.body_wire_bytes > impl.limits.body_bytes_max + impl.limits.chunk_overhead_bytes_max) {
            impl.fail(413, "the request body is too large");
            return 0;
        }
    }
    if (impl.state == State::idle) impl.state = State::head;
    size_t used = 0;
    while (used < bytes.size() && may_go_on()) used += impl.feed_some(bytes.substr(used));
    return used;
}

RequestParser::State RequestParser::state() const { return impl_->state; }

bool RequestParser::wants_continue() const { return impl_->state == State::body && impl_->expects_continue; }
void RequestParser::continue_sent() { impl_->expects_continue = false; }

void RequestParser::next() {
    Impl& impl = *impl_;
    // A fresh parser, not a resumed one: nothing of one request can colour the next.
    llhttp_reset(&impl.parser);
    impl.parser.data = &impl;
    impl.lines.start_head();
    impl.state = State::idle;
    impl.text.clear();
    impl.body.clear();
    impl.give_back();
    if (impl.text.capacity() > impl.limits.kept_capacity_bytes_max) impl.text.shrink_to_fit();
    if (impl.body.capacity() > impl.limits.kept_capacity_bytes_max) impl.body.shrink_to_fit();
    impl.url = {};
    impl.headers.clear();
    impl.header_bytes = impl.body_wire_bytes = 0;
    impl.in_value = impl.trailers = impl.expects_continue = false;
}

const Request& RequestParser::request() const { return impl_->request; }
Request& RequestParser::request() { return impl_->request; }
int RequestParser::error_status() const { return impl_->error_status; }
std::string_view RequestParser::error_text() const { return impl_->error_text; }

}  // namespace orilla::http
