// Which headers go on, and what the gateway says of where a request comes from.
#include "forwarding.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::gateway;

namespace {
http::Request request_with(std::vector<http::HeaderView> headers) {
    http::Request request;
    request.headers = std::move(headers);
    request.client = "198.51.100.7:4711";
    request.authority = "app.example";
    return request;
}
std::string find(ForwardedHeaders& forwarded, std::string_view name) {
    std::string out;
    for (const auto& header : forwarded.headers())
        if (header.name == name) out += out.empty() ? std::string(header.value) : "|" + std::string(header.value);
    return out;
}
}  // namespace

TEST_CASE("forwarding: what belongs to a connection stays there", "[gateway]") {
    const auto request = request_with({{"Host", "app.example"},
                                       {"Connection", "keep-alive, X-Mine"},
                                       {"x-mine", "1"},
                                       {"Keep-Alive", "timeout=5"},
                                       {"Transfer-Encoding", "chunked"},
                                       {"Content-Length", "3"},
                                       {"TE", "gzip, trailers"},
                                       {"Upgrade", "h2c"},
                                       {"Proxy-Authorization", "Basic x"},
                                       {"Cookie", "a=1"},
                                       {"Accept", "*/*"}});
    ForwardedHeaders forwarded(request);
    for (const char* name : {"Host", "Connection", "x-mine", "Keep-Alive", "Transfer-Encoding", "Content-Length", "TE",
                             "Upgrade", "Proxy-Authorization"})
        CHECK(find(forwarded, name).empty());
    CHECK(find(forwarded, "te") == "trailers");
    CHECK(find(forwarded, "Cookie") == "a=1");
    CHECK(find(forwarded, "Accept") == "*/*");
}

TEST_CASE("forwarding: clients do not say where they come from", "[gateway]") {
    const auto request = request_with({{"X-Forwarded-For", "10.0.0.1"},
                                       {"x_forwarded_for", "10.0.0.1"},
                                       {"X-Real-IP", "10.0.0.1"},
                                       {"X_Forwarded-Proto", "https"},
                                       {"Forwarded", "for=10.0.0.1"}});
    ForwardedHeaders forwarded(request);
    CHECK(find(forwarded, "X-Forwarded-For") == "198.51.100.7");
    CHECK(find(forwarded, "x_forwarded_for").empty());
    CHECK(find(forwarded, "X_Forwarded-Proto").empty());
    CHECK(find(forwarded, "X-Real-IP") == "198.51.100.7");
    CHECK(find(forwarded, "X-Forwarded-Proto") == "http");
    CHECK(find(forwarded, "X-Forwarded-Host") == "app.example");
    CHECK(find(forwarded, "Forwarded") == "for=198.51.100.7;host=\"app.example\";proto=http");
}

TEST_CASE("forwarding: addresses of clients", "[gateway]") {
    CHECK(address_of("192.0.2.1:80") == "192.0.2.1");
    CHECK(address_of("[2001:db8::1]:80") == "2001:db8::1");
    CHECK(address_of("[::ffff:192.0.2.1]:80") == "192.0.2.1");
    CHECK(address_of("") == "");
    auto request = request_with({});
    request.client = "[2001:db8::1]:80";
    request.is_secure = true;
    ForwardedHeaders forwarded(request);
    CHECK(find(forwarded, "Forwarded") == "for=\"[2001:db8::1]\";host=\"app.example\";proto=https");
}

TEST_CASE("forwarding: an answer loses what frames it", "[gateway]") {
    http::AnswerHead head;
    head.headers = {{"Content-Type", "text/html"}, {"Connection", "X-Hop"}, {"X-Hop", "1"},    {"Transfer-Encoding", "chunked"},
                    {"Set-Cookie", "a=1"},         {"Set-Cookie", "b=2"},   {"Date", "today"}, {"Content-Length", "3"}};
    CHECK(render_answer_headers(head) == "Content-Type: text/html\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: today\r\n");
}

TEST_CASE("forwarding: methods that may be repeated", "[gateway]") {
    for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"}) CHECK(is_idempotent(method));
    for (const char* method : {"POST", "PATCH", "get", "BREW"}) CHECK_FALSE(is_idempotent(method));
}
