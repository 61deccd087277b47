#include <catch2/catch.hpp>

#include "orilla/schema/age.hpp"

using namespace orilla::api;

TEST_CASE("time: RFC3339 with offsets and fractions is read, UTC seconds are printed") {
    CHECK(Time::parse("1970-01-01T00:00:00Z")->unix_s == 0);
    CHECK(Time::parse("2026-11-21T07:00:00Z")->format() == "2026-11-21T07:00:00Z");
    CHECK(Time::parse("2026-11-21T07:00:00.999999999+02:30")->format() == "2026-11-21T04:30:00Z");
    CHECK(Time::parse("2024-02-29T23:59:59-01:00")->format() == "2024-03-01T00:59:59Z");
    CHECK(Time::parse("1969-12-31T23:59:59Z")->unix_s == -1);
    CHECK(Time::parse("0001-01-01T00:00:00Z")->format() == "0001-01-01T00:00:00Z");
    CHECK(Time::parse("9999-12-31T23:59:59Z")->format() == "9999-12-31T23:59:59Z");
    CHECK(Time().format().empty());
}

TEST_CASE("time: what is no RFC3339 time is refused") {
    for (const char* text : {"", "2026", "2026-11-21", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
                             "2026-11-21T07:00:60Z", "2026-11-21T07:00:00", "2026-11-21 07:00:00Z", "2026-11-21T07:00:00.Z",
                             "2026-11-21T07:00:00+0200", "2026-11-21T07:00:00Zx", "+026-11-21T07:00:00Z"}) {
        INFO(text);
        CHECK_FALSE(Time::parse(text).has_value());
        CHECK_FALSE(MicroTime::parse(text).has_value());
    }
}

TEST_CASE("time: every day of four centuries survives printing and parsing") {
    for (int64_t day = -150'000; day < 150'000; day += 13) {
        Time time(day * 86'400 + 3661);
        CHECK(Time::parse(time.format())->unix_s == time.unix_s);
    }
}

TEST_CASE("time: MicroTime prints six digits") {
    CHECK(MicroTime::parse("2026-11-21T07:00:00.1234567Z")->format() == "2026-11-21T07:00:00.123456Z");
    CHECK(MicroTime::parse("2026-11-21T07:00:00Z")->format() == "2026-11-21T07:00:00.000000Z");
    CHECK(MicroTime(-1).format() == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("age: durations read as kubectl prints them") {
    constexpr int64_t m = 60, h = 3600, d = 86400, y = 365 * d;
    CHECK(render_duration(-5) == "<invalid>");
    CHECK(render_duration(-1) == "0s");
    CHECK(render_duration(45) == "45s");
    CHECK(render_duration(119) == "119s");
    CHECK(render_duration(2 * m) == "2m");
    CHECK(render_duration(2 * m + 5) == "2m5s");
    CHECK(render_duration(10 * m + 5) == "10m");
    CHECK(render_duration(3 * h) == "3h");
    CHECK(render_duration(3 * h + 12 * m) == "3h12m");
    CHECK(render_duration(9 * h + 12 * m) == "9h");
    CHECK(render_duration(2 * d + 3 * h) == "2d3h");
    CHECK(render_duration(8 * d + 3 * h) == "8d");
    CHECK(render_duration(2 * y + 30 * d) == "2y30d");
    CHECK(render_duration(9 * y + 30 * d) == "9y");
    CHECK(render_age(Time(), 100) == "<unknown>");
    CHECK(render_age(Time(40), 100) == "60s");
}
