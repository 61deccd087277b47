#include "links/repair_pace.hpp"

#include <catch2/catch.hpp>

using orilla::network::RepairPace;

TEST_CASE("RepairPace: the first repair is at once, further ones wait twice as long each, up to a limit") {
    RepairPace pace;
    int64_t now_ms = 1'000'000;
    CHECK(pace.pause_ms(now_ms) == 20);
    for (const int64_t wanted_ms : {40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480, 30000, 30000, 30000}) {
        pace.repaired(now_ms);
        CHECK(pace.pause_ms(now_ms) == wanted_ms);
        now_ms += wanted_ms;
    }
}

TEST_CASE("RepairPace: what has passed since the last repair counts, and a quiet while forgets it") {
    RepairPace pace;
    pace.repaired(1'000);
    pace.repaired(1'100);
    pace.repaired(1'200);
    CHECK(pace.pause_ms(1'200) == 160);
    CHECK(pace.pause_ms(1'300) == 60);
    CHECK(pace.pause_ms(5'000) == 20);
    CHECK(pace.pause_ms(1'200 + RepairPace::quiet_ms) == 20);
    pace.repaired(1'200 + RepairPace::quiet_ms);
    CHECK(pace.pause_ms(1'200 + RepairPace::quiet_ms) == 40);
}
