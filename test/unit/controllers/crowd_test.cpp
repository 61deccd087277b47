// Many objects: a change of one costs looks at what it concerns, not at all the others.
#include <catch2/catch.hpp>

#include "controller_world.hpp"

using namespace orilla;
using namespace orilla::test;

namespace {

constexpr int many = 60;

struct CrowdWorld : ControllerWorld {
    uint64_t looks(std::string_view controller) {
        for (const auto& [name, counters] : controllers.counters())
            if (name == controller) return counters.reconciled;
        FAIL("no controller " << controller);
        return 0;
    }
    void make_set() {
        api::ReplicaSet set;
        set.metadata.name = "web";
        set.metadata.namespace_ = "default";
        set.spec.replicas = many;
        set.spec.selector.ensure().match_labels["app"] = "web";
        set.spec.template_ = {};
        set.spec.template_.metadata.labels["app"] = "web";
        set.spec.template_.spec = pod_with("web", "web").spec;
        REQUIRE(create(set));
        pass(1000);
        REQUIRE(pods().size() == many);
    }
    std::vector<std::shared_ptr<const api::Pod>> pods() { return objects.list<api::Pod>("default"); }
    /// What the scheduler says of a pod that fits nowhere.
    void say_unschedulable(const std::string& name) {
        const auto edit = [](api::Pod& pod) {
            auto& condition = pod.status.conditions.emplace_back();
            condition.type = "PodScheduled";
            condition.status = "False";
        };
        REQUIRE(edit_status<api::Pod>(name, edit));
    }
};

}  // namespace

TEST_CASE("crowd: that pods fit nowhere makes their set count no pods") {
    CrowdWorld w;
    w.make_set();
    const uint64_t before = w.looks("replicaset");
    for (const auto& pod : w.pods()) w.say_unschedulable(pod->metadata.name.str());
    CHECK(w.looks("replicaset") == before);
}

TEST_CASE("crowd: an owner that waits for its dependents looks when the last has gone") {
    CrowdWorld w;
    w.make_set();
    for (const auto& pod : w.pods()) {
        const auto hold = [](api::Pod& edited) { edited.metadata.finalizers.push_back("example.com/held"); };
        REQUIRE(w.edit<api::Pod>(pod->metadata.name.str(), hold));
    }
    objects::DeleteOptions foreground;
    foreground.propagation = objects::Propagation::foreground;
    REQUIRE(w.remove<api::ReplicaSet>("web", foreground));
    REQUIRE(w.get<api::ReplicaSet>("web"));
    const uint64_t before = w.looks("garbage-collector");
    for (const auto& pod : w.pods()) {
        const auto let_go = [](api::Pod& edited) { edited.metadata.finalizers.clear(); };
        REQUIRE(w.edit<api::Pod>(pod->metadata.name.str(), let_go));
    }
    w.pass(100);
    CHECK_FALSE(w.get<api::ReplicaSet>("web"));
    CHECK(w.looks("garbage-collector") - before < 10);
}

TEST_CASE("crowd: a namespace that empties is looked at when a kind has gone, not for each object") {
    CrowdWorld w;
    api::Namespace shop;
    shop.metadata.name = "shop";
    REQUIRE(w.create(shop));
    for (int i = 0; i < many; ++i) {
        const std::string name = "web-" + std::to_string(i);
        REQUIRE(w.create(pod_with(name, "web", "shop")));
        REQUIRE(w.run(w.objects.bind("shop", name, "node")));
    }
    REQUIRE(w.remove<api::Namespace>("shop", {}, ""));
    const uint64_t before = w.looks("namespace");
    objects::DeleteOptions now;
    now.grace_period_seconds = 0;
    for (const auto& pod : w.objects.list<api::Pod>("shop")) REQUIRE(w.remove<api::Pod>(pod->metadata.name.str(), now, "shop"));
    w.pass(100);
    CHECK_FALSE(w.get<api::Namespace>("shop", ""));
    CHECK(w.looks("namespace") - before < 10);
}
