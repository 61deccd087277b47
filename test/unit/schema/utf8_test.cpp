#include "orilla/schema/utf8.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/schema/codec.hpp"

using namespace orilla::api;

TEST_CASE("utf8: valid text stays as it is") {
    for (const char* text : {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac and eight more bytes", "\xf0\x9f\x90\x9a"}) {
        CHECK(is_utf8(text));
        CHECK(to_utf8(text) == text);
    }
}

TEST_CASE("utf8: each byte of no valid sequence becomes U+FFFD") {
    const std::string mark = "\xef\xbf\xbd";
    CHECK(to_utf8("a\xff"
                  "b") == "a" + mark + "b");
    CHECK(to_utf8("12345678\xc3") == "12345678" + mark);              // cut off
    CHECK(to_utf8("\xc0\xaf") == mark + mark);                        // overlong
    CHECK(to_utf8("\xed\xa0\x80") == mark + mark + mark);             // a surrogate
    CHECK(to_utf8("\xf4\x90\x80\x80") == mark + mark + mark + mark);  // past U+10FFFF
    CHECK_FALSE(is_utf8("\xff"));
}

TEST_CASE("utf8: overlong forms, surrogates and cut sequences are none") {
    for (const char* good : {"", "abc", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) CHECK(is_utf8(good));
    for (const char* bad :
         {"\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\x80", "a\xe2\x82"})
        CHECK_FALSE(is_utf8(bad));
    uint32_t character = 0;
    CHECK(utf8_length("\xe2\x82\xac.", &character) == 3);
    CHECK(character == 0x20ac);
    CHECK(utf8_length("a", &character) == 1);
    CHECK(character == 'a');
}

TEST_CASE("codec: whatever a container said, its pod can be read again") {
    Pod pod;
    pod.metadata.name = "web";
    auto& status = pod.status.container_statuses.emplace_back();
    status.state.terminated.ensure().message = Str(std::string_view("\xff\xfe\0 \xf3 bad", 9));
    const std::string json = encode(Object(pod));
    CHECK(is_utf8(json));
    const auto again = decode_object(orilla::test::builtin(), json);
    REQUIRE(again);
    CHECK(again->as<Pod>().status.container_statuses[0].state.terminated->message.view() ==
          std::string_view("\xef\xbf\xbd\xef\xbf\xbd\0 \xef\xbf\xbd bad", 15));
}
