#include "cli_support.hpp"
#include "options.hpp"

using namespace orilla::cli;

TEST_CASE("parse_duration_ms: Go's durations, and bare seconds") {
    CHECK(parse_duration_ms("30s") == 30'000);
    CHECK(parse_duration_ms("5m") == 300'000);
    CHECK(parse_duration_ms("1h30m") == 5'400'000);
    CHECK(parse_duration_ms("250ms") == 250);
    CHECK(parse_duration_ms("1m500ms") == 60'500);
    CHECK(parse_duration_ms("90") == 90'000);
    CHECK(parse_duration_ms("0") == 0);
    CHECK(parse_duration_ms("0.5s") == 500);
    CHECK(parse_duration_ms("1.5h") == 5'400'000);
}

TEST_CASE("parse_duration_ms: what is no duration is refused") {
    for (const char* text : {"", "s", "5x", "m5", "5 s", "-5s", "1d", "bad", "5s5", ".", "1..5s", "99999999999999999999s"}) {
        INFO(text);
        CHECK(parse_duration_ms(text) == -1);
    }
}
