#include <catch2/catch.hpp>

#include "cluster/taint_eviction_plan.hpp"
#include "controller_world.hpp"
#include "orilla/kinds/pod_facts.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::ControllerWorld;
using orilla::test::pod_with;

namespace {

api::Node tainted(std::vector<std::pair<const char*, const char*>> taints) {
    api::Node node;
    node.metadata.name = "box";
    for (const auto& [key, effect] : taints) {
        api::Taint& taint = node.spec.taints.emplace_back();
        taint.key = api::Str(key);
        taint.effect = api::Str(effect);
    }
    return node;
}

void tolerate(api::Pod& pod, std::string_view key, std::optional<int64_t> seconds = {}) {
    api::Toleration& one = pod.spec.tolerations.emplace_back();
    one.key = api::Str(key);
    one.operator_ = "Exists";
    one.effect = "NoExecute";
    if (seconds) one.toleration_seconds = *seconds;
}

struct TaintWorld : ControllerWorld {
    TaintWorld() {
        REQUIRE(create(tainted({})));
        settle();
    }
    void taint(std::vector<std::pair<const char*, const char*>> taints) {
        REQUIRE(edit<api::Node>(
            "box", [&](api::Node& node) { node.spec.taints = tainted(taints).spec.taints; }, ""));
    }
    void run_pod(const std::string& name, std::optional<int64_t> seconds = {}, bool tolerates = true) {
        api::Pod pod = pod_with(name, "web");
        pod.spec.node_name = "box";
        if (tolerates) tolerate(pod, "k", seconds);
        REQUIRE(create(pod));
    }
    bool is_ending(const std::string& name) {
        const auto pod = get<api::Pod>(name);
        return !pod || pod->metadata.deletion_timestamp;
    }
    int said(std::string_view message) {
        int count = 0;
        for (const auto& event : objects.list<api::Event>("default")) {
            if (event->message != message) continue;
            CHECK(event->reason == std::string_view("TaintManagerEviction"));
            CHECK(event->source.component == std::string_view("taint-eviction-controller"));
            ++count;
        }
        return count;
    }
};

}  // namespace

TEST_CASE("plan_stay_s: every taint has to be tolerated, and the shortest toleration counts") {
    api::Pod pod;
    CHECK_FALSE(plan_stay_s(pod, tainted({})));
    CHECK_FALSE(plan_stay_s(pod, tainted({{"k", "NoSchedule"}, {"k", "PreferNoSchedule"}})));
    CHECK(plan_stay_s(pod, tainted({{"k", "NoExecute"}})) == 0);
    tolerate(pod, "k");
    CHECK_FALSE(plan_stay_s(pod, tainted({{"k", "NoExecute"}})));
    CHECK(plan_stay_s(pod, tainted({{"k", "NoExecute"}, {"other", "NoExecute"}})) == 0);
    tolerate(pod, "other", 30);
    tolerate(pod, "third", 10);
    CHECK(plan_stay_s(pod, tainted({{"k", "NoExecute"}, {"other", "NoExecute"}})) == 30);
    CHECK(plan_stay_s(pod, tainted({{"third", "NoExecute"}, {"other", "NoExecute"}})) == 10);
    tolerate(pod, "never", -5);
    CHECK(plan_stay_s(pod, tainted({{"never", "NoExecute"}})) == 0);
}

TEST_CASE("taint eviction: a pod that does not tolerate it goes at once, and says why") {
    TaintWorld world;
    world.run_pod("a", {}, false);
    world.run_pod("staying");
    world.taint({{"k", "NoSchedule"}});
    CHECK_FALSE(world.is_ending("a"));
    REQUIRE(world.edit_status<api::Pod>("a", [](api::Pod& pod) { pod.status.phase = "Running"; }));
    world.taint({{"k", "NoExecute"}});
    CHECK(world.is_ending("a"));
    CHECK_FALSE(world.is_ending("staying"));
    CHECK(world.said("Marking for deletion Pod default/a") == 1);
    const auto* mark = api::find_pod_condition(*world.get<api::Pod>("a"), "DisruptionTarget");
    REQUIRE(mark);
    CHECK(mark->reason == "DeletionByTaintManager");
    CHECK(mark->message == "Taint manager: deleting due to NoExecute taint");
}

TEST_CASE("taint eviction: a pod stays for as long as it tolerates the taint, from when that was seen") {
    TaintWorld world;
    world.taint({{"k", "NoExecute"}});
    world.pass(60'000);
    world.run_pod("a", 30);
    world.pass(25'000);
    CHECK_FALSE(world.is_ending("a"));
    // Another write of the node begins nothing anew.
    world.taint({{"k", "NoExecute"}, {"x", "NoSchedule"}});
    world.pass(6'000);
    CHECK(world.is_ending("a"));
}

TEST_CASE("taint eviction: a taint that goes in time changes nothing, and one that comes again counts anew") {
    TaintWorld world;
    world.run_pod("a", 30);
    world.taint({{"k", "NoExecute"}});
    world.pass(20'000);
    world.taint({});
    CHECK(world.said("Cancelling deletion of Pod default/a") == 1);
    world.pass(60'000);
    CHECK_FALSE(world.is_ending("a"));
    world.taint({{"k", "NoExecute"}});
    world.pass(29'000);
    CHECK_FALSE(world.is_ending("a"));
    world.pass(2'000);
    CHECK(world.is_ending("a"));
}

TEST_CASE("taint eviction: pods get five minutes for a node that is not ready, unless they say otherwise") {
    TaintWorld world;
    world.run_pod("a", {}, false);
    const auto& tolerations = world.get<api::Pod>("a")->spec.tolerations;
    REQUIRE(tolerations.size() == 2);
    CHECK(tolerations[0].key == "node.kubernetes.io/not-ready");
    CHECK(tolerations[1].key == "node.kubernetes.io/unreachable");
    CHECK(tolerations[1].effect == "NoExecute");
    CHECK(tolerations[1].toleration_seconds == int64_t{300});
    api::Pod own = pod_with("own", "web");
    tolerate(own, "node.kubernetes.io/not-ready", 10);
    own.spec.tolerations.emplace_back().operator_ = "Exists";
    REQUIRE(world.create(own));
    CHECK(world.get<api::Pod>("own")->spec.tolerations.size() == 2);
    // Whoever writes it whole, as apply does, takes nothing away.
    REQUIRE(world.edit<api::Pod>("a", [](api::Pod& pod) { pod.spec.tolerations.clear(); }));
    CHECK(world.get<api::Pod>("a")->spec.tolerations.size() == 2);
}
