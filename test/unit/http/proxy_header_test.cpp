#include "http/proxy_header.hpp"

#include <catch2/catch.hpp>

using namespace orilla::http;

namespace {
/// The client's address, and how many bytes the header has; "more" and "bad" where there is none.
std::string read_header(std::string_view bytes) {
    const auto parsed = parse_proxy_header(bytes);
    if (!parsed) return "bad";
    if (!*parsed) return "more";
    return (*parsed)->client + " " + std::to_string((*parsed)->bytes);
}
const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
std::string binary(char command, char family, std::string_view rest) {
    return signature + command + family + static_cast<char>(rest.size() >> 8) + static_cast<char>(rest.size()) +
           std::string(rest);
}
const std::string v4("\xc0\x00\x02\x01\xc0\x00\x02\x02\x12\x34\x00\x50", 12);
}  // namespace

TEST_CASE("parse_proxy_header: a line names the client") {
    CHECK(read_header("PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\nGET /") == "192.0.2.1:4711 40");
    CHECK(read_header("PROXY TCP6 2001:DB8::1 2001:db8::2 4711 80\r\n") == "[2001:db8::1]:4711 44");
    CHECK(read_header("PROXY UNKNOWN\r\n") == " 15");
    CHECK(read_header("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n") == " 35");
    for (const char* text : {"PROXY TCP4 192.0.2.1 192.0.2.2 4711\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80 1\r\n",
                             "PROXY TCP4 ::1 192.0.2.2 4711 80\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 65536 80\r\n",
                             "PROXY TCP4 192.0.2.1 192.0.2.2 -1 80\r\n", "PROXY TCP4  192.0.2.1 192.0.2.2 1 80\r\n",
                             "PROXY UDP4 192.0.2.1 192.0.2.2 1 80\r\n", "PROXY TCP4 192.0.2.1\n192.0.2.2 1 80\r\n",
                             "PROXY UNKNOWNS\r\n", "proxy TCP4 ", "GET / HTTP/1.1\r\n"})
        CHECK(read_header(text) == "bad");
    CHECK(read_header("PROXY UNKNOWN " + std::string(200, 'x')) == "bad");
}

TEST_CASE("parse_proxy_header: the binary form, too") {
    CHECK(read_header(binary('\x21', '\x11', v4) + "GET /") == "192.0.2.1:4660 28");
    CHECK(read_header(binary('\x21', '\x11', v4 + "some more")) == "192.0.2.1:4660 37");
    CHECK(read_header(binary('\x21', '\x21', std::string(15, '\0') + "\x01" + std::string(16, '\0') + "\x12\x34..")) ==
          "[::1]:4660 52");
    CHECK(read_header(binary('\x20', '\x00', "")) == " 16");
    CHECK(read_header(binary('\x21', '\x31', std::string(216, 'x'))) == " 232");
    CHECK(read_header(binary('\x11', '\x11', v4)) == "bad");
    CHECK(read_header(binary('\x22', '\x11', v4)) == "bad");
    CHECK(read_header(binary('\x21', '\x11', v4.substr(1))) == "bad");
    CHECK(read_header(binary('\x21', '\x11', std::string(4000, 'x'))) == "bad");
}

TEST_CASE("parse_proxy_header: waits for the rest, whatever has come of it") {
    for (const std::string& whole : {std::string("PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n"), binary('\x21', '\x11', v4)})
        for (size_t i = 0; i < whole.size(); ++i) CHECK(read_header(whole.substr(0, i)) == "more");
}
