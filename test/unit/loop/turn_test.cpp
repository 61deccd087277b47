// Turns that stay short, and the meter that says when one did not.
#include <catch2/catch.hpp>
#include <string>

#include "../../support/fake_clock.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/loop/turn_meter.hpp"

using namespace orilla;
using namespace orilla::loop;
using orilla::test::FakeClock;
using orilla::test::settle;

namespace {
/// Each of its items costs `item_ms`.
Task<void> count_slowly(Loop& loop, FakeClock& clock, int items, int64_t item_ms, int* done) {
    for (int i = 0; i < items; ++i) {
        co_await loop.breathe();
        clock.advance_ms(item_ms);
        ++*done;
    }
}
TurnStats stats_of(const Loop& loop) { return loop.meter().stats(loop.clock().monotonic_ns()); }
}  // namespace

TEST_CASE("breathe: a loop over many objects lets others go first when it has run for long") {
    FakeClock clock;
    Loop loop(clock);
    Scope scope(loop);
    int done = 0, seen = -1;
    loop.post([&] { scope.spawn(count_slowly(loop, clock, 100, 1, &done)); });
    loop.post([&] { seen = done; });
    loop.turn(false);
    CHECK(done == 5);
    CHECK(seen == 5);
    settle(loop);
    CHECK(done == 100);
    CHECK(stats_of(loop).longest_ns <= 10'000'000);
}

TEST_CASE("breathe: costs no turn while there is time") {
    FakeClock clock;
    Loop loop(clock);
    Scope scope(loop);
    int done = 0;
    loop.post([&] { scope.spawn(count_slowly(loop, clock, 1000, 0, &done)); });
    loop.turn(false);
    CHECK(done == 1000);
}

TEST_CASE("turn: takes up nothing new after its time, and goes on in the same order") {
    FakeClock clock;
    Loop loop(clock);
    std::string log;
    for (const char letter : {'a', 'b', 'c', 'd', 'e'})
        loop.post([&log, &clock, letter] {
            clock.advance_ms(4);
            log += letter;
        });
    loop.turn(false);
    CHECK(log == "abc");
    loop.post([&log] { log += 'f'; });
    loop.turn(false);
    CHECK(log == "abcde");
    loop.turn(false);
    CHECK(log == "abcdef");
}

TEST_CASE("turn: tasks that are always ready do not keep posted actions waiting") {
    FakeClock clock;
    Loop loop(clock);
    Scope scope(loop);
    int done = 0;
    bool posted = false;
    for (int i = 0; i < 8; ++i) scope.spawn(count_slowly(loop, clock, 1000, 6, &done));
    loop.post([&posted] { posted = true; });
    for (int i = 0; i < 8; ++i) loop.turn(false);
    CHECK(posted);
    CHECK(done < 100);
}

TEST_CASE("TurnMeter: names the longest turn and what took longest in it") {
    FakeClock clock;
    Loop loop(clock);
    loop.post([&] {
        const std::string key = "default/web";
        loop.note("reconcile deployment", key);
        clock.advance_ms(70);
        loop.note("reconcile deployment", "default/other");
        clock.advance_ms(10);
    });
    settle(loop);
    const TurnStats stats = stats_of(loop);
    CHECK(stats.longest_ns == 80'000'000);
    CHECK(stats.longest_piece == "reconcile deployment default/web");
    CHECK(stats.counts[5] == 1);  // up to 0.1 s
}

TEST_CASE("TurnMeter: the recent maximum forgets, the other does not") {
    FakeClock clock;
    Loop loop(clock);
    clock.advance_ms(600'000);
    loop.post([&] { clock.advance_ms(30); });
    settle(loop);
    CHECK(stats_of(loop).longest_recent_ns == 30'000'000);
    clock.advance_ms(61'000);
    loop.post([] {});
    settle(loop);
    CHECK(stats_of(loop).longest_recent_ns == 30'000'000);
    clock.advance_ms(61'000);
    loop.post([] {});
    settle(loop);
    CHECK(stats_of(loop).longest_recent_ns == 0);
    CHECK(stats_of(loop).longest_ns == 30'000'000);
    clock.advance_ms(600'000);
    CHECK(stats_of(loop).longest_recent_ns == 0);
}
