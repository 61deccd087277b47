#include "pod/container_back_off.hpp"

#include <catch2/catch.hpp>

#include "pod/pod_plan.hpp"

using namespace orilla;
using namespace orilla::node;
using Begun = ContainerBackOff::Begun;

namespace {
ContainerSeen shown(const ContainerBackOff& back_off) {
    ContainerSeen seen;
    back_off.show("a:1", seen);
    return seen;
}
/// Ends after it has run for so long, and is started again.
void crash(ContainerBackOff& back_off, int attempt, int64_t from_ms, int64_t to_ms) {
    back_off.note_running(attempt, from_ms);
    REQUIRE(back_off.note_end(attempt, to_ms));
    back_off.count_crash(to_ms);
}
}  // namespace

TEST_CASE("ContainerBackOff: a failure is shown for a second before it is a back-off, which begins once") {
    ContainerBackOff back_off;
    back_off.fail("ErrImagePull", "no answer", 5'000);
    CHECK(back_off.follow(5'999) == Begun::nothing);
    CHECK(back_off.shown_until_ms(5'999) == 6'000);
    CHECK(shown(back_off).failure_reason == "ErrImagePull");
    CHECK(back_off.follow(6'000) == Begun::of_pull);
    CHECK(back_off.follow(6'001) == Begun::nothing);
    CHECK_FALSE(back_off.shown_until_ms(6'001));
    CHECK(shown(back_off).failure_reason == "ImagePullBackOff");
    CHECK(shown(back_off).failure_message == "Back-off pulling image \"a:1\": ErrImagePull: no answer");
    CHECK(shown(back_off).retry_at_ms == 15'000);
}

TEST_CASE("ContainerBackOff: failures wait longer each time, up to five minutes, and anew after one that went well") {
    ContainerBackOff back_off;
    for (const int64_t wait_ms : {10'000, 20'000, 40'000, 80'000, 160'000, 300'000, 300'000}) {
        back_off.fail("CreateContainerError", "", 0);
        CHECK(shown(back_off).retry_at_ms == wait_ms);
    }
    back_off.clear_failure();
    CHECK(shown(back_off).failure_reason.empty());
    back_off.fail("CreateContainerError", "", 0);
    CHECK(shown(back_off).retry_at_ms == 10'000);
}

TEST_CASE("ContainerBackOff: what was wrong with its sources is tried again at once, anything else is not") {
    ContainerBackOff back_off;
    back_off.fail("CreateContainerError", "", 0);
    back_off.retry_configuration();
    CHECK(shown(back_off).retry_at_ms == 10'000);
    back_off.fail("CreateContainerConfigError", "", 0);
    back_off.retry_configuration();
    CHECK(shown(back_off).retry_at_ms == 0);
}

TEST_CASE("ContainerBackOff: crashes wait longer each time, and anew after ten minutes without one") {
    ContainerBackOff back_off;
    crash(back_off, 0, 0, 1'000);
    CHECK(shown(back_off).backoff_until_ms == 0);
    crash(back_off, 1, 1'000, 2'000);
    CHECK(shown(back_off).backoff_until_ms == 12'000);
    CHECK(back_off.follow(3'000) == Begun::of_restart);
    crash(back_off, 2, 12'000, 13'000);
    CHECK(shown(back_off).backoff_ms == 20'000);
    CHECK_FALSE(shown(back_off).backing_off);
    crash(back_off, 3, 33'000, 33'000 + crash_backoff_reset_s * 1000);
    CHECK(shown(back_off).backoff_until_ms == 0);
}

TEST_CASE("ContainerBackOff: an end is counted once") {
    ContainerBackOff back_off;
    CHECK(back_off.note_end(0, 1'000));
    CHECK_FALSE(back_off.note_end(0, 2'000));
    CHECK(back_off.note_end(1, 3'000));
}

TEST_CASE("ContainerBackOff: another definition has neither the failures nor the crashes of the one before") {
    ContainerBackOff back_off;
    CHECK(back_off.follow_definition("a:1"));
    CHECK_FALSE(back_off.follow_definition("a:1"));
    crash(back_off, 0, 0, 0);
    crash(back_off, 1, 0, 0);
    back_off.fail("ErrImagePull", "", 0);
    CHECK(back_off.follow_definition("a:2"));
    CHECK(shown(back_off).backoff_until_ms == 0);
    CHECK(shown(back_off).retry_at_ms == 0);
    CHECK(back_off.follow(5'000) == Begun::nothing);
}
