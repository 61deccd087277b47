// Bytes of a connection, fed in pieces whose sizes the input chooses: the parser must keep to its limits, never read a
// request that ends before it began, and give the same requests however the bytes are cut, and whether bodies are collected
// or handed on. PROXY protocol comes before them.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "apiserver/request/negotiation.hpp"
#include "apiserver/request/request_info.hpp"
#include "http/parser.hpp"
#include "http/proxy_header.hpp"
#include "orilla/http/uri.hpp"

using namespace orilla::http;

namespace {
ParserLimits small_limits() {
    ParserLimits limits;
    limits.url_bytes_max = 256;
    limits.header_bytes_max = 1024;
    limits.header_count_max = 16;
    limits.body_bytes_max = 1024;
    limits.chunk_overhead_bytes_max = 1024;
    return limits;
}

void look_at(const Request& request, const ParserLimits& limits) {
    if (request.body.size() > limits.body_bytes_max || request.target.size() > limits.url_bytes_max) std::abort();
    (void)split_path(request.path).has_value();
    (void)orilla::apiserver::parse_request_info(request).has_value();
    (void)Query::parse(request.query).has_value();
    (void)orilla::apiserver::negotiate_object(request.header("accept")).has_value();
    (void)orilla::apiserver::parse_media_type(request.header("content-type"));
}

struct Streams final : BodyJudge {
    bool streams_body(Request&) override { return true; }
};

/// The same where bodies are handed on, of which nothing may be kept. Where they are not too large to be collected, the two
/// must agree.
std::string stream_all(std::string_view bytes, size_t step) {
    const ParserLimits limits = small_limits();
    RequestParser parser(limits);
    Streams all;
    parser.ask(&all);
    std::string seen;
    std::string pending;
    std::string body;
    while (!bytes.empty() || !pending.empty()) {
        pending += bytes.substr(0, step);
        bytes.remove_prefix(std::min(step, bytes.size()));
        pending.erase(0, parser.feed(pending));
        pending.erase(0, parser.feed_stream(pending, &body));
        if (parser.state() == RequestParser::State::failed) return seen + "failed";
        if (parser.state() == RequestParser::State::complete) {
            if (parser.length() && *parser.length() != body.size()) std::abort();
            for (const auto& [name, value] : parser.trailers())
                if (name.empty() || value.find_first_of("\r\n") != std::string::npos) std::abort();
            seen += std::string(parser.request().target) + "|" + body + ";";
            if (body.size() > limits.body_bytes_max) return seen + "failed";
            if (!parser.request().keep_alive) return seen;
            body.clear();
            parser.next();
        } else if (bytes.empty()) {
            break;
        }
    }
    return seen;
}

/// What was understood, as one text.
std::string parse_all(std::string_view bytes, size_t step) {
    const ParserLimits limits = small_limits();
    RequestParser parser(limits);
    std::string seen;
    std::string pending;
    while (!bytes.empty() || !pending.empty()) {
        pending += bytes.substr(0, step);
        bytes.remove_prefix(std::min(step, bytes.size()));
        const size_t used = parser.feed(pending);
        pending.erase(0, used);
        if (parser.state() == RequestParser::State::failed) return seen + "failed";
        if (parser.state() == RequestParser::State::complete) {
            look_at(parser.request(), limits);
            seen += std::string(parser.request().target) + "|" + std::string(parser.request().body) + ";";
            if (!parser.request().keep_alive) return seen;
            parser.next();
        } else if (bytes.empty()) {
            break;
        }
    }
    return seen;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    // The limits count what is in one piece a little later or earlier, so only successes must agree.
    const std::string whole = parse_all(bytes, bytes.size() + 1);
    const std::string cut = parse_all(bytes, data[0] % 16 + 1);
    const bool both = whole.find("failed") == std::string::npos && cut.find("failed") == std::string::npos;
    if (both && whole != cut) std::abort();
    const std::string streamed = stream_all(bytes, data[0] % 16 + 1);
    const bool may_be_told = both && streamed.find("failed") == std::string::npos;
    if (may_be_told && whole != streamed) std::abort();
    const auto header = parse_proxy_header(bytes);
    if (header && *header && ((*header)->bytes > bytes.size() || (*header)->client.find('\n') != std::string::npos))
        std::abort();
    return 0;
}
