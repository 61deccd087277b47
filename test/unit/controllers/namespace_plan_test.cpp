#include "cluster/namespace_plan.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "controller_world.hpp"
#include "orilla/kinds/codec.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::ControllerWorld;

namespace {

api::Namespace ending() {
    api::Namespace out;
    out.metadata.name = "shop";
    out.metadata.deletion_timestamp = api::Time(1);
    return out;
}

struct NamespaceWorld : ControllerWorld {
    NamespaceWorld() {
        api::Namespace shop;
        shop.metadata.name = "shop";
        REQUIRE(create(shop));
    }
    bool exists() { return get<api::Namespace>("shop", "") != nullptr; }
    void add_config(std::string_view finalizer = "") {
        api::ConfigMap config;
        config.metadata.name = "settings";
        config.metadata.namespace_ = "shop";
        if (!finalizer.empty()) config.metadata.finalizers.push_back(api::Str(finalizer));
        REQUIRE(create(config));
    }
    bool has_config() { return store->find({"configmaps", "shop", "settings"}) != nullptr; }
};

const api::NamespaceCondition* find_condition(const api::Namespace& ns, std::string_view type) {
    for (const auto& condition : ns.status.conditions)
        if (condition.type == type) return &condition;
    return nullptr;
}

}  // namespace

TEST_CASE("plan_namespace: one that is not being deleted is left alone") {
    CHECK(plan_namespace(api::Namespace{}, {{api::kind_of<api::Pod>(), 1, 1, {}}}).empty());
}

TEST_CASE("plan_namespace: workloads before pods before the rest") {
    const auto &pods = api::kind_of<api::Pod>(), &deployments = api::kind_of<api::Deployment>(),
               &secrets = api::kind_of<api::Secret>();
    CHECK(plan_namespace(ending(), {{pods, 1, 1, {}}, {secrets, 1, 1, {}}, {deployments, 1, 1, {}}}) ==
          std::vector<NamespaceAction>{DeleteContent{deployments}, DeleteContent{pods}});
    CHECK(plan_namespace(ending(), {{pods, 1, 0, {}}, {secrets, 1, 1, {}}}).empty());
    CHECK(plan_namespace(ending(), {{secrets, 1, 1, {}}}) == std::vector<NamespaceAction>{DeleteContent{secrets}});
}

TEST_CASE("plan_namespace: an empty one is finalized") {
    CHECK(plan_namespace(ending(), {}) == std::vector<NamespaceAction>{Finalize{}});
}

TEST_CASE("namespace: an empty one goes at once") {
    NamespaceWorld world;
    REQUIRE(world.remove<api::Namespace>("shop", {}, ""));
    CHECK_FALSE(world.exists());
}

TEST_CASE("namespace: its content goes with it, others' stays") {
    NamespaceWorld world;
    world.add_config();
    REQUIRE(world.create(test::pod_with("web", "web", "shop")));
    REQUIRE(world.create(test::pod_with("web", "web", "default")));
    api::Service service = test::service_with("web");
    service.metadata.namespace_ = "shop";
    REQUIRE(world.create(service));
    REQUIRE(world.remove<api::Namespace>("shop", {}, ""));
    world.pass(100);
    CHECK_FALSE(world.exists());
    CHECK_FALSE(world.has_config());
    for (const auto& kind : api::builtin_kinds()) CHECK(world.store->list(kind.resource, "shop").entries.empty());
    CHECK(world.get<api::Pod>("web"));
}

TEST_CASE("namespace: a running pod keeps what it may need until it ended") {
    NamespaceWorld world;
    world.add_config();
    REQUIRE(world.create(test::pod_with("web", "web", "shop")));
    REQUIRE(world.run(world.objects.bind("shop", "web", "node")));
    REQUIRE(world.remove<api::Namespace>("shop", {}, ""));
    REQUIRE(world.exists());
    CHECK(world.get<api::Namespace>("shop", "")->status.phase == "Terminating");
    const auto* remaining = find_condition(*world.get<api::Namespace>("shop", ""), "NamespaceContentRemaining");
    REQUIRE(remaining);
    CHECK(remaining->status == "True");
    CHECK_THAT(remaining->message.str(), Catch::Contains("pods has 1 resource instances"));
    CHECK(world.has_config());
    CHECK(world.get<api::Pod>("web", "shop")->metadata.deletion_timestamp);
    objects::DeleteOptions now;
    now.grace_period_seconds = 0;
    REQUIRE(world.remove<api::Pod>("web", now, "shop"));
    world.pass(100);
    CHECK_FALSE(world.exists());
}

TEST_CASE("namespace: a finalizer of its content is waited for, and told") {
    NamespaceWorld world;
    world.add_config("example.com/held");
    REQUIRE(world.remove<api::Namespace>("shop", {}, ""));
    world.pass(60'000);
    REQUIRE(world.exists());
    const auto* held = find_condition(*world.get<api::Namespace>("shop", ""), "NamespaceFinalizersRemaining");
    REQUIRE(held);
    CHECK(held->message == "Some content in the namespace has finalizers remaining: example.com/held in 1 resource instances");
    REQUIRE(world.edit<api::ConfigMap>(
        "settings", [](api::ConfigMap& config) { config.metadata.finalizers.clear(); }, "shop"));
    world.pass(100);
    CHECK_FALSE(world.exists());
}

TEST_CASE("namespace: its own finalizers are waited for without turning in circles") {
    NamespaceWorld world;
    REQUIRE(world.edit<api::Namespace>(
        "shop", [](api::Namespace& ns) { ns.metadata.finalizers.push_back("example.com/held"); }, ""));
    REQUIRE(world.remove<api::Namespace>("shop", {}, ""));
    world.pass(60'000);
    REQUIRE(world.exists());
    for (const auto& [name, counters] : world.controllers.counters())
        if (name == "namespace") CHECK(counters.reconciled < 10);
    REQUIRE(world.edit<api::Namespace>(
        "shop", [](api::Namespace& ns) { ns.metadata.finalizers.clear(); }, ""));
    CHECK_FALSE(world.exists());
}

TEST_CASE("namespace: those that every cluster has come back") {
    ControllerWorld world;
    const auto before = world.get<api::Namespace>("kube-node-lease", "");
    REQUIRE(world.remove<api::Namespace>("kube-node-lease", {}, ""));
    const auto after = world.get<api::Namespace>("kube-node-lease", "");
    REQUIRE(after);
    CHECK_FALSE(after->metadata.deletion_timestamp);
    CHECK_FALSE(after->metadata.uid == before->metadata.uid);
    for (const char* lasting : {"default", "kube-system", "kube-public"})
        CHECK(world.remove<api::Namespace>(lasting, {}, "").error().code() == Code::forbidden);
}

TEST_CASE("namespace: what is in it of a kind that was added at run time goes with it") {
    NamespaceWorld world;
    REQUIRE(world.kinds.add(std::make_unique<test::WidgetKind>()));
    auto widget = api::decode_object(
        world.kinds, R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"a","namespace":"shop"}})");
    REQUIRE(widget);
    REQUIRE(world.run(world.objects.create(std::move(*widget))));
    REQUIRE(world.remove<api::Namespace>("shop", {}, ""));
    world.pass(100);
    CHECK_FALSE(world.exists());
    CHECK(world.store->count("widgets.example.com") == 0);
}
