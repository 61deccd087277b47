#include "orilla/base/base64.hpp"

#include <catch2/catch.hpp>

using namespace orilla;

TEST_CASE("base64: there and back") {
    for (std::string text : {"", "a", "ab", "abc", "abcd", "user:s3cret"}) CHECK(*decode_base64(encode_base64(text)) == text);
    CHECK(encode_base64("user:s3cret") == "dXNlcjpzM2NyZXQ=");
    CHECK(encode_base64("ab") == "YWI=");
    CHECK(encode_base64("a") == "YQ==");
    CHECK(encode_base64("orilla") == "b3JpbGxh");
    CHECK_FALSE(is_base64("b3J"));
    CHECK_FALSE(is_base64("b3==" + std::string("====")));
}

TEST_CASE("base64: how many bytes a text stands for") {
    for (const char* bytes : {"", "a", "ab", "abc", "abcd"})
        CHECK(decoded_base64_bytes(encode_base64(bytes)) == std::string_view(bytes).size());
    CHECK(decoded_base64_bytes("==") == 0);
}
