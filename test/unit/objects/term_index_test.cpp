#include "orilla/objects/term_index.hpp"

#include <catch2/catch.hpp>

#include "../../support/object_world.hpp"

using namespace orilla;
using namespace orilla::objects;
using namespace orilla::store;
using namespace orilla::test;

namespace {

void labels_of(const api::Object& object, std::vector<std::string>& terms) {
    for (const auto& [key, value] : object.meta().labels) terms.push_back(key.str() + "=" + value.str());
}

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
    std::string find(std::string_view term) {
        std::string out;
        for (const auto& pod : index.find<api::Pod>(term)) out += pod->metadata.name.str() + " ";
        return out;
    }
    TermIndex index{loop, objects, api::kind_of<api::Pod>(), labels_of};
};

}  // namespace

TEST_CASE("TermIndex: finds what was there and what came, in the order of names") {
    IndexWorld w;
    w.add("b", "web");
    w.add("other", "db");
    w.add("none", "");
    w.index.start();
    CHECK(w.find("app=web") == "b ");
    w.add("a", "web");
    w.settle();
    CHECK(w.find("app=web") == "a b ");
    CHECK(w.index.count("app=web") == 2);
    CHECK(w.find("app=nothing") == "");
}

TEST_CASE("TermIndex: an object moves with its terms and goes with itself") {
    IndexWorld w;
    w.index.start();
    w.add("a", "web");
    w.relabel("a", "db");
    w.settle();
    CHECK(w.find("app=web") == "");
    CHECK(w.find("app=db") == "a ");
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "a", {.grace_period_seconds = 0})));
    w.settle();
    CHECK(w.find("app=db") == "");
    CHECK(w.index.count("app=db") == 0);
}

TEST_CASE("TermIndex: what it finds is the latest state that it was told") {
    IndexWorld w;
    w.index.start();
    int heard = 0;
    w.index.subscribe([&](const WatchEvent&) { heard += w.index.count("app=web") == 1; });
    w.add("a", "web");
    w.settle();
    CHECK(heard == 1);
    std::function<Result<void>(api::Pod&)> change = [](api::Pod& pod) -> Result<void> {
        pod.metadata.annotations["seen"] = "yes";
        return ok();
    };
    REQUIRE(w.run(w.objects.modify<api::Pod>("default", "a", std::move(change))));
    w.settle();
    CHECK(w.index.find<api::Pod>("app=web")[0]->metadata.annotations.contains("seen"));
}
