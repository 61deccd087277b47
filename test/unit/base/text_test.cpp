#include "orilla/base/text.hpp"

#include <catch2/catch.hpp>
#include <cstdint>

using namespace orilla;

TEST_CASE("lowered, equal_fold: ASCII letters alone") {
    CHECK(lowered("Content-TYPE \xc3\x89") == "content-type \xc3\x89");
    CHECK(equal_fold("Host", "hOST"));
    CHECK_FALSE(equal_fold("Host", "Hos"));
    CHECK_FALSE(equal_fold("[", "{"));  // 32 apart, and no letters
}

TEST_CASE("read_number: all of it, or nothing") {
    uint16_t port = 0;
    CHECK(read_number("8080", port));
    CHECK(port == 8080);
    for (const char* bad : {"", "-1", "+1", " 1", "1 ", "65536", "1x"}) CHECK_FALSE(read_number(bad, port));
    size_t chunk = 0;
    CHECK(read_number("fF", chunk, 16));
    CHECK(chunk == 255);
}
