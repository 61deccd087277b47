#include "pod_table.hpp"

#include <catch2/catch.hpp>

#include "support/fake_clock.hpp"

using namespace orilla;
using namespace orilla::runtime;

TEST_CASE("PodTable: only a pod with a supervisor takes containers, and not while it goes") {
    test::FakeClock clock;
    loop::Loop loop(clock);
    PodTable pods(loop, "/run/pods");
    CHECK(pods.dir("a") == "/run/pods/a");
    CHECK(pods.find_alive("a").error().code() == Code::not_found);
    const PodPtr pod = pods.add("a");
    CHECK(pods.find_alive("a").error().code() == Code::unavailable);
    pod->alive = true;
    CHECK(*pods.find_alive("a") == pod);
    pod->removing = true;
    CHECK(pods.find_alive("a").error().code() == Code::unavailable);
    CHECK(pods.find("a") == pod);
    pods.remove("a");
    CHECK_FALSE(pods.find("a"));
    CHECK(pod->id == "a");
}

TEST_CASE("PodTable: cgroups and writable layers of its pods are wanted, also above and before") {
    test::FakeClock clock;
    loop::Loop loop(clock);
    PodTable pods(loop, "/run/pods");
    const PodPtr pod = pods.add("a");
    pod->record.cgroup = "/pods/burstable/a";
    pod->starting.insert("/scratch/coming");
    pod->containers.emplace_back().scratch_dir = "/scratch/there";
    CHECK(pods.wants_cgroup("/pods/burstable/a"));
    CHECK(pods.wants_cgroup("/pods/burstable"));
    CHECK_FALSE(pods.wants_cgroup("/pods/burst"));
    CHECK_FALSE(pods.wants_cgroup("/pods/burstable/a/b"));
    CHECK(pods.wants_scratch("/scratch/coming"));
    CHECK(pods.wants_scratch("/scratch/there"));
    CHECK_FALSE(pods.wants_scratch("/scratch"));
}
