#include "cluster/pod_gc_plan.hpp"

#include <catch2/catch.hpp>

#include "controller_world.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::ControllerWorld;
using orilla::test::pod_with;

namespace {

struct PodGcWorld : ControllerWorld {
    void make_node(const std::string& name) {
        api::Node node;
        node.metadata.name = api::Str(name);
        REQUIRE(create(node));
    }
    void make_pod(const std::string& name, std::string_view node) {
        api::Pod pod = pod_with(name, "web");
        pod.spec.node_name = api::Str(node);
        REQUIRE(create(pod));
    }
};

}  // namespace

TEST_CASE("plan_pod_gc: a pod that has not ended fails and goes, one that has just goes") {
    api::Pod pod = pod_with("a", "web");
    pod.metadata.uid = "u";
    auto actions = plan_pod_gc(pod, 17);
    REQUIRE(actions.size() == 2);
    const auto& condition = std::get<FailPod>(actions[0]).condition;
    CHECK(condition.type == "DisruptionTarget");
    CHECK(condition.reason == "DeletionByPodGC");
    CHECK(condition.message == "PodGC: node no longer exists");
    CHECK(actions[1] == PodGcAction(RemovePod{"u"}));
    pod.status.phase = "Succeeded";
    CHECK(plan_pod_gc(pod, 17) == std::vector<PodGcAction>{RemovePod{"u"}});
}

TEST_CASE("pod gc: a pod of a node that does not exist is collected, deleted or not, and not at once") {
    PodGcWorld world;
    world.make_pod("deleted", "nowhere");
    world.make_pod("running", "nowhere");
    REQUIRE(world.remove<api::Pod>("deleted"));
    world.pass(30'000);
    CHECK(world.get<api::Pod>("deleted")->metadata.deletion_timestamp);
    CHECK(world.get<api::Pod>("running")->status.phase == "Pending");
    world.pass(30'000);
    CHECK_FALSE(world.get<api::Pod>("deleted"));
    CHECK_FALSE(world.get<api::Pod>("running"));
}

TEST_CASE("pod gc: a pod of the node that this daemon is stays, whatever became of the Node") {
    orilla::test::ObjectWorld world;
    objects::EventRecorder events(world.loop, world.objects, "box");
    Controllers controllers(world.loop, world.objects, events, {"10.43.0.0/16", "192.0.2.10", 6443, "box"});
    controllers.start();
    api::Pod pod = pod_with("a", "web");
    pod.spec.node_name = "box";
    REQUIRE(world.run(world.objects.create<api::Pod>(std::move(pod))));
    world.pass(120'000);
    CHECK(world.objects.get<api::Pod>("default", "a"));
}

TEST_CASE("pod gc: a held pod fails, and goes when nothing holds it") {
    PodGcWorld world;
    api::Pod pod = pod_with("a", "web");
    pod.spec.node_name = "nowhere";
    pod.metadata.finalizers.push_back("example.com/held");
    REQUIRE(world.create(pod));
    world.pass(60'000);
    const auto held = world.get<api::Pod>("a");
    REQUIRE(held);
    CHECK(held->status.phase == "Failed");
    CHECK(held->status.conditions[held->status.conditions.size() - 1].type == "DisruptionTarget");
    CHECK(held->metadata.deletion_timestamp);
    REQUIRE(world.edit<api::Pod>("a", [](api::Pod& edited) { edited.metadata.finalizers.clear(); }));
    CHECK_FALSE(world.get<api::Pod>("a"));
}

TEST_CASE("pod gc: a node that goes takes its pods along, one that comes back in time keeps them") {
    PodGcWorld world;
    world.make_node("box");
    world.make_pod("a", "box");
    world.make_pod("unscheduled", "");
    world.pass(120'000);
    REQUIRE(world.get<api::Pod>("a"));
    REQUIRE(world.remove<api::Node>("box", {}, ""));
    world.pass(10'000);
    world.make_node("box");
    world.pass(120'000);
    REQUIRE(world.get<api::Pod>("a"));
    REQUIRE(world.remove<api::Node>("box", {}, ""));
    world.pass(60'000);
    CHECK_FALSE(world.get<api::Pod>("a"));
    CHECK(world.get<api::Pod>("unscheduled"));
}
