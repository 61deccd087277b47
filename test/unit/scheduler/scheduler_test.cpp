#include "orilla/scheduler/scheduler.hpp"

#include <catch2/catch.hpp>

#include "../../support/object_world.hpp"

using namespace orilla;
using namespace orilla::test;

namespace {
struct SchedulerWorld : ObjectWorld {
    SchedulerWorld() : events(loop, objects, "box"), scheduler(loop, objects, events) {
        scheduler.start();
        settle();
    }

    void add_node(const char* cpu) {
        api::Node node;
        node.metadata.name = "box";
        node.status.allocatable["cpu"] = *api::Quantity::parse(cpu);
        node.status.allocatable["pods"] = *api::Quantity::parse("10");
        auto& ready = node.status.conditions.emplace_back();
        ready.type = "Ready";
        ready.status = "True";
        REQUIRE(run(objects.create<api::Node>(std::move(node))));
        settle();
    }
    void add_pod(std::string_view name, const char* cpu, const char* disk = nullptr) {
        api::Pod pod;
        pod.metadata.name = api::Str(name);
        pod.metadata.namespace_ = "default";
        auto& container = pod.spec.containers.emplace_back();
        container.name = "main";
        container.image = "busybox:1";
        container.resources.requests["cpu"] = *api::Quantity::parse(cpu);
        if (disk) pod.spec.node_selector["disk"] = disk;
        REQUIRE(run(objects.create<api::Pod>(std::move(pod))));
        settle();
    }
    template <class Edit>
    void edit_node(Edit edit) {
        std::function<Result<void>(api::Node&)> change = [edit](api::Node& node) -> Result<void> { return edit(node), ok(); };
        REQUIRE(run(objects.modify_status<api::Node>("", "box", std::move(change))));
        settle();
    }
    std::string node_of(std::string_view pod) { return objects.get<api::Pod>("default", pod)->spec.node_name.str(); }
    int failures_told() {
        int count = 0;
        for (const auto& event : objects.list<api::Event>("default"))
            if (event->reason == "FailedScheduling") count += event->count;
        return count;
    }

    objects::EventRecorder events;
    scheduler::Scheduler scheduler;
};
}  // namespace

TEST_CASE("Scheduler: a pod that fits is bound, as its own generation") {
    SchedulerWorld w;
    w.add_node("1");
    w.add_pod("web", "500m");
    CHECK(w.node_of("web") == "box");
    CHECK(w.objects.get<api::Pod>("default", "web")->metadata.generation == 1);
}

TEST_CASE("Scheduler: that no node fits is told once, not for what the telling changed") {
    SchedulerWorld w;
    w.add_node("1");
    w.add_pod("big", "2");
    CHECK(w.node_of("big").empty());
    CHECK(w.failures_told() == 1);
}

TEST_CASE("Scheduler: pods that go elsewhere do not make a waiting one repeat itself") {
    SchedulerWorld w;
    w.add_node("1");
    w.add_pod("big", "2");
    for (const char* name : {"a", "b", "c"}) {
        w.add_pod(name, "100m");
        REQUIRE(w.run(w.objects.remove<api::Pod>("default", name, {.grace_period_seconds = 0})));
        w.settle();
    }
    CHECK(w.failures_told() == 1);
    w.pass(300'000);
    w.add_pod("d", "100m");
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "d", {.grace_period_seconds = 0})));
    w.settle();
    CHECK(w.failures_told() == 2);
    w.edit_node([](api::Node& node) { node.status.allocatable["pods"] = *api::Quantity::parse("0"); });
    CHECK(w.failures_told() == 3);
}

TEST_CASE("Scheduler: a heartbeat of the node makes no room, more of it does") {
    SchedulerWorld w;
    w.add_node("1");
    w.add_pod("big", "2");
    w.edit_node([](api::Node& node) { node.status.conditions[0].last_heartbeat_time = api::Time(1'800'000'000); });
    CHECK(w.failures_told() == 1);
    w.edit_node([](api::Node& node) { node.status.allocatable["cpu"] = *api::Quantity::parse("4"); });
    CHECK(w.node_of("big") == "box");
}

TEST_CASE("Scheduler: the end of a pod is a reason to look at those that wait for room only") {
    SchedulerWorld w;
    w.add_node("1");
    w.add_pod("small", "600m");
    for (const char* name : {"a", "b", "c", "d"}) w.add_pod(name, "100m", "ssd");
    w.add_pod("big", "600m");
    CHECK(w.node_of("big").empty());
    const uint64_t before = w.scheduler.counters().reconciled;
    std::function<Result<void>(api::Pod&)> end = [](api::Pod& pod) -> Result<void> {
        pod.status.phase = "Succeeded";
        return ok();
    };
    REQUIRE(w.run(w.objects.modify_status<api::Pod>("default", "small", std::move(end))));
    w.settle();
    CHECK(w.node_of("big") == "box");
    CHECK(w.scheduler.counters().reconciled - before < 4);
}
