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
ScheduleDecision decide(const api::Pod& pod, const std::vector<api::Node>& nodes, const std::vector<api::Pod>& bound) {
    std::vector<NodePtr> pointers;
    for (const auto& node : nodes) pointers.push_back(std::make_shared<api::Node>(node));
    Placements placements;
    for (const auto& other : bound) placements.put("default/" + std::to_string(&other - bound.data()), other);
    return plan_schedule(pod, pointers, placements);
}
std::string why(const ScheduleDecision& decision) { return std::get<Unschedulable>(decision).message; }
}  // namespace

TEST_CASE("plan_schedule: a pod that fits is bound") {
    CHECK(decide(asking("500m", "100Mi"), {small_node()}, {}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: what is taken counts") {
    auto other = asking("600m", "200Mi");
    other.spec.node_name = "box";
    CHECK(why(decide(asking("500m", "100Mi"), {small_node()}, {other})) ==
          "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.");
    other.spec.node_name = "elsewhere";
    CHECK(decide(asking("500m", "100Mi"), {small_node()}, {other}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: selectors, taints and cordons keep pods off") {
    auto pod = asking("1m", "1Mi");
    pod.spec.node_selector["disk"] = "ssd";
    CHECK(why(decide(pod, {small_node()}, {})) ==
          "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");
    auto node = small_node();
    node.metadata.labels["disk"] = "ssd";
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
    node.spec.unschedulable = true;
    CHECK(why(decide(pod, {node}, {})) == "0/1 nodes are available: 1 node(s) were unschedulable.");
    node.spec.unschedulable = false;
    auto& taint = node.spec.taints.emplace_back();
    taint.key = "k";
    taint.value = "v";
    taint.effect = "NoSchedule";
    CHECK(why(decide(pod, {node}, {})) == "0/1 nodes are available: 1 node(s) had untolerated taint {k: v}.");
    pod.spec.tolerations.emplace_back().operator_ = "Exists";
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: a pod that tolerates it comes to a cordoned node") {
    auto pod = asking("1m", "1Mi");
    auto node = small_node();
    node.spec.unschedulable = true;
    auto& toleration = pod.spec.tolerations.emplace_back();
    toleration.key = "node.kubernetes.io/unschedulable";
    toleration.operator_ = "Exists";
    toleration.effect = "NoSchedule";
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: one host port is given once") {
    auto pod = asking("1m", "1Mi");
    auto& port = pod.spec.containers[0].ports.emplace_back();
    port.host_port = 80;
    auto other = pod;
    other.spec.node_name = "box";
    CHECK(why(decide(pod, {small_node()}, {other})) ==
          "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
    other.spec.containers[0].ports[0].protocol = "UDP";
    CHECK(decide(pod, {small_node()}, {other}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: local storage counts as memory does") {
    auto node = small_node();
    node.status.allocatable["ephemeral-storage"] = *api::Quantity::parse("10Gi");
    auto pod = asking("1m", "1Mi");
    pod.spec.containers[0].resources.requests["ephemeral-storage"] = *api::Quantity::parse("6Gi");
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
    auto other = pod;
    other.spec.node_name = "box";
    CHECK(why(decide(pod, {node}, {other})) == "0/1 nodes are available: 1 Insufficient ephemeral-storage.");
}

TEST_CASE("plan_schedule: sums that would wrap do not fit") {
    auto pod = asking("1m", "9223372036854775807");
    pod.spec.containers.push_back(pod.spec.containers[0]);
    CHECK(why(decide(pod, {small_node()}, {})) == "0/1 nodes are available: 1 Insufficient memory.");
    auto other = asking("1m", "1Mi");
    other.spec.node_name = "box";
    CHECK(why(decide(asking("1m", "9223372036854775807"), {small_node()}, {other})) ==
          "0/1 nodes are available: 1 Insufficient memory.");
}

TEST_CASE("plan_schedule: says whether another pod's end could help") {
    const auto big = asking("2", "1Mi");
    CHECK(std::get<Unschedulable>(decide(big, {small_node()}, {})).room_would_do);
    auto picky = big;
    picky.spec.node_selector["disk"] = "ssd";
    CHECK_FALSE(std::get<Unschedulable>(decide(picky, {small_node()}, {})).room_would_do);
    auto other = small_node();
    other.metadata.labels["disk"] = "ssd";
    CHECK(std::get<Unschedulable>(decide(picky, {small_node(), other}, {})).room_would_do);
    CHECK_FALSE(std::get<Unschedulable>(decide(big, {}, {})).room_would_do);
}

TEST_CASE("Placements: a pod counts while it is on a node and has not ended, once") {
    Placements placements;
    auto pod = asking("100m", "1Mi");
    placements.put("default/a", pod);
    CHECK(placements.on("box").pods == 0);
    pod.spec.node_name = "box";
    placements.put("default/a", pod);
    placements.put("default/a", pod);
    placements.put("default/b", pod);
    CHECK(placements.on("box").pods == 2);
    CHECK(placements.on("box").requests.cpu_milli == 200);
    pod.status.phase = "Succeeded";
    placements.put("default/a", pod);
    CHECK(placements.on("box").pods == 1);
    placements.drop("default/b");
    placements.drop("default/never");
    CHECK(placements.on("box").pods == 0);
}

TEST_CASE("plan_schedule: required node affinity is a choice of terms, each of which holds as a whole") {
    auto pod = asking("1m", "1Mi");
    auto& terms = pod.spec.affinity.ensure()
                      .node_affinity.ensure()
                      .required_during_scheduling_ignored_during_execution.ensure()
                      .node_selector_terms;
    auto node = small_node();
    node.metadata.labels["disk"] = "ssd";
    node.metadata.labels["size"] = "9";
    const auto require = [](api::NodeSelectorTerm& term, const char* key, const char* op, std::vector<const char*> values) {
        auto& one = term.match_expressions.emplace_back();
        one.key = key;
        one.operator_ = op;
        for (const char* value : values) one.values.emplace_back(value);
    };
    const auto fits = [&] { return std::holds_alternative<Bind>(decide(pod, {node}, {})); };
    terms.emplace_back();
    CHECK_FALSE(fits());  // a term that asks for nothing matches nothing
    require(terms[0], "disk", "NotIn", {"ssd"});
    CHECK_FALSE(fits());
    require(terms.emplace_back(), "disk", "In", {"hdd", "ssd"});
    CHECK(fits());
    require(terms[1], "size", "Gt", {"9"});
    CHECK_FALSE(fits());
    terms[1].match_expressions[1].values[0] = "8";
    CHECK(fits());
    require(terms[1], "gpu", "Exists", {});
    CHECK_FALSE(fits());
    auto& field = terms.emplace_back().match_fields.emplace_back();
    field.key = "metadata.name";
    field.operator_ = "In";
    field.values.emplace_back("box");
    CHECK(fits());
}
