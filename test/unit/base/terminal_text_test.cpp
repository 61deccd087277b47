#include "orilla/base/terminal_text.hpp"

#include <catch2/catch.hpp>

using namespace orilla;

TEST_CASE("terminal_text: what a terminal would obey is shown instead, ESC and carriage return as kubectl does") {
    CHECK(terminal_text("a\x1b[31mred\x1b]0;title\x07") == "a^[[31mred^[]0;title^G");
    CHECK(terminal_text("over\rwritten") == "over\\rwritten");
    CHECK(terminal_text(std::string_view("\0\b\v\f\x7f", 5)) == "^@^H^K^L^?");
    CHECK(terminal_text("lines\nand\ttabs\n") == "lines\nand\ttabs\n");
    CHECK(terminal_text("gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0 \xf0\x9f\x98\x80") ==
          "gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0 \xf0\x9f\x98\x80");
}

TEST_CASE("terminal_text: control characters of eight bits, and bytes that are no UTF-8") {
    CHECK(terminal_text("\xc2\x9b"
                        "31m") == "^[[31m");
    CHECK(terminal_text("\xc2\x90\xc2\x9c\xc2\xa0") == "^[P^[\\\xc2\xa0");
    CHECK(terminal_text("\x9b"
                        "31m") == "\\x9b31m");
    CHECK(terminal_text("\xc3") == "\\xc3");
    CHECK(terminal_text("\xc3(") == "\\xc3(");
    CHECK(terminal_text("\xff\xc0\x9b") == "\\xff\\xc0\\x9b");
    const std::string shown = terminal_text("\x1b\x9b\r\x01");
    CHECK(terminal_text(shown) == shown);
}
