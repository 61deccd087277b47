#include "orilla/node/node_agent.hpp"

#include <catch2/catch.hpp>

#include "../../support/object_world.hpp"

using namespace orilla;
using namespace orilla::test;

namespace {
struct NodeWorld : ObjectWorld {
    NodeWorld() {
        facts.name = "box";
        facts.pods_max = 110;
        agent = std::make_unique<node::NodeAgent>(loop, objects, facts);
        REQUIRE(run(agent->start()));
        settle();
    }
    std::shared_ptr<const api::Lease> lease() { return objects.get<api::Lease>("kube-node-lease", "box"); }
    int64_t heartbeat_s() { return objects.get<api::Node>("box")->status.conditions[0].last_heartbeat_time.unix_s; }
    node::NodeFacts facts;
    std::unique_ptr<node::NodeAgent> agent;
};
}  // namespace

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
    auto finalized = w.objects.modify<api::Namespace>("", "kube-node-lease", [](api::Namespace& ns) { return ns.spec.finalizers.clear(), ok(); }, store::Part::finalize);
    REQUIRE(w.run(std::move(finalized)));
    REQUIRE_FALSE(w.objects.get<api::Namespace>("kube-node-lease"));
    REQUIRE(w.run(w.objects.ensure_standard_namespaces()));
    w.settle();
    CHECK(w.lease());
    REQUIRE(w.run(w.objects.remove<api::Lease>("kube-node-lease", "box")));
    w.pass(60'000);
    CHECK(w.lease());
}
