#include "supervisor/text.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <ctime>
#include <string>

using namespace orilla::supervisor;

namespace {

std::string timestamp(int64_t wall_ns) {
    char out[timestamp_bytes];
    render_timestamp(out, wall_ns);
    return {out, sizeof out};
}

}  // namespace

TEST_CASE("render_timestamp: the days that calendars get wrong") {
    CHECK(timestamp(0) == "1970-01-01T00:00:00.000000000Z");
    CHECK(timestamp(951'782'400LL * 1'000'000'000) == "2000-02-29T00:00:00.000000000Z");
    CHECK(timestamp(1'709'251'199'999'999'999LL) == "2024-02-29T23:59:59.999999999Z");
    CHECK(timestamp(4'107'542'400LL * 1'000'000'000) == "2100-03-01T00:00:00.000000000Z");
    CHECK(timestamp(-5) == "1970-01-01T00:00:00.000000000Z");
}

TEST_CASE("render_timestamp: agrees with the C library for a century of days") {
    for (time_t second = 0; second < 3'200'000'000; second += 86'399) {
        tm parts{};
        gmtime_r(&second, &parts);
        char expected[32];
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000000000Z", &parts);
        if (timestamp(second * 1'000'000'000) != expected) FAIL(expected);
    }
}

TEST_CASE("parse_number: digits only, bounded") {
    uint64_t value = 7;
    CHECK(parse_number(slice("1000"), 2000, value));
    CHECK(value == 1000);
    for (const char* text : {"", "-1", "1a", " 1", "2001", "99999999999999999999"})
        CHECK_FALSE(parse_number(slice(text), 2000, value));
}

TEST_CASE("copy_text: cuts and says so") {
    char out[4];
    CHECK(copy_text(out, sizeof out, slice("abc")));
    CHECK_FALSE(copy_text(out, sizeof out, slice("abcd")));
    CHECK(std::string(out) == "abc");
}

TEST_CASE("next_field: empty fields count, the end is the end") {
    Slice rest = slice("a::b"), field;
    std::string seen;
    while (next_field(rest, ':', field)) seen += std::string(field.data, field.size) + "|";
    CHECK(seen == "a||b|");
}
