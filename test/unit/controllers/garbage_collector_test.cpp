#include "cluster/garbage_plan.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "controller_world.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/well_known.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::ControllerWorld;

namespace {

api::ObjectMeta owned_meta(int owners) {
    api::ObjectMeta meta;
    meta.uid = "me";
    for (int i = 0; i < owners; ++i) meta.owner_references.emplace_back().uid = api::Str("owner" + std::to_string(i));
    return meta;
}

api::ObjectMeta ending_meta(std::string_view finalizer) {
    api::ObjectMeta meta;
    meta.uid = "me";
    meta.deletion_timestamp = api::Time(1);
    meta.finalizers.push_back(api::Str(finalizer));
    return meta;
}

const store::Key dependent_key{"pods", "default", "child"};

struct GarbageWorld : ControllerWorld {
    template <class Owner>
    api::ConfigMap config(const std::string& name, const Owner& owner, bool blocks = false) {
        api::ConfigMap out;
        out.metadata.name = api::Str(name);
        out.metadata.namespace_ = "default";
        auto& reference = out.metadata.owner_references.emplace_back();
        reference.api_version = api::Str(api::kind_of<Owner>().api_version);
        reference.kind = api::Str(api::kind_of<Owner>().kind);
        reference.name = owner.metadata.name;
        reference.uid = owner.metadata.uid;
        if (blocks) reference.block_owner_deletion = true;
        return out;
    }
    std::shared_ptr<const api::ConfigMap> make_owner(const std::string& name) {
        api::ConfigMap out;
        out.metadata.name = api::Str(name);
        out.metadata.namespace_ = "default";
        auto made = create(out);
        REQUIRE(made);
        return *made;
    }
    bool exists(const std::string& name) { return objects.store().find({"configmaps", "default", name}) != nullptr; }
    std::shared_ptr<const api::ConfigMap> read(const std::string& name) {
        auto found = run(objects.read<api::ConfigMap>("default", name));
        REQUIRE(found);
        return *found;
    }
    Result<objects::Removed> remove_with(const std::string& name, objects::Propagation propagation) {
        objects::DeleteOptions options;
        options.propagation = propagation;
        return remove<api::ConfigMap>(name, options);
    }
    /// a <- b <- c
    void make_chain(bool blocks = false) {
        const auto a = make_owner("a");
        auto b = create(config("b", *a, blocks));
        REQUIRE(b);
        REQUIRE(create(config("c", **b, blocks)));
    }
};

}  // namespace

TEST_CASE("plan_garbage: an object whose owners are all gone goes") {
    CHECK(plan_garbage(owned_meta(2), {{OwnerState::absent, OwnerState::absent}, {}}) ==
          std::vector<GarbageAction>{DeleteObject{objects::Propagation::background}});
}

TEST_CASE("plan_garbage: one owner that is left keeps it, the others are taken off") {
    CHECK(plan_garbage(owned_meta(2), {{OwnerState::present, OwnerState::absent}, {}}) ==
          std::vector<GarbageAction>{RemoveOwners{{"owner1"}}});
    CHECK(plan_garbage(owned_meta(1), {{OwnerState::present}, {}}).empty());
}

TEST_CASE("plan_garbage: an owner of an unknown kind is never a reason to delete") {
    CHECK(plan_garbage(owned_meta(1), {{OwnerState::unknown}, {}}).empty());
    CHECK(plan_garbage(owned_meta(0), {}).empty());
}

TEST_CASE("plan_garbage: a foreground deletion waits for those that block it") {
    const auto meta = ending_meta(api::foreground_finalizer);
    CHECK(plan_garbage(meta, {{}, {{dependent_key, true, false}}}) ==
          std::vector<GarbageAction>{QueueDependent{dependent_key}});
    CHECK(plan_garbage(meta, {{}, {{dependent_key, true, true}}}).empty());
    CHECK(plan_garbage(meta, {{}, {{dependent_key, false, false}}}) ==
          std::vector<GarbageAction>{RemoveFinalizer{std::string(api::foreground_finalizer)}});
}

TEST_CASE("plan_garbage: a dependent of a waiting owner goes, its own dependents before it") {
    CHECK(plan_garbage(owned_meta(1), {{OwnerState::waiting}, {}}) ==
          std::vector<GarbageAction>{DeleteObject{objects::Propagation::background}});
    CHECK(plan_garbage(owned_meta(1), {{OwnerState::waiting}, {{dependent_key, true, false}}}) ==
          std::vector<GarbageAction>{DeleteObject{objects::Propagation::foreground}});
    CHECK(plan_garbage(owned_meta(1), {{OwnerState::waiting}, {{dependent_key, true, true, true}}}) ==
          std::vector<GarbageAction>{DeleteObject{objects::Propagation::background}});
}

TEST_CASE("garbage: a background deletion takes the whole chain") {
    GarbageWorld world;
    world.make_chain();
    REQUIRE(world.remove_with("a", objects::Propagation::background));
    CHECK_FALSE(world.exists("a"));
    CHECK_FALSE(world.exists("b"));
    CHECK_FALSE(world.exists("c"));
}

TEST_CASE("garbage: a foreground deletion takes the leaves first") {
    GarbageWorld world;
    world.make_chain(true);
    // Held by a finalizer, the leaf keeps the whole chain.
    REQUIRE(world.edit<api::ConfigMap>("c", [](api::ConfigMap& c) { c.metadata.finalizers.push_back("example.com/held"); }));
    REQUIRE(world.remove_with("a", objects::Propagation::foreground));
    REQUIRE(world.exists("a"));
    CHECK(world.exists("b"));
    CHECK(world.read("c")->metadata.deletion_timestamp);
    REQUIRE(world.edit<api::ConfigMap>("c", [](api::ConfigMap& c) { c.metadata.finalizers.clear(); }));
    world.pass(1000);
    CHECK_FALSE(world.exists("a"));
    CHECK_FALSE(world.exists("b"));
    CHECK_FALSE(world.exists("c"));
}

TEST_CASE("garbage: orphans lose their owner and stay") {
    GarbageWorld world;
    world.make_chain();
    REQUIRE(world.remove_with("a", objects::Propagation::orphan));
    CHECK_FALSE(world.exists("a"));
    REQUIRE(world.exists("b"));
    CHECK(world.read("b")->metadata.owner_references.empty());
    CHECK(world.exists("c"));
}

TEST_CASE("garbage: a reference to another uid of the same name does not count as an owner") {
    GarbageWorld world;
    const auto a = world.make_owner("a");
    api::ConfigMap child = world.config("child", *a);
    child.metadata.owner_references[0].uid = "00000000-0000-4000-8000-000000000000";
    REQUIRE(world.create(child));
    CHECK_FALSE(world.exists("child"));
    CHECK(world.exists("a"));
}

TEST_CASE("garbage: an object with a second owner survives the first") {
    GarbageWorld world;
    const auto a = world.make_owner("a"), b = world.make_owner("b");
    api::ConfigMap child = world.config("child", *a);
    child.metadata.owner_references.push_back(world.config("x", *b).metadata.owner_references[0]);
    REQUIRE(world.create(child));
    REQUIRE(world.remove_with("a", objects::Propagation::background));
    REQUIRE(world.exists("child"));
    CHECK(world.read("child")->metadata.owner_references.size() == 1);
    REQUIRE(world.remove_with("b", objects::Propagation::background));
    CHECK_FALSE(world.exists("child"));
}

TEST_CASE("garbage: large payloads are collected, too") {
    GarbageWorld world;
    const auto a = world.make_owner("a");
    api::ConfigMap child = world.config("child", *a);
    child.data["payload"] = api::Str(std::string(100'000, 'x'));
    REQUIRE(world.create(child));
    REQUIRE(world.remove_with("a", objects::Propagation::background));
    world.pass(1000);
    CHECK_FALSE(world.exists("child"));
}

TEST_CASE("garbage: an owner of a kind that is not served keeps its dependents") {
    GarbageWorld world;
    api::ConfigMap child = world.config("child", *world.make_owner("a"));
    child.metadata.owner_references[0].api_version = "example.com/v1";
    child.metadata.owner_references[0].kind = "Widget";
    REQUIRE(world.create(child));
    world.pass(1000);
    CHECK(world.exists("child"));
}

TEST_CASE("garbage: slices go with their Service") {
    GarbageWorld world;
    REQUIRE(world.create(test::service_with("web")));
    REQUIRE(world.objects.list<api::EndpointSlice>("default").size() == 2);
    REQUIRE(world.remove<api::Service>("web"));
    CHECK(world.objects.list<api::EndpointSlice>("default").size() == 1);  // kubernetes'
}

TEST_CASE("garbage: a circle of owners that wait for each other ends") {
    GarbageWorld world;
    const auto a = world.make_owner("a");
    const auto b = world.create(world.config("b", *a, true));
    REQUIRE(b);
    const auto back = world.config("x", **b, true).metadata.owner_references[0];
    REQUIRE(
        world.edit<api::ConfigMap>("a", [back](api::ConfigMap& edited) { edited.metadata.owner_references.push_back(back); }));
    REQUIRE(world.remove_with("a", objects::Propagation::foreground));
    world.pass(1000);
    CHECK_FALSE(world.exists("a"));
    CHECK_FALSE(world.exists("b"));
}

TEST_CASE("garbage: an owner of another namespace is none, and that is told") {
    GarbageWorld world;
    api::Namespace other;
    other.metadata.name = "other";
    REQUIRE(world.create(other));
    api::ConfigMap far;
    far.metadata.name = "far";
    far.metadata.namespace_ = "other";
    const auto owner = world.create(far);
    REQUIRE(owner);
    REQUIRE(world.create(world.config("a", **owner)));
    CHECK_FALSE(world.exists("a"));
    const auto events = world.objects.list<api::Event>("default");
    REQUIRE(events.size() == 1);
    CHECK(events[0]->type == "Warning");
    CHECK(events[0]->reason == "OwnerRefInvalidNamespace");
    CHECK(events[0]->source.component == "garbage-collector-controller");
    CHECK(events[0]->involved_object.name == "a");
    CHECK(events[0]->message == "ownerRef [v1/ConfigMap, namespace: default, name: far, uid: " + (*owner)->metadata.uid.str() +
                                    "] does not exist in namespace \"default\"");
}

TEST_CASE("garbage: an object of no namespace cannot have an owner in one, and stays") {
    GarbageWorld world;
    const auto owner = world.make_owner("o");
    api::Node node;
    node.metadata.name = "n";
    node.metadata.owner_references = world.config("x", *owner).metadata.owner_references;
    REQUIRE(world.create(node));
    CHECK(world.get<api::Node>("n", ""));
    const auto events = world.objects.list<api::Event>("default");
    REQUIRE(events.size() == 1);
    CHECK(events[0]->reason == "OwnerRefInvalidNamespace");
}

TEST_CASE("garbage: an owner that is simply gone is nothing to tell of") {
    GarbageWorld world;
    const auto owner = world.make_owner("o");
    REQUIRE(world.remove<api::ConfigMap>("o"));
    REQUIRE(world.create(world.config("a", *owner)));
    CHECK_FALSE(world.exists("a"));
    CHECK(world.objects.list<api::Event>("default").empty());
}

// ---- kinds that come and go ------------------------------------------------------------------------------------------

namespace {
struct WidgetWorld : GarbageWorld {
    void serve() {
        REQUIRE(kinds.add(std::make_unique<test::WidgetKind>()));
        settle();
    }
    void serve_no_more() {
        REQUIRE(kinds.remove(*kinds.find_resource("widgets.example.com")));
        settle();
    }
    void make_widget(const std::string& more) {
        auto widget = api::decode_object(
            kinds,
            R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"a","namespace":"default")" + more + "}}");
        REQUIRE(widget);
        REQUIRE(run(objects.create(std::move(*widget))));
        settle();
    }
    std::string owned_by(const api::ConfigMap& owner) {
        return R"(,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":")" + owner.metadata.name.str() +
               R"(","uid":")" + owner.metadata.uid.str() + R"(","blockOwnerDeletion":true}])";
    }
    bool has_widget() { return objects.store().count("widgets.example.com") > 0; }
};
}  // namespace

TEST_CASE("garbage: dependents of a kind that was added go with their owner") {
    WidgetWorld world;
    const auto owner = world.make_owner("owner");
    world.serve();
    world.make_widget(world.owned_by(*owner));
    REQUIRE(world.remove<api::ConfigMap>("owner"));
    world.settle();
    CHECK_FALSE(world.has_widget());
}

TEST_CASE("garbage: objects that are there before their kind is served are collected") {
    WidgetWorld world;
    const auto owner = world.make_owner("owner");
    world.serve();
    world.make_widget(world.owned_by(*owner));
    world.serve_no_more();
    REQUIRE(world.remove<api::ConfigMap>("owner"));
    world.settle();
    CHECK(world.has_widget());  // nobody knows what it is
    world.serve();
    CHECK_FALSE(world.has_widget());
}

TEST_CASE("garbage: an owner waits no more for dependents of a kind that was removed") {
    WidgetWorld world;
    const auto owner = world.make_owner("owner");
    world.serve();
    world.make_widget(R"(,"finalizers":["example.com/held"])" + world.owned_by(*owner));
    REQUIRE(world.remove_with("owner", objects::Propagation::foreground));
    world.settle();
    CHECK(world.exists("owner"));
    world.serve_no_more();
    CHECK_FALSE(world.exists("owner"));
}

TEST_CASE("garbage: who waits for an owner of an unknown kind is looked at when the kind is added") {
    WidgetWorld world;
    api::ConfigMap orphan;
    orphan.metadata.name = "orphan";
    orphan.metadata.namespace_ = "default";
    auto& reference = orphan.metadata.owner_references.emplace_back();
    reference.api_version = "example.com/v1";
    reference.kind = "Widget";
    reference.name = "gone";
    reference.uid = "1234";
    REQUIRE(world.create(orphan));
    CHECK(world.exists("orphan"));
    world.serve();
    CHECK_FALSE(world.exists("orphan"));
}
