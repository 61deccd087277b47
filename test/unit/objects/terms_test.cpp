#include "orilla/objects/terms.hpp"

#include <catch2/catch.hpp>

#include "../../support/object_world.hpp"
#include "orilla/kinds/owners.hpp"

using namespace orilla;
using namespace orilla::objects;
using namespace orilla::store;
using namespace orilla::test;

namespace {

api::Pod pod_with(std::string_view name, std::string_view app) {
    api::Pod pod;
    pod.metadata.namespace_ = "default";
    pod.metadata.name = api::Str(name);
    if (!app.empty()) pod.metadata.labels["app"] = api::Str(app);
    auto& container = pod.spec.containers.emplace_back();
    container.name = "main";
    container.image = "busybox:1";
    return pod;
}

struct IndexWorld : ObjectWorld {
    void add(std::string_view name, std::string_view app) { REQUIRE(run(objects.create<api::Pod>(pod_with(name, app)))); }
    void relabel(const std::string& name, std::string_view app) {
        std::function<Result<void>(api::Pod&)> change = [app](api::Pod& pod) -> Result<void> {
            pod.metadata.labels["app"] = api::Str(app);
            return ok();
        };
        REQUIRE(run(objects.modify<api::Pod>("default", name, std::move(change))));
    }
    void own(const std::string& name, std::string_view uid) {
        std::function<Result<void>(api::Pod&)> change = [uid](api::Pod& pod) -> Result<void> {
            api::ObjectMeta owner;
            owner.name = "web";
            owner.uid = api::Str(uid);
            pod.metadata.owner_references.push_back(api::make_controller_reference("apps/v1", "ReplicaSet", owner));
            return ok();
        };
        REQUIRE(run(objects.modify<api::Pod>("default", name, std::move(change))));
        settle();
    }
    static Term app(std::string_view value) { return labelled("default", "app", value); }
    std::string find(const Term& term) { return names(index.find<api::Pod>(term)); }
    template <class T>
    static std::string names(const std::vector<std::shared_ptr<const T>>& all) {
        std::string out;
        for (const auto& one : all) out += one->metadata.name.str() + " ";
        return out;
    }
    Feed& index = objects.feed<api::Pod>();
    int heard = 0;
    Follower follower{objects, api::kind_of<api::Pod>(), [this](const FeedEvent&) { heard += index.count(app("web")) == 1; }};
};

}  // namespace

TEST_CASE("terms: finds what was there and what came, in the order of names") {
    IndexWorld w;
    w.add("b", "web");
    w.add("other", "db");
    w.add("none", "");
    w.follower.start();
    CHECK(w.find(w.app("web")) == "b ");
    w.add("a", "web");
    w.settle();
    CHECK(w.find(w.app("web")) == "a b ");
    CHECK(w.index.count(w.app("web")) == 2);
    CHECK(w.find(w.app("nothing")) == "");
}

TEST_CASE("terms: an object moves with its terms and goes with itself") {
    IndexWorld w;
    w.follower.start();
    w.add("a", "web");
    w.relabel("a", "db");
    w.settle();
    CHECK(w.find(w.app("web")) == "");
    CHECK(w.find(w.app("db")) == "a ");
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "a", {.grace_period_seconds = 0})));
    w.settle();
    CHECK(w.find(w.app("db")) == "");
    CHECK(w.index.count(w.app("db")) == 0);
}

TEST_CASE("terms: what it finds is the latest state that it was told") {
    IndexWorld w;
    w.follower.start();
    w.add("a", "web");
    w.settle();
    CHECK(w.heard == 1);
    std::function<Result<void>(api::Pod&)> change = [](api::Pod& pod) -> Result<void> {
        pod.metadata.annotations["seen"] = "yes";
        return ok();
    };
    REQUIRE(w.run(w.objects.modify<api::Pod>("default", "a", std::move(change))));
    w.settle();
    CHECK(w.index.find<api::Pod>(w.app("web"))[0]->metadata.annotations.contains("seen"));
}

TEST_CASE("terms: an index that is asked for late knows what was there") {
    IndexWorld w;
    Follower quiet(w.objects, api::kind_of<api::Pod>(), [](const FeedEvent&) {});
    quiet.start();
    w.add("a", "web");
    w.settle();
    CHECK(w.find(w.app("web")) == "a ");
    CHECK(w.find(on_node("box")) == "");
    REQUIRE(w.run(w.objects.bind("default", "a", "box")));
    w.settle();
    CHECK(w.find(on_node("box")) == "a ");
}

TEST_CASE("terms: what is owned is found by its owner, what is nobody's by its namespace and labels") {
    IndexWorld w;
    w.follower.start();
    w.add("a", "web");
    w.add("b", "web");
    w.own("a", "uid-1");
    CHECK(w.find(owned_by("uid-1")) == "a ");
    CHECK(w.find(orphans_in("default")) == "b ");
    CHECK(w.find(orphans_labelled("default", "app", "web")) == "b ");
    CHECK(w.find(orphans_labelled("other", "app", "web")) == "");
}

TEST_CASE("terms: an owner finds what it controls and what it may adopt, and nothing else") {
    IndexWorld w;
    w.follower.start();
    w.add("mine", "other");
    w.add("free", "web");
    w.add("taken", "web");
    w.add("elsewhere", "db");
    w.own("mine", "uid-1");
    w.own("taken", "uid-2");
    api::ObjectMeta owner;
    owner.namespace_ = "default";
    owner.uid = "uid-1";
    api::Box<api::LabelSelector> selector;
    selector.ensure().match_labels["app"] = "web";
    CHECK(w.names(find_claimed<api::Pod>(w.objects, owner, selector)) == "mine free ");
    selector = {};
    api::LabelSelectorRequirement in;
    in.key = "app";
    in.operator_ = "In";
    in.values.push_back("db");
    selector.ensure().match_expressions.push_back(in);
    CHECK(w.names(find_claimed<api::Pod>(w.objects, owner, selector)) == "mine elsewhere ");
}

TEST_CASE("terms: who selects some labels is found by them, whatever its selector asks for first") {
    IndexWorld w;
    Follower sets(w.objects, api::kind_of<api::ReplicaSet>(), [](const FeedEvent&) {});
    sets.start();
    const auto add = [&](std::string_view name, const auto& edit) {
        api::ReplicaSet set;
        set.metadata.namespace_ = "default";
        set.metadata.name = api::Str(name);
        auto& selector = set.spec.selector.ensure();
        edit(selector, set.spec.template_.metadata.labels);
        set.spec.template_.spec = pod_with("", "").spec;
        REQUIRE(w.run(w.objects.create<api::ReplicaSet>(std::move(set))));
    };
    add("one", [](auto& selector, auto& labels) { selector.match_labels["app"] = labels["app"] = "web"; });
    add("two", [](auto& selector, auto& labels) {
        selector.match_labels["app"] = labels["app"] = "web";
        selector.match_labels["tier"] = labels["tier"] = "back";
    });
    add("three", [](auto& selector, auto& labels) {
        api::LabelSelectorRequirement there;
        there.key = "app";
        there.operator_ = "Exists";
        selector.match_expressions.push_back(there);
        labels["app"] = "web";
    });
    w.settle();
    api::Map<api::Str> labels;
    labels["app"] = "web";
    CHECK(w.names(find_selecting<api::ReplicaSet>(w.objects, "default", labels)) == "one three ");
    labels["tier"] = "back";
    CHECK(w.names(find_selecting<api::ReplicaSet>(w.objects, "default", labels)) == "one two three ");
    CHECK(w.names(find_selecting<api::ReplicaSet>(w.objects, "other", labels)) == "");
    labels.clear();
    CHECK(w.names(find_selecting<api::ReplicaSet>(w.objects, "default", labels)) == "");
}
