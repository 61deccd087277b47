#include "http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::images;

namespace {
bool allowed(const char* text, bool loopback = false) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) return address_allowed(reinterpret_cast<sockaddr*>(&v4), loopback);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    REQUIRE(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    return address_allowed(reinterpret_cast<sockaddr*>(&v6), loopback);
}
}  // namespace

TEST_CASE("address_allowed: no metadata service under any of its spellings") {
    for (const char* bad : {"169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "::169.254.169.254", "fe80::1",
                            "fd00:ec2::254", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1"})
        CHECK_FALSE(allowed(bad, true));
}

TEST_CASE("address_allowed: registries may be anywhere else, on this machine when that is meant") {
    for (const char* good : {"192.0.2.1", "10.0.0.1", "192.168.1.5", "2001:db8::1", "fd00::1", "::ffff:192.0.2.1"})
        CHECK(allowed(good));
    for (const char* local : {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"}) {
        CHECK_FALSE(allowed(local));
        CHECK(allowed(local, true));
    }
}

TEST_CASE("parse_url: only the web, without passwords in it") {
    CHECK(parse_url("https://R.example/v2/x")->authority == "r.example:443");
    CHECK(parse_url("http://r.example:5000/")->authority == "r.example:5000");
    CHECK_FALSE(parse_url("https://user:pw@r.example/"));
    CHECK_FALSE(parse_url("ftp://r.example/"));
    CHECK_FALSE(parse_url("file:///etc/passwd"));
    CHECK_FALSE(parse_url(""));
}

TEST_CASE("resolve_url: relative to where the redirect came from") {
    CHECK(*resolve_url("https://r.example/v2/a/blobs/x", "/other") == "https://r.example/other");
    CHECK(*resolve_url("https://r.example/v2/a", "https://cdn.example/b?c=d") == "https://cdn.example/b?c=d");
    CHECK_FALSE(resolve_url("https://r.example/", "https://u:p@cdn.example/"));
}

TEST_CASE("without_duration: equal failures read equal") {
    CHECK(without_duration("Failed to connect to a port 443 after 3 ms: Couldn't connect to server") ==
          "Failed to connect to a port 443: Couldn't connect to server");
    CHECK(without_duration("Connection timed out after 15001 milliseconds") == "Connection timed out");
    CHECK(without_duration("Operation too slow. Less than 16 bytes/sec transferred the last 20 seconds") ==
          "Operation too slow. Less than 16 bytes/sec transferred the last 20 seconds");
    CHECK(without_duration("came after 3 tries") == "came after 3 tries");
}
