#include "usage/usage_history.hpp"

#include <catch2/catch.hpp>

#include "agent_world.hpp"
#include "orilla/node/usage_meter.hpp"

using namespace orilla;
using namespace orilla::node;
using orilla::test::FakeClock;

namespace {
constexpr int64_t s = UsageHistory::second_ns;
const UsageKey web{"pod", "web-0"};

runtime::UsageSample at(int64_t taken_ns, uint64_t cpu_ns, uint64_t memory = 4096) { return {taken_ns, cpu_ns, memory}; }
}  // namespace

TEST_CASE("usage history: two samples are a rate") {
    UsageHistory history(2);
    CHECK(history.is_due(web, 100 * s));
    history.put(web, at(100 * s, 500), std::nullopt);
    CHECK_FALSE(history.find(web));
    CHECK(history.again_at(web) == 101 * s);
    CHECK_FALSE(history.is_due(web, 100 * s + s / 2));
    CHECK(history.is_due(web, 101 * s));
    history.put(web, at(102 * s, 500 + s / 2, 8192), std::nullopt);
    CHECK_FALSE(history.again_at(web));
    CHECK(history.find(web) == UsageRate{250'000'000, 8192, 102 * s, 2 * s});
}

TEST_CASE("usage history: who asks within the window is told the same") {
    UsageHistory history(2);
    history.put(web, at(100 * s, 0), std::nullopt);
    history.put(web, at(101 * s, 0), std::nullopt);
    CHECK_FALSE(history.is_due(web, 101 * s + UsageHistory::window_ns_min - 1));
    CHECK(history.is_due(web, 101 * s + UsageHistory::window_ns_min));
}

TEST_CASE("usage history: a young container's start is its first sample") {
    UsageHistory history(2);
    history.put(web, at(100 * s, s), 90 * s);
    CHECK(history.find(web) == UsageRate{s / 10, 4096, 100 * s, 10 * s});
    UsageHistory old(2), new_born(2), odd(2);
    old.put(web, at(100 * s, s), 39 * s);
    CHECK_FALSE(old.find(web));
    new_born.put(web, at(100 * s, s / 10), 100 * s - s / 2);
    CHECK_FALSE(new_born.find(web));
    // A wall clock that jumped: it cannot have used ten cores.
    odd.put(web, at(100 * s, 20 * s), 98 * s);
    CHECK_FALSE(odd.find(web));
    odd.put(web, at(101 * s, 20 * s + s / 2), 99 * s);
    CHECK(odd.find(web)->cpu_nanocores == s / 2);
}

TEST_CASE("usage history: a counter that went back begins anew") {
    UsageHistory history(2);
    history.put(web, at(100 * s, 10 * s), std::nullopt);
    history.put(web, at(110 * s, 11 * s), std::nullopt);
    REQUIRE(history.find(web));
    history.put(web, at(120 * s, s), 90 * s);
    CHECK_FALSE(history.find(web));
    CHECK(history.again_at(web) == 121 * s);
    history.put(web, at(121 * s, 2 * s), std::nullopt);
    CHECK(history.find(web)->cpu_nanocores == s);
}

TEST_CASE("usage history: an average over an hour is none of now") {
    UsageHistory history(2);
    history.put(web, at(100 * s, 0), std::nullopt);
    history.put(web, at(110 * s, 0), std::nullopt);
    history.put(web, at(3710 * s, 100 * s), std::nullopt);
    CHECK_FALSE(history.find(web));
    history.prune(3710 * s);
    CHECK(history.size() == 1);
    history.prune(3771 * s);
    CHECK(history.size() == 0);
}

namespace {
/// Two pods; `a` has two containers that run and one that has ended.
struct Meter {
    Meter() {
        runtime.on_change([](const std::string&) {});
        for (const char* uid : {"a", "b"}) test::await(loop, runtime.create_pod({.id = uid})).value();
        for (const char* name : {"old", "web", "helper"}) start("a", name);
        start("b", "web");
    }
    void start(const char* uid, const char* name) {
        runtime::ContainerSpec spec;
        spec.id = runtime::attempt_id(name, 0);
        spec.name = name;
        spec.layers = {"image"};
        test::await(loop, runtime.start_container(uid, spec)).value();
        if (std::string_view(name) == "old") runtime.end(uid, 0);
        else runtime.used[std::string(uid) + "/" + spec.id] = {.cpu_ns = 1, .memory_bytes = 1 << 20};
    }
    void work(const char* which, double cores, int64_t seconds) {
        runtime.used[which].cpu_ns += static_cast<uint64_t>(cores * static_cast<double>(seconds * s));
    }
    std::optional<objects::PodUsage> ask(const char* uid) {
        std::vector<std::string> uids = {uid};
        return finish(meter.pods(std::move(uids))).at(0);
    }
    template <class T>
    T finish(loop::Task<T> task) {
        test::Started<T> started(loop, std::move(task));
        for (test::settle(loop); !started.done();) test::pass(loop, clock, 10);
        return std::move(started.get());
    }
    FakeClock clock;
    loop::Loop loop{clock};
    test::FakeRuntime runtime{clock};
    UsageMeter meter{loop, runtime, "node", 2};
    Meter(const Meter&) = delete;
};
}  // namespace

TEST_CASE("usage meter: who asks after a time of quiet waits for a second") {
    Meter world;
    world.clock.advance_ms(3'600'000);
    const int64_t asked_ms = world.clock.monotonic_ms();
    const auto usage = world.ask("a");
    REQUIRE(usage);
    const int64_t waited_ms = world.clock.monotonic_ms() - asked_ms;
    CHECK(waited_ms >= 1000);
    CHECK(waited_ms <= 1010);
    REQUIRE(usage->containers.size() == 2);
    CHECK(usage->containers[0].name == "helper");
    CHECK(usage->containers[1] == objects::ContainerUsage{"web", {0, 1 << 20}});
    CHECK(world.runtime.measured == 4);
    // Nothing of it is asked for again so soon.
    CHECK(world.ask("a") == usage);
    CHECK(world.runtime.measured == 4);
}

TEST_CASE("usage meter: who asks every 15 s sees what was used in them, at once") {
    Meter world;
    world.clock.advance_ms(3'600'000);
    REQUIRE(world.ask("a"));
    world.clock.advance_ms(15'000);
    world.work("a/web-0", 0.5, 15);
    const int64_t asked_ms = world.clock.monotonic_ms();
    const auto usage = world.ask("a");
    REQUIRE(usage);
    CHECK(world.clock.monotonic_ms() == asked_ms);
    CHECK(usage->window_ms / 100 == 150);
    CHECK(usage->taken_wall_s == world.clock.wall_s());
    CHECK(usage->containers[1].usage.cpu_nanocores / 1'000'000 == 499);
}

TEST_CASE("usage meter: a pod with a container that is not measured has no value") {
    Meter world;
    world.clock.advance_ms(20'000);
    REQUIRE(world.ask("a"));
    world.runtime.used.erase("a/web-0");  // its cgroup has gone before its end was heard of
    world.clock.advance_ms(20'000);
    CHECK_FALSE(world.ask("a"));
    CHECK_FALSE(world.ask("nobody"));
    world.runtime.end("b", 0);
    CHECK_FALSE(world.ask("b"));
}

TEST_CASE("usage meter: the node, and no other") {
    Meter world;
    world.runtime.used["/"] = {.cpu_ns = 5, .memory_bytes = 1 << 30};
    CHECK_FALSE(world.finish(world.meter.node("other")));
    const auto usage = world.finish(world.meter.node("node"));
    REQUIRE(usage);
    CHECK(usage->usage.memory_bytes == 1 << 30);
}
