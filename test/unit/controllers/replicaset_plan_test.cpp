#include "workload/replicaset_plan.hpp"

#include <catch2/catch.hpp>

#include "rollout_world.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::pod_with;

namespace {

api::ReplicaSet set_with(int32_t replicas) {
    api::ReplicaSet out;
    out.metadata.name = "web";
    out.metadata.namespace_ = "default";
    out.metadata.uid = "web-uid";
    out.metadata.generation = 1;
    out.spec.replicas = replicas;
    out.spec.selector.ensure().match_labels["app"] = "web";
    out.spec.template_.metadata.labels["app"] = "web";
    return out;
}

api::Pod owned_pod(std::string_view name, bool ready = true) {
    api::Pod pod = pod_with(name, "web");
    auto& owner = pod.metadata.owner_references.emplace_back();
    owner.uid = "web-uid";
    owner.controller = true;
    pod.status.phase = ready ? "Running" : "Pending";
    if (ready) pod.spec.node_name = "node";
    test::set_ready(pod, ready);
    return pod;
}

std::vector<PodPtr> shared(const std::vector<api::Pod>& pods) {
    std::vector<PodPtr> out;
    for (const auto& pod : pods) out.push_back(std::make_shared<api::Pod>(pod));
    return out;
}
std::vector<ReplicaSetAction> plan(const api::ReplicaSet& set, const std::vector<api::Pod>& pods) {
    return plan_replicaset(set, shared(pods));
}

}  // namespace

TEST_CASE("plan_replicaset: creates the pods that are missing") {
    CHECK(plan(set_with(3), {owned_pod("a")}) == std::vector<ReplicaSetAction>{CreatePods{2}});
    CHECK(plan(set_with(9999), {}) == std::vector<ReplicaSetAction>{CreatePods{replicaset_burst_max}});
}

TEST_CASE("plan_replicaset: does nothing when there are enough") {
    CHECK(plan(set_with(1), {owned_pod("a")}).empty());
    api::ReplicaSet ending = set_with(3);
    ending.metadata.deletion_timestamp = api::Time(1);
    CHECK(plan(ending, {}).empty());
}

TEST_CASE("plan_replicaset: leaves alone what is not ours") {
    api::Pod other = owned_pod("b");
    other.metadata.owner_references[0].uid = "somebody";
    CHECK(plan(set_with(0), {other, pod_with("c", "db")}).empty());
}

TEST_CASE("plan_replicaset: ended and ending pods do not count") {
    api::Pod ended = owned_pod("a"), ending = owned_pod("b");
    ended.status.phase = "Failed";
    ending.metadata.deletion_timestamp = api::Time(1);
    CHECK(plan(set_with(1), {ended, ending}) == std::vector<ReplicaSetAction>{CreatePods{1}});
}

TEST_CASE("plan_replicaset: deletes the least costly first") {
    api::Pod cheap = owned_pod("cheap");
    cheap.metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] = "-5";
    api::Pod young = owned_pod("young");
    young.metadata.creation_timestamp = api::Time(1000);
    CHECK(plan(set_with(3), {owned_pod("a"), young, cheap, owned_pod("pending", false)}) ==
          std::vector<ReplicaSetAction>{DeletePod{"pending"}});
    CHECK(plan(set_with(2), {owned_pod("a"), young, cheap, owned_pod("pending", false)}) ==
          std::vector<ReplicaSetAction>{DeletePod{"pending"}, DeletePod{"cheap"}});
    CHECK(plan(set_with(1), {owned_pod("a"), young}) == std::vector<ReplicaSetAction>{DeletePod{"young"}});
}

TEST_CASE("plan_replicaset: adopts a match, releases what no longer matches") {
    api::Pod relabelled = owned_pod("b");
    relabelled.metadata.labels["app"] = "debug";
    CHECK(plan(set_with(1), {pod_with("a", "web"), relabelled}) ==
          std::vector<ReplicaSetAction>{AdoptPod{"a"}, ReleasePod{"b"}});
}

TEST_CASE("summarise_replicaset: counts, and says when waiting pods become available") {
    api::ReplicaSet set = set_with(2);
    set.spec.min_ready_seconds = 10;
    api::Pod old = owned_pod("a"), fresh = owned_pod("b");
    test::set_ready(old, true, 100);
    test::set_ready(fresh, true, 195);
    int64_t again_after_s = -1;
    const auto status = summarise_replicaset(set, shared({old, fresh, owned_pod("c", false)}), "", 200, &again_after_s);
    CHECK(status.replicas == 3);
    CHECK(status.ready_replicas == 2);
    CHECK(status.available_replicas == 1);
    CHECK(status.fully_labeled_replicas == 3);
    CHECK(status.observed_generation == 1);
    CHECK(again_after_s == 5);
}

TEST_CASE("summarise_replicaset: a clock that was set back makes no pod wait until it has caught up") {
    api::ReplicaSet set = set_with(1);
    set.spec.min_ready_seconds = 10;
    int64_t again_after_s = -1;
    const auto status = summarise_replicaset(set, shared({owned_pod("a")}), "", 1'700'000'000 - 86'400, &again_after_s);
    CHECK(status.available_replicas == 1);
    CHECK(again_after_s == -1);
}

TEST_CASE("summarise_replicaset: a failed create is a condition that keeps its time") {
    api::ReplicaSet set = set_with(1);
    int64_t again_after_s = -1;
    set.status = summarise_replicaset(set, {}, "no", 100, &again_after_s);
    REQUIRE(set.status.conditions.size() == 1);
    CHECK(set.status.conditions[0].reason == "FailedCreate");
    CHECK(summarise_replicaset(set, {}, "no", 200, &again_after_s) == set.status);
    CHECK(summarise_replicaset(set, {}, "", 300, &again_after_s).conditions.empty());
}

TEST_CASE("replicaset: a relabelled pod is let go and replaced, and taken back when it matches again") {
    test::RolloutWorld world;
    world.roll_out(test::deployment_with("web", 2));
    const std::string name = world.pods()[0]->metadata.name.str();
    REQUIRE(world.edit<api::Pod>(name, [](api::Pod& pod) { pod.metadata.labels["app"] = "debug"; }));
    world.run_node();
    CHECK(world.pods().size() == 3);
    CHECK(world.get<api::Pod>(name)->metadata.owner_references.empty());
    REQUIRE(world.edit<api::Pod>(name, [](api::Pod& pod) { pod.metadata.labels["app"] = "web"; }));
    world.run_node();
    CHECK(world.pods().size() == 2);
}

TEST_CASE("replicaset: in a namespace that is going away no pods are made again") {
    test::RolloutWorld world;
    api::Namespace shop;
    shop.metadata.name = "shop";
    REQUIRE(world.create(shop));
    api::Deployment web = test::deployment_with("web", 2);
    web.metadata.namespace_ = "shop";
    REQUIRE(world.create(web));
    REQUIRE(world.objects.list<api::Pod>("shop").size() == 2);
    REQUIRE(world.remove<api::Namespace>("shop", {}, ""));
    world.pass(1000);
    CHECK_FALSE(world.get<api::Namespace>("shop", ""));
    CHECK(world.objects.list<api::Pod>("shop").empty());
}

TEST_CASE("looks_the_same_to_owner: what the scheduler writes is no reason to count again, readiness is") {
    const api::Pod before = owned_pod("a", false);
    api::Pod after = before;
    auto& scheduled = after.status.conditions.emplace_back();
    scheduled.type = "PodScheduled";
    scheduled.status = "False";
    CHECK(looks_the_same_to_owner(before, after));
    test::set_ready(after, true);
    CHECK_FALSE(looks_the_same_to_owner(before, after));
    after = before;
    after.metadata.labels["app"] = "other";
    CHECK_FALSE(looks_the_same_to_owner(before, after));
    after = before;
    after.metadata.deletion_timestamp = api::Time(1);
    CHECK_FALSE(looks_the_same_to_owner(before, after));
}
