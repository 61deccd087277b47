#include "schedule_plan.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::scheduler;

namespace {
api::Node small_node() {
    api::Node node;
    node.metadata.name = "box";
    node.status.allocatable["cpu"] = *api::Quantity::parse("1");
    node.status.allocatable["memory"] = *api::Quantity::parse("256Mi");
    node.status.allocatable["pods"] = *api::Quantity::parse("3");
    auto& ready = node.status.conditions.emplace_back();
    ready.type = "Ready";
    ready.status = "True";
    return node;
}
api::Pod asking(const char* cpu, const char* memory) {
    api::Pod pod;
    auto& container = pod.spec.containers.emplace_back();
    container.resources.requests["cpu"] = *api::Quantity::parse(cpu);
    container.resources.requests["memory"] = *api::Quantity::parse(memory);
    return pod;
}
std::string why(const ScheduleDecision& decision) { return std::get<Unschedulable>(decision).message; }
}  // namespace

TEST_CASE("plan_schedule: a pod that fits is bound") {
    CHECK(plan_schedule(asking("500m", "100Mi"), {small_node()}, {}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: what is taken counts") {
    auto other = asking("600m", "200Mi");
    other.spec.node_name = "box";
    CHECK(why(plan_schedule(asking("500m", "100Mi"), {small_node()}, {other})) ==
          "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.");
    other.spec.node_name = "elsewhere";
    CHECK(plan_schedule(asking("500m", "100Mi"), {small_node()}, {other}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: selectors, taints and cordons keep pods off") {
    auto pod = asking("1m", "1Mi");
    pod.spec.node_selector["disk"] = "ssd";
    CHECK(why(plan_schedule(pod, {small_node()}, {})) ==
          "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");
    auto node = small_node();
    node.metadata.labels["disk"] = "ssd";
    CHECK(plan_schedule(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
    node.spec.unschedulable = true;
    CHECK(why(plan_schedule(pod, {node}, {})) == "0/1 nodes are available: 1 node(s) were unschedulable.");
    node.spec.unschedulable = false;
    auto& taint = node.spec.taints.emplace_back();
    taint.key = "k";
    taint.value = "v";
    taint.effect = "NoSchedule";
    CHECK(why(plan_schedule(pod, {node}, {})) == "0/1 nodes are available: 1 node(s) had untolerated taint {k: v}.");
    pod.spec.tolerations.emplace_back().operator_ = "Exists";
    CHECK(plan_schedule(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: one host port is given once") {
    auto pod = asking("1m", "1Mi");
    auto& port = pod.spec.containers[0].ports.emplace_back();
    port.host_port = 80;
    auto other = pod;
    other.spec.node_name = "box";
    CHECK(why(plan_schedule(pod, {small_node()}, {other})) ==
          "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
    other.spec.containers[0].ports[0].protocol = "UDP";
    CHECK(plan_schedule(pod, {small_node()}, {other}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: local storage counts as memory does") {
    auto node = small_node();
    node.status.allocatable["ephemeral-storage"] = *api::Quantity::parse("10Gi");
    auto pod = asking("1m", "1Mi");
    pod.spec.containers[0].resources.requests["ephemeral-storage"] = *api::Quantity::parse("6Gi");
    CHECK(plan_schedule(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
    auto other = pod;
    other.spec.node_name = "box";
    CHECK(why(plan_schedule(pod, {node}, {other})) == "0/1 nodes are available: 1 Insufficient ephemeral-storage.");
}

TEST_CASE("plan_schedule: sums that would wrap do not fit") {
    auto pod = asking("1m", "9223372036854775807");
    pod.spec.containers.push_back(pod.spec.containers[0]);
    CHECK(why(plan_schedule(pod, {small_node()}, {})) == "0/1 nodes are available: 1 Insufficient memory.");
    auto other = asking("1m", "1Mi");
    other.spec.node_name = "box";
    CHECK(why(plan_schedule(asking("1m", "9223372036854775807"), {small_node()}, {other})) ==
          "0/1 nodes are available: 1 Insufficient memory.");
}
