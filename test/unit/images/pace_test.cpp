#include "pace.hpp"

#include <catch2/catch.hpp>

using namespace orilla::images;

namespace {
/// `seconds` with so many bytes in each.
void pass(Pace& pace, int seconds, int64_t bytes_per_s) {
    for (int i = 0; i < seconds; ++i) {
        pace.arrived(bytes_per_s);
        pace.passed(1000);
    }
}
constexpr int window_s = pace_window_ms / 1000;
}  // namespace

TEST_CASE("Pace: a byte a second is too slow once the window is over") {
    Pace pace;
    pass(pace, window_s - 1, 1);
    CHECK_FALSE(pace.too_slow());
    pass(pace, 1, 1);
    CHECK(pace.too_slow());
}

TEST_CASE("Pace: the least rate is fast enough, for ever") {
    Pace pace;
    pass(pace, 100 * window_s, pace_bytes_per_s_min);
    CHECK_FALSE(pace.too_slow());
}

TEST_CASE("Pace: what came fast at first is no excuse later") {
    Pace pace;
    pass(pace, window_s, 10'000'000);
    CHECK_FALSE(pace.too_slow());
    pass(pace, window_s, 1);
    CHECK(pace.too_slow());
    pass(pace, window_s, 10'000'000);
    CHECK(pace.too_slow());
}

TEST_CASE("Pace: a pause within a window is fine") {
    Pace pace;
    pass(pace, window_s - 2, 0);
    pass(pace, 2, pace_bytes_per_s_min * window_s);
    CHECK_FALSE(pace.too_slow());
}
