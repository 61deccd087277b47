#include "write_plan.hpp"

#include <catch2/catch.hpp>

#include "orilla/kinds/defaults.hpp"

using namespace orilla;
using namespace orilla::objects;
using namespace orilla::store;

namespace {

constexpr int64_t now_s = 1'700'000'000;

api::Object pod(std::string_view node, std::string_view phase = "Running") {
    api::Pod pod;
    pod.metadata.name = "web";
    pod.metadata.namespace_ = "default";
    pod.metadata.uid = "u1";
    pod.metadata.generation = 1;
    pod.spec.node_name = api::Str(node);
    pod.spec.termination_grace_period_seconds = 20;
    pod.status.phase = api::Str(phase);
    return api::Object(std::move(pod));
}

api::Object deleting_pod(int64_t grace_s) {
    api::Object object = pod("node1");
    object.meta().deletion_timestamp = api::Time(now_s + grace_s);
    object.meta().deletion_grace_period_seconds = grace_s;
    return object;
}

DeleteOptions grace(int64_t seconds) {
    DeleteOptions options;
    options.grace_period_seconds = seconds;
    return options;
}
DeleteOptions propagation(Propagation policy) {
    DeleteOptions options;
    options.propagation = policy;
    return options;
}

using Action = DeletePlan::Action;

bool holds(const api::Object& object, std::string_view finalizer) {
    for (const auto& held : object.meta().finalizers)
        if (held == finalizer) return true;
    return false;
}

}  // namespace

TEST_CASE("plan_delete: a running pod gets its own grace period and a new generation") {
    auto plan = plan_delete(pod("node1"), {}, now_s);
    CHECK(plan.action == Action::update);
    CHECK(plan.next.meta().deletion_timestamp.unix_s == now_s + 20);
    CHECK(plan.next.meta().deletion_grace_period_seconds == 20);
    CHECK(plan.next.meta().generation == 2);
}

TEST_CASE("plan_delete: the grace period of the request wins, a negative one means one second") {
    CHECK(plan_delete(pod("node1"), grace(5), now_s).next.meta().deletion_grace_period_seconds == 5);
    CHECK(plan_delete(pod("node1"), grace(-7), now_s).next.meta().deletion_grace_period_seconds == 1);
}

TEST_CASE("plan_delete: a pod without a node, an ended pod and grace 0 go at once") {
    CHECK(plan_delete(pod(""), {}, now_s).action == Action::remove);
    CHECK(plan_delete(pod("node1", "Succeeded"), {}, now_s).action == Action::remove);
    CHECK(plan_delete(pod("node1", "Failed"), grace(30), now_s).action == Action::remove);
    CHECK(plan_delete(pod("node1"), grace(0), now_s).action == Action::remove);
}

TEST_CASE("plan_delete: a second delete may only shorten the grace period") {
    CHECK(plan_delete(deleting_pod(20), {}, now_s + 3).action == Action::keep);
    CHECK(plan_delete(deleting_pod(20), grace(25), now_s + 3).action == Action::keep);
    auto shorter = plan_delete(deleting_pod(20), grace(5), now_s + 3);
    CHECK(shorter.action == Action::update);
    CHECK(shorter.next.meta().deletion_timestamp.unix_s == now_s + 5);
    CHECK(shorter.next.meta().deletion_grace_period_seconds == 5);
    CHECK(plan_delete(deleting_pod(20), grace(0), now_s + 3).action == Action::remove);
}

TEST_CASE("plan_delete: a pod with a finalizer stays, with its grace period at 0 once that is over") {
    api::Object held = deleting_pod(20);
    held.meta().finalizers.push_back("example.com/hold");
    auto plan = plan_delete(held, grace(0), now_s);
    CHECK(plan.action == Action::update);
    CHECK(plan.next.meta().deletion_grace_period_seconds == 0);
    CHECK(plan_delete(plan.next, grace(0), now_s).action == Action::keep);
}

TEST_CASE("plan_delete: other kinds go at once, or wait for their finalizers with grace 0") {
    api::ConfigMap config;
    config.metadata.name = "c";
    CHECK(plan_delete(api::Object(api::ConfigMap(config)), grace(30), now_s).action == Action::remove);
    config.metadata.finalizers.push_back("example.com/hold");
    auto plan = plan_delete(api::Object(std::move(config)), grace(30), now_s);
    CHECK(plan.action == Action::update);
    CHECK(plan.next.meta().deletion_timestamp.unix_s == now_s);
    CHECK(plan.next.meta().deletion_grace_period_seconds == 0);
}

TEST_CASE("plan_delete: the propagation policy chooses the finalizer and beats the one that is there") {
    api::Deployment deployment;
    deployment.metadata.name = "d";
    deployment.metadata.generation = 4;
    api::Object object(std::move(deployment));
    auto orphan = plan_delete(object, propagation(Propagation::orphan), now_s);
    CHECK(orphan.action == Action::update);
    CHECK(holds(orphan.next, "orphan"));
    CHECK(orphan.next.meta().generation == 5);
    auto foreground = plan_delete(orphan.next, propagation(Propagation::foreground), now_s);
    CHECK(foreground.action == Action::update);
    CHECK(holds(foreground.next, "foregroundDeletion"));
    CHECK_FALSE(holds(foreground.next, "orphan"));
    CHECK(plan_delete(foreground.next, {}, now_s).action == Action::keep);
    CHECK(plan_delete(foreground.next, propagation(Propagation::background), now_s).action == Action::remove);
}

TEST_CASE("plan_delete: a namespace becomes Terminating and waits for its spec.finalizers") {
    api::Namespace ns;
    ns.metadata.name = "n";
    ns.spec.finalizers.push_back("kubernetes");
    ns.status.phase = "Active";
    auto plan = plan_delete(api::Object(std::move(ns)), {}, now_s);
    CHECK(plan.action == Action::update);
    CHECK(plan.next.as<api::Namespace>().status.phase == "Terminating");
    CHECK_FALSE(deletion_complete(plan.next));
    plan.next.as<api::Namespace>().spec.finalizers.clear();
    CHECK(deletion_complete(plan.next));
}

TEST_CASE("keep_stored_fields: main keeps status, status keeps everything else") {
    api::Object old = pod("node1");
    api::Object wanted = pod("node2", "Failed");
    wanted.meta().uid = "forged";
    wanted.meta().generation = 99;
    wanted.meta().labels["a"] = "b";
    wanted.meta().owner_references.push_back(api::OwnerReference{});
    api::Object main = wanted.clone();
    keep_stored_fields(main, old, Part::main);
    CHECK(main.as<api::Pod>().spec.node_name == "node2");
    CHECK(main.as<api::Pod>().status.phase == "Running");
    CHECK(main.meta().uid == "u1");
    CHECK(main.meta().generation == 1);
    CHECK(main.meta().owner_references.size() == 1);
    api::Object status = wanted.clone();
    keep_stored_fields(status, old, Part::status);
    CHECK(status.as<api::Pod>().spec.node_name == "node1");
    CHECK(status.as<api::Pod>().status.phase == "Failed");
    CHECK(status.meta().labels.contains("a"));
    CHECK(status.meta().owner_references.empty());
}

TEST_CASE("count_generation: the spec counts, labels do not, a Deployment's annotations do") {
    api::Object old = pod("node1");
    api::Object updated = old.clone();
    updated.meta().labels["a"] = "b";
    updated.meta().annotations["a"] = "b";
    count_generation(updated, old);
    CHECK(updated.meta().generation == 1);
    updated.as<api::Pod>().spec.node_name = "node2";
    count_generation(updated, old);
    CHECK(updated.meta().generation == 2);

    api::Deployment deployment;
    deployment.metadata.generation = 7;
    api::Object before(std::move(deployment));
    api::Object after = before.clone();
    after.meta().annotations["a"] = "b";
    count_generation(after, before);
    CHECK(after.meta().generation == 8);
}

TEST_CASE("qos_class: as the kubelet classes pods") {
    auto amount = [](std::string_view text) { return *api::Quantity::parse(text); };
    api::PodSpec spec;
    api::Container container;
    spec.containers.push_back(container);
    CHECK(api::qos_class(spec) == "BestEffort");
    spec.containers[0].resources.requests["cpu"] = amount("100m");
    CHECK(api::qos_class(spec) == "Burstable");
    spec.containers[0].resources.limits["cpu"] = amount("100m");
    spec.containers[0].resources.limits["memory"] = amount("1Gi");
    CHECK(api::qos_class(spec) == "Guaranteed");
    spec.containers[0].resources.limits["cpu"] = amount("200m");
    CHECK(api::qos_class(spec) == "Burstable");
}

TEST_CASE("plan_durability: what a Job has counted is durable, how many of its pods run is not") {
    api::Object before{api::Job()}, running{api::Job()}, counted{api::Job()};
    running.as<api::Job>().status.active = 2;
    counted.as<api::Job>().status.uncounted_terminated_pods.ensure().succeeded.push_back("uid");
    CHECK(plan_durability(running, before, Part::status) == Durability::soft);
    CHECK(plan_durability(counted, before, Part::status) == Durability::durable);
}

TEST_CASE("plan_durability: what an autoscaler has measured is not written, how many replicas it wants is") {
    api::Object before{api::HorizontalPodAutoscaler()}, measured{api::HorizontalPodAutoscaler()};
    measured.as<api::HorizontalPodAutoscaler>().status.current_metrics.push_back(api::MetricStatus());
    CHECK(plan_durability(measured, before, Part::status) == Durability::memory);
    api::Object wanting = measured.clone();
    wanting.as<api::HorizontalPodAutoscaler>().status.desired_replicas = 4;
    CHECK(plan_durability(wanting, before, Part::status) == Durability::soft);
}

TEST_CASE("plan_durability: a status is written behind, but for the end of a pod") {
    const api::Object pending = pod("node1", "Pending"), running = pod("node1", "Running");
    CHECK(plan_durability(running, pending, Part::status) == Durability::soft);
    for (const char* phase : {"Succeeded", "Failed"}) {
        CHECK(plan_durability(pod("node1", phase), running, Part::status) == Durability::urgent);
        CHECK(plan_durability(pod("node1", phase), pod("node1", phase), Part::status) == Durability::soft);
    }
    CHECK(plan_durability(pod("node2"), running, Part::main) == Durability::durable);
    CHECK(plan_durability(deleting_pod(20), running, Part::main) == Durability::urgent);
}
