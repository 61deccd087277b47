#include "orilla/scheduler/scheduler.hpp"

#include <catch2/catch.hpp>

#include "../../support/object_world.hpp"
#include "orilla/kinds/pod_facts.hpp"

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
    void add_pod(std::string_view name, const char* cpu, const char* disk = nullptr, int32_t priority = 0) {
        api::Pod pod = busybox_pod(name);
        auto& container = pod.spec.containers[0];
        container.resources.requests["cpu"] = *api::Quantity::parse(cpu);
        if (disk) pod.spec.node_selector["disk"] = disk;
        pod.spec.priority = priority;
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
    w.add_pod("there", "500m");
    w.add_pod("big", "800m");
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

TEST_CASE("Scheduler: an important pod's place is made, kept and given to it") {
    SchedulerWorld w;
    w.add_node("1");
    w.add_pod("low", "800m");
    w.add_pod("important", "800m", nullptr, 10);
    const auto low = w.objects.get<api::Pod>("default", "low");
    REQUIRE(low);
    CHECK(low->metadata.deletion_timestamp);
    const auto* condition = api::find_pod_condition(*low, "DisruptionTarget");
    REQUIRE(condition);
    CHECK(condition->reason == "PreemptionByScheduler");
    CHECK(w.objects.get<api::Pod>("default", "important")->status.nominated_node_name == "box");
    w.add_pod("opportunist", "700m");
    objects::DeleteOptions now;
    now.grace_period_seconds = 0;
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "low", now)));
    w.settle();
    CHECK(w.node_of("important") == "box");
    CHECK(w.objects.get<api::Pod>("default", "important")->status.nominated_node_name.empty());
    CHECK(w.node_of("opportunist").empty());
}

TEST_CASE("Scheduler: a pod behind gates waits for them, without a word") {
    SchedulerWorld w;
    w.add_node("1");
    api::Pod pod = busybox_pod("gated");
    pod.spec.scheduling_gates.emplace_back().name = "example.com/a";
    REQUIRE(w.run(w.objects.create<api::Pod>(std::move(pod))));
    w.settle();
    CHECK(w.node_of("gated").empty());
    CHECK(w.failures_told() == 0);
    const auto gated = w.objects.get<api::Pod>("default", "gated");
    CHECK(api::find_pod_condition(*gated, "PodScheduled")->reason == "SchedulingGated");
    std::function<Result<void>(api::Pod&)> open = [](api::Pod& edited) -> Result<void> {
        edited.spec.scheduling_gates.clear();
        return ok();
    };
    REQUIRE(w.run(w.objects.modify<api::Pod>("default", "gated", std::move(open))));
    w.settle();
    CHECK(w.node_of("gated") == "box");
}

namespace {
/// A pod that keeps others of its kind off, or one that waits for a pod called late.
void add_picky(SchedulerWorld& w, const std::string& name, bool wants_company) {
    api::Pod pod = busybox_pod(name);
    pod.metadata.labels["app"] = wants_company ? "social" : "shy";
    api::PodAffinityTerm term;
    term.topology_key = "kubernetes.io/hostname";
    term.label_selector.ensure().match_labels["app"] = wants_company ? "late" : "shy";
    auto& affinity = pod.spec.affinity.ensure();
    if (wants_company) affinity.pod_affinity.ensure().required_during_scheduling_ignored_during_execution.push_back(term);
    else affinity.pod_anti_affinity.ensure().required_during_scheduling_ignored_during_execution.push_back(term);
    REQUIRE(w.run(w.objects.create<api::Pod>(std::move(pod))));
    w.settle();
}
}  // namespace

TEST_CASE("Scheduler: pods that come and go wake only those whom they may help") {
    SchedulerWorld w;
    w.add_node("1");
    std::function<Result<void>(api::Node&)> label = [](api::Node& node) -> Result<void> {
        return node.metadata.labels["kubernetes.io/hostname"] = "box", ok();
    };
    REQUIRE(w.run(w.objects.modify<api::Node>("", "box", std::move(label))));
    w.settle();
    for (int i = 0; i < 20; ++i) add_picky(w, "shy-" + std::to_string(i), false);
    CHECK(w.node_of("shy-0") == "box");
    CHECK(w.node_of("shy-1").empty());
    add_picky(w, "social", true);
    CHECK(w.node_of("social").empty());
    const auto looked = [&w] { return w.scheduler.counters().reconciled; };
    auto before = looked();
    w.add_pod("other", "100m");
    CHECK(looked() - before == 2);  // itself, and the one that wants company
    before = looked();
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "shy-5", {.grace_period_seconds = 0})));
    w.settle();
    CHECK(looked() - before == 0);
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "shy-0", {.grace_period_seconds = 0})));
    w.settle();
    int placed = 0;
    for (int i = 1; i < 20; ++i)
        if (i != 5) placed += w.node_of("shy-" + std::to_string(i)) == "box";
    CHECK(placed == 1);
}
