#include "orilla/node/node_agent.hpp"

#include <catch2/catch.hpp>

#include "../../support/object_world.hpp"

using namespace orilla;
using namespace orilla::test;

namespace {
node::PressureFacts enough_of_all() {
    node::PressureFacts facts;
    facts.node_disk = facts.image_disk = {1000, 500, 1000, 500};
    facts.memory_bytes = 1 << 30;
    facts.available_memory_bytes = 1 << 29;
    facts.pids = 30'000;
    facts.free_pids = 29'000;
    return facts;
}

struct NodeWorld : ObjectWorld {
    NodeWorld() {
        facts.name = "box";
        facts.pods_max = 110;
        agent = std::make_unique<node::NodeAgent>(loop, objects, facts, [this] { return look(); });
        REQUIRE(run(agent->start()));
        settle();
    }
    std::shared_ptr<const api::Lease> lease() { return objects.get<api::Lease>("kube-node-lease", "box"); }
    loop::Task<node::PressureFacts> look() {
        ++looks;
        co_return seen;
    }
    std::shared_ptr<const api::Node> node() { return objects.get<api::Node>("box"); }
    /// "False KubeletHasNoDiskPressure: kubelet has no disk pressure"
    std::string condition(std::string_view type) {
        for (const auto& one : node()->status.conditions)
            if (one.type == type) return one.status.str() + " " + one.reason.str() + ": " + one.message.str();
        return "none";
    }
    std::string taints() {
        std::string out;
        for (const auto& taint : node()->spec.taints) out += taint.key.str() + ":" + taint.effect.str() + " ";
        return out;
    }
    int64_t heartbeat_s() { return objects.get<api::Node>("box")->status.conditions[0].last_heartbeat_time.unix_s; }
    node::NodeFacts facts;
    node::PressureFacts seen = enough_of_all();
    int looks = 0;
    std::unique_ptr<node::NodeAgent> agent;
};
}  // namespace

TEST_CASE("plan_node_name: a node keeps its name, whatever the host is called") {
    const auto node = [](const char* name, bool ours) {
        auto made = std::make_shared<api::Node>();
        made->metadata.name = name;
        if (ours) made->metadata.labels["node-role.kubernetes.io/control-plane"] = "";
        return std::shared_ptr<const api::Node>(std::move(made));
    };
    CHECK(node::plan_node_name("host", {}) == "host");
    CHECK(node::plan_node_name("host", {node("host", true)}) == "host");
    CHECK(node::plan_node_name("host", {node("box", true)}) == "box");
    CHECK(node::plan_node_name("host", {node("a", false), node("box", true), node("z", false)}) == "box");
    CHECK(node::plan_node_name("host", {node("a", false)}) == "host");
    CHECK(node::plan_node_name("host", {node("box", true), node("host", true)}) == "host");
    CHECK(node::plan_node_name("host", {node("box", true), node("cube", true)}) == "host");
}

TEST_CASE("NodeAgent: the node is as large as its disk, whatever that grows to") {
    NodeWorld w;
    w.seen.node_disk = {4096, 4096, 1000, 1000};
    w.pass(30'000);
    CHECK(w.node()->status.capacity.get("ephemeral-storage")->text == "4Ki");
    w.seen.node_disk = {};  // does not tell
    w.pass(30'000);
    CHECK(w.node()->status.capacity.get("ephemeral-storage")->text == "4Ki");
}

TEST_CASE("NodeAgent: the lease is renewed four times as often as it lasts") {
    NodeWorld w;
    const int64_t duration_s = *w.lease()->spec.lease_duration_seconds;
    const int64_t renewed_us = w.lease()->spec.renew_time.unix_us;
    w.pass(duration_s * 1000 / 4);
    CHECK(w.lease()->spec.renew_time.unix_us == renewed_us + duration_s * 1'000'000 / 4);
}

TEST_CASE("NodeAgent: an idle node says every five minutes that it is there, and writes nothing") {
    NodeWorld w;
    w.pass(60'000);
    const int64_t first_s = w.heartbeat_s();
    const auto transition = w.objects.get<api::Node>("box")->status.conditions[0].last_transition_time;
    REQUIRE(w.run(w.store->flush()));
    const uint64_t commits = w.store->stats().commits;
    w.pass(3'600'000);
    CHECK(w.heartbeat_s() >= first_s + 3'300);
    CHECK(w.objects.get<api::Node>("box")->status.conditions[0].last_transition_time == transition);
    CHECK(w.store->stats().commits == commits);
    w.clock.set_wall_offset_s(1'000'000);  // set back by decades
    w.pass(60'000);
    CHECK(w.heartbeat_s() < first_s);
}

TEST_CASE("NodeAgent: the lease belongs to the node, also to one that was registered anew") {
    NodeWorld w;
    for (int round = 0; round < 2; ++round) {
        const auto node = w.objects.get<api::Node>("box");
        const auto lease = w.lease();
        REQUIRE((node && lease && lease->metadata.owner_references.size() == 1));
        const auto& owner = lease->metadata.owner_references[0];
        CHECK(owner.api_version == "v1");
        CHECK(owner.kind == "Node");
        CHECK(owner.name == "box");
        CHECK(owner.uid == node->metadata.uid);
        REQUIRE(w.run(w.objects.remove<api::Node>("", "box")));
        w.settle();
    }
}

TEST_CASE("NodeAgent: a lease that was deleted is made again, with its namespace at once") {
    NodeWorld w;
    REQUIRE(w.run(w.objects.remove<api::Lease>("kube-node-lease", "box")));
    REQUIRE(w.run(w.objects.remove<api::Namespace>("", "kube-node-lease")));
    auto finalized = w.objects.modify<api::Namespace>(
        "", "kube-node-lease", [](api::Namespace& ns) { return ns.spec.finalizers.clear(), ok(); }, objects::Part::finalize);
    REQUIRE(w.run(std::move(finalized)));
    REQUIRE_FALSE(w.objects.get<api::Namespace>("kube-node-lease"));
    REQUIRE(w.run(w.objects.ensure_standard_namespaces()));
    w.settle();
    CHECK(w.lease());
    REQUIRE(w.run(w.objects.remove<api::Lease>("kube-node-lease", "box")));
    w.pass(60'000);
    CHECK(w.lease());
}

TEST_CASE("NodeAgent: a full disk is told within half a minute, keeps pods off, and both end with it") {
    NodeWorld w;
    CHECK(w.condition("DiskPressure") == "False KubeletHasNoDiskPressure: kubelet has no disk pressure");
    CHECK(w.taints().empty());
    w.seen.node_disk.free_bytes = 0;
    w.pass(30'000);
    CHECK(w.condition("DiskPressure") == "True KubeletHasDiskPressure: kubelet has disk pressure");
    CHECK(w.condition("MemoryPressure") == "False KubeletHasSufficientMemory: kubelet has sufficient memory available");
    CHECK(w.taints() == "node.kubernetes.io/disk-pressure:NoSchedule ");
    CHECK(w.node()->spec.taints[0].time_added);
    w.seen = enough_of_all();
    w.pass(10'000);
    CHECK(w.condition("DiskPressure") == "False KubeletHasNoDiskPressure: kubelet has no disk pressure");
    CHECK(w.taints().empty());
}

TEST_CASE("NodeAgent: memory and process ids are told alike, and what somebody tainted stays") {
    NodeWorld w;
    std::function<Result<void>(api::Node&)> change = [](api::Node& node) -> Result<void> {
        api::Taint& taint = node.spec.taints.emplace_back();
        taint.key = "mine";
        taint.effect = "NoSchedule";
        return ok();
    };
    REQUIRE(w.run(w.objects.modify<api::Node>("", "box", std::move(change))));
    w.seen.available_memory_bytes = 1;
    w.seen.free_pids = 1;
    w.pass(30'000);
    CHECK(w.condition("MemoryPressure") == "True KubeletHasInsufficientMemory: kubelet has insufficient memory available");
    CHECK(w.condition("PIDPressure") == "True KubeletHasInsufficientPID: kubelet has insufficient PID available");
    CHECK(w.taints() ==
          "mine:NoSchedule node.kubernetes.io/memory-pressure:NoSchedule node.kubernetes.io/pid-pressure:NoSchedule ");
    w.seen = enough_of_all();
    w.pass(10'000);
    CHECK(w.taints() == "mine:NoSchedule ");
}

TEST_CASE("NodeAgent: a node that is short of nothing is looked at twice a minute") {
    NodeWorld w;
    const int before = w.looks;
    w.pass(600'000);
    CHECK(w.looks - before == 20);
}
