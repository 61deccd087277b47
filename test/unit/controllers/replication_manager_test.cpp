#include "workload/replication_manager.hpp"

#include <catch2/catch.hpp>

#include "rollout_world.hpp"

using namespace orilla;

namespace {
api::ReplicationController controller_with(int32_t replicas) {
    api::ReplicationController out;
    out.metadata.name = "old";
    out.metadata.namespace_ = "default";
    out.spec.replicas = replicas;
    auto& pods = out.spec.template_.ensure();
    pods.metadata.labels["app"] = "old";
    api::Container container;
    container.name = "main";
    container.image = "web:1";
    pods.spec.containers.push_back(std::move(container));
    return out;
}
}  // namespace

TEST_CASE("replicationcontroller: keeps its pods, whose labels it takes as its own") {
    test::RolloutWorld world;
    REQUIRE(world.create(controller_with(2)));
    world.run_node();
    auto old = world.get<api::ReplicationController>("old");
    CHECK(old->spec.selector.get("app")->view() == "old");
    CHECK(old->metadata.labels.get("app")->view() == "old");
    CHECK(old->status.replicas == 2);
    CHECK(old->status.available_replicas == 2);
    CHECK(old->status.observed_generation == 1);
    REQUIRE(world.pods().size() == 2);
    const auto& owner = world.pods()[0]->metadata.owner_references.front();
    CHECK(owner.kind == "ReplicationController");
    CHECK(owner.api_version == "v1");
    REQUIRE(world.edit<api::ReplicationController>("old", [](api::ReplicationController& one) { one.spec.replicas = 1; }));
    world.run_node();
    CHECK(world.pods().size() == 1);
}

TEST_CASE("replicationcontroller: adopts a pod that nobody controls") {
    test::RolloutWorld world;
    REQUIRE(world.create(test::pod_with("orphan", "old")));
    REQUIRE(world.create(controller_with(1)));
    world.run_node();
    REQUIRE(world.pods().size() == 1);
    CHECK(world.pods()[0]->metadata.owner_references.size() == 1);
}

TEST_CASE("as_controller_status: a failure is told as a ReplicaSet tells it") {
    api::ReplicaSetStatus status;
    status.replicas = 3;
    auto& failure = status.conditions.emplace_back();
    failure.type = "ReplicaFailure";
    failure.status = "True";
    failure.message = "no room";
    failure.last_transition_time = api::Time(7);
    const auto out = controllers::as_controller_status(status);
    CHECK(out.replicas == 3);
    REQUIRE(out.conditions.size() == 1);
    CHECK(out.conditions[0].message == "no room");
    CHECK(out.conditions[0].last_transition_time.unix_s == 7);
}
