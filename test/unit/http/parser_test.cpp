#include "http/parser.hpp"

#include <catch2/catch.hpp>

#include <memory>

using namespace orilla::http;
using State = RequestParser::State;

namespace {
const ParserLimits limits;

/// Feeds everything; gives what was not taken.
std::string_view feed_all(RequestParser& parser, std::string_view bytes) {
    while (!bytes.empty()) {
        const size_t used = parser.feed(bytes);
        bytes.remove_prefix(used);
        if (parser.state() == State::complete || parser.state() == State::failed) break;
    }
    return bytes;
}

int status_of(std::string_view bytes, const ParserLimits& with = limits) {
    RequestParser parser(with);
    feed_all(parser, bytes);
    return parser.state() == State::failed ? parser.error_status() : 0;
}
const std::string post =
    "POST /api/v1/namespaces/default/pods?dryRun=All HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: 11\r\n\r\n{\"a\":\"b\"}\r\n";
const std::string chunked =
    "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n5;ext=1\r\npedia\r\n0\r\nTrail: er\r\n\r\n";
}  // namespace

TEST_CASE("RequestParser: reads method, path, query, headers and body") {
    RequestParser parser(limits);
    CHECK(feed_all(parser, post).empty());
    REQUIRE(parser.state() == State::complete);
    const Request& request = parser.request();
    CHECK(request.method == Method::post);
    CHECK(request.path == "/api/v1/namespaces/default/pods");
    CHECK(request.query == "dryRun=All");
    CHECK(request.header("CONTENT-type") == "application/json");
    CHECK(request.header("accept").empty());
    CHECK(request.body == "{\"a\":\"b\"}\r\n");
    CHECK(request.keep_alive);
}

TEST_CASE("RequestParser: gives the same request wherever the bytes are split") {
    for (const std::string& text : {post, chunked}) {
        RequestParser whole(limits);
        feed_all(whole, text);
        for (size_t cut = 1; cut < text.size(); ++cut) {
            RequestParser parser(limits);
            feed_all(parser, std::string_view(text).substr(0, cut));
            feed_all(parser, std::string_view(text).substr(cut));
            REQUIRE(parser.state() == State::complete);
            REQUIRE(parser.request().path == whole.request().path);
            REQUIRE(parser.request().body == whole.request().body);
            REQUIRE(parser.request().headers.size() == whole.request().headers.size());
        }
    }
}

TEST_CASE("RequestParser: takes one byte at a time") {
    RequestParser parser(limits);
    for (char c : chunked) REQUIRE(parser.feed(std::string_view(&c, 1)) == 1);
    REQUIRE(parser.state() == State::complete);
    CHECK(parser.request().body == "Wikipedia");
}

TEST_CASE("RequestParser: leaves the next request alone, at every split") {
    const std::string two = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n" + chunked + "GET /c HTTP/1.1\r\nHost: h\r\n\r\n";
    for (size_t cut = 1; cut < two.size(); ++cut) {
        RequestParser parser(limits);
        std::string paths;
        std::string rest;
        for (std::string_view piece : {std::string_view(two).substr(0, cut), std::string_view(two).substr(cut)}) {
            rest += piece;
            for (;;) {
                rest = std::string(feed_all(parser, rest));
                if (parser.state() != State::complete) break;
                paths += parser.request().path;
                parser.next();
            }
        }
        REQUIRE(paths == "/a/x/c");
        REQUIRE(rest.empty());
    }
}

TEST_CASE("RequestParser: refuses what is ambiguous") {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
    CHECK(status_of(head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd") == 400);
    CHECK(status_of(head + "Content-Length: +3\r\n\r\nabc") == 400);
    CHECK(status_of(head + "Content-Length: -3\r\n\r\nabc") == 400);
    CHECK(status_of(head + "Content-Length: 99999999999999999999999\r\n\r\n") == 400);
    CHECK(status_of(head + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "Transfer-Encoding: gzip\r\n\r\nxx") == 400);
    CHECK(status_of(head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n") == 400);
    CHECK(status_of(head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n") == 400);
    CHECK(status_of(head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabX\r\n") == 400);
    CHECK(status_of(head + "Bad Header: x\r\n\r\n") == 400);
    CHECK(status_of(head + "Content-Length : 3\r\n\r\nabc") == 400);
    CHECK(status_of(head + "A: b\r\n folded\r\n\r\n") == 400);
    CHECK(status_of("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of("NON,SENSE / HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of("GET pods HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") != 0);
    CHECK(status_of(std::string("GET / HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n", 36)) == 400);
    CHECK(status_of("\x16\x03\x01\x02") == 400);
}

TEST_CASE("RequestParser: a request names its host once, as RFC 9112 3.2 wants") {
    CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.0\r\nHost: a\r\nHOST: b\r\n\r\n") == 400);
    for (const char* host : {"a b", "a/b", "user@a", "a\"", "a\\b", "\xc3\xa4", "a#b", "a?b", "<a>"})
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 400);
    for (const char* host : {"", "localhost", "box.local:6443", "[::1]:6443", "%2Frun%2Forilla.sock", "a_b", "192.0.2.1"})
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 0);
    CHECK(status_of("GET / HTTP/1.0\r\n\r\n") == 0);
}

TEST_CASE("RequestParser: lines of the head end as they must, and hold one header each") {
    const std::string line = "GET / HTTP/1.1\r\n";
    CHECK(status_of("GET / HTTP/1.1\nHost: h\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\n\n") == 400);
    CHECK(status_of(line + "Host: h\r\n\n") == 400);
    CHECK(status_of(line + "Host: h\r\nA: b\nC: d\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\nA: b\rC: d\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\n\rA: b\r\n\r\n") == 400);
    CHECK(status_of("GET /\r HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of(line + ": x\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\n: x\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\n:\r\n\r\n") == 400);
    CHECK(status_of(line + " Host: h\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\nA:\r\n b\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\nA:\r\n\tb\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\nA\t: b\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\nA\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\nA: b\x01\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\nA: b\x7f\r\n\r\n") == 400);
    CHECK(status_of(line + "Host: h\r\nA: b\tc\r\nD:\r\nE:f\r\n\r\n") == 0);
}

TEST_CASE("RequestParser: only HTTP/1.0 and HTTP/1.1, in a line of three parts") {
    CHECK(status_of("GET /\r\n") == 400);
    CHECK(status_of("GET\r\n") == 400);
    CHECK(status_of("GET / HTTP/0.9\r\nHost: h\r\n\r\n") != 0);
    CHECK(status_of("GET / HTTP/1.2\r\nHost: h\r\n\r\n") == 505);
    CHECK(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n") != 0);
    CHECK(status_of("GET / http/1.1\r\nHost: h\r\n\r\n") != 0);
    CHECK(status_of("GET  / HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1 \r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of("GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of("GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n") == 0);
    CHECK(status_of("\r\n\r\n\r\n\r\n\r\n") == 400);
}

TEST_CASE("RequestParser: a body's length is said once, in a way that the version knows") {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
    CHECK(status_of(head + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc") == 400);
    CHECK(status_of(head + "Content-Length: 3, 3\r\n\r\nabc") == 400);
    CHECK(status_of(head + "Content-Length: 3 3\r\n\r\nabc") == 400);
    CHECK(status_of(head + "Content-Length:\r\n\r\n") == 400);
    CHECK(status_of(head + "Content-Length: 0x3\r\n\r\nabc") == 400);
    for (const char* coding : {"chunked, chunked", "identity", "xchunked", "chunked;q=1", "gzip, chunked",
                               "\x0b"
                               "chunked",
                               "", "chunked,"})
        CHECK(status_of(head + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n") == 0);
    // What follows would be a request to one reader and a body to another.
    const std::string behind = "\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: h\r\n\r\n";
    CHECK(status_of("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked" + behind) == 400);
    CHECK(status_of("POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked" + behind) ==
          400);
}

TEST_CASE("RequestParser: chunks and trailers are lines by the letter, too") {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(status_of(head + "4\nWiki\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "4\r\nWiki\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "4;a\nWiki\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "4\rXWiki\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "4\r\nWiki\rX0\r\n\r\n") == 400);
    CHECK(status_of(head + "4\r\nWikiX\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "0x4\r\nWiki\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + " 4\r\nWiki\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "\r\n4\r\nWiki\r\n0\r\n\r\n") == 400);
    CHECK(status_of(head + "4\r\nWiki\r\n0\n\r\n") == 400);
    CHECK(status_of(head + "4\r\nWiki\r\n0\r\nA: b\n\r\n") == 400);
    CHECK(status_of(head + "4\r\nWiki\r\n0\r\n: b\r\n\r\n") == 400);
    CHECK(status_of(head + "4\r\nWiki\r\n0\r\nA: b\r\n c\r\n\r\n") == 400);
    CHECK(status_of(head + "4\r\nWiki\r\n0\r\n\n") == 400);
    CHECK(status_of(head + "4\r\nWiki\r\n0\r\nA: b\r\n\r\n") == 0);
}

TEST_CASE("RequestParser: an expectation that nobody meets is refused") {
    CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\na") == 417);
    CHECK(status_of("POST / HTTP/1.0\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\na") == 0);
}

TEST_CASE("RequestParser: keeps to its limits") {
    CHECK(status_of("GET /" + std::string(limits.url_bytes_max, 'a') + " HTTP/1.1\r\n\r\n") == 414);
    CHECK(status_of("GET / HTTP/1.1\r\nA: " + std::string(limits.header_bytes_max, 'a') + "\r\n\r\n") == 431);
    std::string many = "GET / HTTP/1.1\r\n";
    for (size_t i = 0; i <= limits.header_count_max; ++i) many += "A: b\r\n";
    CHECK(status_of(many + "\r\n") == 431);
    CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(limits.body_bytes_max + 1) +
                    "\r\n\r\n") == 413);
    ParserLimits small = limits;
    small.body_bytes_max = 8;
    small.chunk_overhead_bytes_max = 64;
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(status_of(head + "9\r\n123456789\r\n0\r\n\r\n", small) == 413);
    CHECK(status_of(head + "8\r\n12345678\r\n0\r\n\r\n", small) == 0);
    // At once: no byte of the chunk was sent.
    for (const char* size :
         {"9", "00000000000000000009", "7fffffffffffffff", "ffffffffffffffff", "fffffffffffffffff", "9;name=value"})
        CHECK(status_of(head + size + "\r\n", small) == 413);
    CHECK(status_of(head + "4\r\n1234\r\n5\r\n", small) == 413);
    CHECK(status_of(head + "4\r\n1234\r\nffffffffffffffff\r\n", small) == 413);
    RequestParser parser(small);
    feed_all(parser, head);
    for (int i = 0; i < 100 && parser.state() != State::failed; ++i) parser.feed(i == 0 ? "1;name" : "name");
    CHECK(parser.error_text() == "the request body is too large");
}

TEST_CASE("RequestParser: takes the whole body when it is exactly as large as allowed") {
    ParserLimits small = limits;
    small.body_bytes_max = 8;
    CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n12345678", small) == 0);
}

TEST_CASE("RequestParser: a proxy's absolute URL names the same path") {
    RequestParser parser(limits);
    feed_all(parser, "GET http://localhost:6443/api?x=1 HTTP/1.1\r\nHost: localhost:6443\r\n\r\n");
    REQUIRE(parser.state() == State::complete);
    CHECK(parser.request().authority == "localhost:6443");
    CHECK(parser.request().path == "/api");
    CHECK(parser.request().query == "x=1");
}

TEST_CASE("RequestParser: a request to switch protocols ends the connection after its answer") {
    RequestParser parser(limits);
    feed_all(parser,
             "POST /exec HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n\x80\x03");
    REQUIRE(parser.state() == State::complete);
    CHECK_FALSE(parser.request().keep_alive);
}

TEST_CASE("RequestParser: HTTP/1.0 is answered without keep-alive") {
    RequestParser parser(limits);
    feed_all(parser, "GET / HTTP/1.0\r\n\r\n");
    REQUIRE(parser.state() == State::complete);
    CHECK_FALSE(parser.request().keep_alive);
    CHECK(parser.request().protocol == Protocol::http_1_0);
}

TEST_CASE("RequestParser: large bodies share a budget, small ones always find room") {
    BodyBudget budget{.bytes_max = 1000, .uncounted_bytes_max = 100};
    const auto head = [](size_t bytes) {
        return "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n";
    };
    auto first = std::make_unique<RequestParser>(limits, &budget);
    feed_all(*first, head(900));
    feed_all(*first, std::string(600, 'a'));
    feed_all(*first, std::string(299, 'a'));
    CHECK(first->state() == State::body);
    RequestParser second(limits, &budget);
    feed_all(second, head(600) + std::string(600, 'b'));
    CHECK(second.state() == State::failed);
    CHECK(second.error_status() == 429);
    RequestParser small(limits, &budget);
    feed_all(small, head(100) + std::string(100, 'c'));
    CHECK(small.state() == State::complete);
    SECTION("room comes back with the next request") {
        feed_all(*first, "a");
        CHECK(first->state() == State::complete);
        first->next();
    }
    SECTION("and with the end of the connection") { first.reset(); }
    CHECK(budget.bytes == 0);
    RequestParser third(limits, &budget);
    feed_all(third, head(600) + std::string(600, 'd'));
    CHECK(third.state() == State::complete);
}
