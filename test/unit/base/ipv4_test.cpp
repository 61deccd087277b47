#include "orilla/base/ipv4.hpp"

#include <catch2/catch.hpp>

using namespace orilla;

TEST_CASE("parse_ipv4: takes an address and prints it back") {
    auto ip = parse_ipv4("10.42.0.5");
    REQUIRE(ip);
    CHECK(ip->value == 0x0a2a0005);
    CHECK(ip->text() == "10.42.0.5");
    CHECK(parse_ipv4("255.255.255.255")->value == 0xffffffff);
}

TEST_CASE("parse_ipv4: refuses what is not exactly four numbers") {
    for (const char* wrong : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..3.4", "a.b.c.d",
                              "1.2.3.-4", "1234.1.1.1", "::1"})
        CHECK_FALSE(parse_ipv4(wrong).has_value());
}

TEST_CASE("Ipv4: an ordinary address is one other host's") {
    for (const char* text :
         {"0.0.0.0", "127.0.0.1", "127.255.255.255", "169.254.0.1", "224.0.0.1", "239.255.255.255", "255.255.255.255"})
        CHECK_FALSE(parse_ipv4(text)->is_ordinary());
    for (const char* text :
         {"0.0.0.1", "126.255.255.255", "128.0.0.1", "169.253.0.1", "169.255.0.1", "223.255.255.255", "240.0.0.1", "10.42.0.5"})
        CHECK(parse_ipv4(text)->is_ordinary());
}

TEST_CASE("parse_cidr: refuses bits behind the prefix and proposes the range") {
    auto cidr = parse_cidr("10.42.0.0/24");
    REQUIRE(cidr);
    CHECK(cidr->at(1).text() == "10.42.0.1");
    CHECK(cidr->contains(*parse_ipv4("10.42.0.255")));
    CHECK_FALSE(cidr->contains(*parse_ipv4("10.42.1.0")));
    auto wrong = parse_cidr("10.42.0.1/24");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message().find("10.42.0.0/24") != std::string::npos);
    CHECK_FALSE(parse_cidr("10.42.0.0"));
    CHECK_FALSE(parse_cidr("10.42.0.0/33"));
    CHECK_FALSE(parse_cidr("10.42.0.0/"));
}

TEST_CASE("Cidr: overlap is seen from both sides") {
    const Cidr wide = *parse_cidr("10.42.0.0/16"), narrow = *parse_cidr("10.42.7.0/24"), other = *parse_cidr("10.43.0.0/16");
    CHECK(wide.overlaps(narrow));
    CHECK(narrow.overlaps(wide));
    CHECK_FALSE(wide.overlaps(other));
    CHECK(parse_cidr("0.0.0.0/0")->overlaps(other));
}

TEST_CASE("Cidr::has_host: neither the network's nor the broadcast address") {
    const Cidr range = *parse_cidr("10.43.0.0/24");
    for (const char* host : {"10.43.0.1", "10.43.0.254"}) CHECK(range.has_host(*parse_ipv4(host)));
    for (const char* none : {"10.43.0.0", "10.43.0.255", "10.43.1.1", "10.42.255.255"})
        CHECK_FALSE(range.has_host(*parse_ipv4(none)));
}

TEST_CASE("is_ip: of either family") {
    CHECK(is_ip("10.0.0.1"));
    CHECK(is_ip("fd00::1"));
    CHECK_FALSE(is_ip("10.0.0"));
    CHECK_FALSE(is_ip("example.com"));
}
