#include "orilla/node/pressure.hpp"

#include <catch2/catch.hpp>

using namespace orilla::node;

namespace {
constexpr int64_t gib = 1LL << 30, mib = 1LL << 20;

PressureFacts plenty() {
    PressureFacts facts;
    facts.node_disk = facts.image_disk = {100 * gib, 50 * gib, 1'000'000, 900'000};
    facts.memory_bytes = 2 * gib;
    facts.available_memory_bytes = gib;
    facts.pids = 32'768;
    facts.free_pids = 32'000;
    return facts;
}
Pressure pressure(const PressureFacts& facts, Pressure before = {}) { return plan_pressure(facts, before); }
}  // namespace

TEST_CASE("plan_pressure: with plenty of everything there is none") {
    CHECK(pressure(plenty()) == Pressure{});
    CHECK_FALSE(pressure(plenty()).any());
}

TEST_CASE("plan_pressure: the disk is short below the kubelet's thresholds") {
    PressureFacts facts = plenty();
    facts.image_disk = {};  // of their own, and not told
    facts.node_disk.free_bytes = 10 * gib;
    CHECK_FALSE(pressure(facts).disk);
    facts.node_disk.free_bytes = 10 * gib - 1;
    CHECK(pressure(facts).disk);
    facts = plenty();
    facts.image_disk.free_bytes = 15 * gib - 1;
    CHECK(pressure(facts).disk);
    facts = plenty();
    facts.node_disk.free_inodes = 49'999;
    CHECK(pressure(facts) == Pressure{true, false, false});
}

TEST_CASE("plan_pressure: a shortage is over a little above its threshold") {
    PressureFacts facts = plenty();
    facts.image_disk.free_bytes = 16 * gib;
    CHECK_FALSE(pressure(facts).disk);
    CHECK(pressure(facts, {true, false, false}).disk);
    facts.image_disk.free_bytes = 17 * gib;
    CHECK_FALSE(pressure(facts, {true, false, false}).disk);
}

TEST_CASE("plan_pressure: a file system without a size or without inodes is not short") {
    PressureFacts facts = plenty();
    facts.node_disk = facts.image_disk = {};
    CHECK_FALSE(pressure(facts).disk);
    facts.node_disk = {100 * gib, 50 * gib, 0, 0};
    CHECK_FALSE(pressure(facts).disk);
}

TEST_CASE("plan_pressure: memory is short below 100 MiB, or below a tenth where that is less") {
    PressureFacts facts = plenty();
    facts.available_memory_bytes = 100 * mib;
    CHECK_FALSE(pressure(facts).memory);
    facts.available_memory_bytes = 100 * mib - 1;
    CHECK(pressure(facts) == Pressure{false, true, false});
    facts.memory_bytes = 256 * mib;
    CHECK_FALSE(pressure(facts).memory);
    facts.available_memory_bytes = 25 * mib;
    CHECK(pressure(facts).memory);
    facts.available_memory_bytes = 29 * mib;
    CHECK(pressure(facts, {false, true, false}).memory);
    facts.available_memory_bytes = 32 * mib;
    CHECK_FALSE(pressure(facts, {false, true, false}).memory);
}

TEST_CASE("plan_pressure: process ids are short when nearly all are taken") {
    PressureFacts facts = plenty();
    facts.free_pids = 1'000;
    CHECK(pressure(facts) == Pressure{false, false, true});
}

TEST_CASE("observe_pressure: this machine tells something of all") {
    const PressureFacts facts = observe_pressure("/", "/proc/self/no/such");
    CHECK(facts.node_disk.bytes > 0);
    CHECK(facts.image_disk.bytes == 0);
    CHECK(facts.memory_bytes > facts.available_memory_bytes);
    CHECK(facts.available_memory_bytes > 0);
    CHECK(facts.free_pids > 0);
    CHECK(facts.free_pids < facts.pids);
}
