#include "orilla/node/log_stream.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>

using namespace orilla;
using namespace orilla::node;

namespace {
/// The text from where `tail` lines begin.
std::string tail_of(const std::string& text, int64_t lines) {
    FILE* file = tmpfile();
    REQUIRE(fwrite(text.data(), 1, text.size(), file) == text.size());
    fflush(file);
    const auto offset = find_tail_offset(fileno(file), lines);
    fclose(file);
    REQUIRE(offset);
    return text.substr(static_cast<size_t>(*offset));
}
}  // namespace

TEST_CASE("find_tail_offset: counts lines of output, not entries") {
    const std::string one = "t stdout F one\n", two = "t stdout P tw\nt stdout F o\n", open = "t stdout P thr\n";
    CHECK(tail_of(one + two, 1) == two);
    CHECK(tail_of(one + two, 2) == one + two);
    CHECK(tail_of(one + two, 9) == one + two);
    CHECK(tail_of(one + two + open, 1) == open);
    CHECK(tail_of(one + two + open, 2) == two + open);
    CHECK(tail_of(one + two, 0).empty());
    CHECK(tail_of("", 3).empty());
}

TEST_CASE("parse_log_line: what is not an entry is none") {
    const auto line = parse_log_line("2024-01-01T00:00:00.0Z stderr F a b");
    REQUIRE(line);
    CHECK(line->text == "a b");
    CHECK(!line->partial);
    for (const char* text : {"", "x", "a b", "a b c", "a b X c"}) CHECK(!parse_log_line(text));
}
