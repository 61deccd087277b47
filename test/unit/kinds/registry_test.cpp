#include "orilla/kinds/registry.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"

using namespace orilla;
using namespace orilla::api;
using test::WidgetKind;

TEST_CASE("registry: kinds are found by what a document, a path or a person says") {
    const KindRegistry kinds;
    const KindInfo* deployment = kinds.find("apps/v1", "Deployment");
    REQUIRE(deployment != nullptr);
    CHECK(deployment == kinds.find("apps", "v1", "Deployment"));
    CHECK(deployment == kinds.find_resource("apps", "v1", "deployments"));
    CHECK(deployment == kinds.find_resource("deployments.apps"));
    CHECK(deployment == &kind_of<Deployment>());
    for (const char* name : {"deploy", "Deployment", "deployments", "deployments.apps", "deployment.v1.apps"})
        CHECK(deployment == kinds.find_by_any_name(name));
    CHECK(kinds.find_by_any_name("deployments.extensions") == nullptr);
    CHECK(kinds.find("v1", "Deployment") == nullptr);
    CHECK(kinds.find_resource("pods")->kind == "Pod");
    for (const KindRef& kind : kinds.find_category("all")) CHECK(kind->namespaced);
    CHECK(kinds.find_category("all").size() >= 8);
    CHECK(kinds.find_category("none").empty());
}

TEST_CASE("registry: a kind is added behind its group, found, and removed again") {
    KindRegistry kinds;
    const auto before = kinds.all();
    REQUIRE(kinds.add(std::make_unique<WidgetKind>()));
    CHECK(kinds.all().back()->kind == "Widget");
    const KindInfo* widget = kinds.find_by_any_name("wd");
    REQUIRE(widget != nullptr);
    CHECK(kinds.find("example.com/v1", "Widget") == widget);
    CHECK(kinds.find_category("toys").size() == 1);
    CHECK(kinds.revision() == 1);
    REQUIRE(kinds.remove(*widget));
    CHECK(kinds.find_by_any_name("widgets") == nullptr);
    CHECK(kinds.all() == before);
    CHECK(kinds.revision() == 2);

    auto another = std::make_unique<WidgetKind>();
    another->info.group = "apps";
    another->info.api_version = "apps/v1";
    REQUIRE(kinds.add(std::move(another)));
    const auto all = kinds.all();
    const auto at = std::find_if(all.begin(), all.end(), [](const auto& kind) { return kind->kind == "Widget"; });
    REQUIRE((at != all.begin() && at + 1 < all.end()));
    CHECK(at[-1]->group == "apps");
    CHECK(at[1]->group != "apps");
}

TEST_CASE("registry: refuses a kind that is there, and keeps what is built in") {
    KindRegistry kinds;
    REQUIRE(kinds.add(std::make_unique<WidgetKind>()));
    CHECK(kinds.add(std::make_unique<WidgetKind>()).error().message() == "Widget of example.com/v1 is served already");
    CHECK(kinds.remove(kind_of<Pod>()).error().message() == "pods is built in");
    KindRegistry others;
    CHECK(others.remove(*kinds.find_resource("widgets.example.com")).error().code() == Code::not_found);
}

TEST_CASE("registry: a kind ends with the last who holds it, not when it is removed") {
    int ended = 0;
    KindRegistry kinds;
    auto made = std::make_unique<WidgetKind>();
    made->ended = &ended;
    REQUIRE(kinds.add(std::move(made)));
    {
        auto object =
            decode_object(kinds, R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"a"},"data":{"k":"v"}})");
        REQUIRE(object);
        REQUIRE(kinds.remove(object->kind()));
        CHECK(kinds.find_resource("widgets.example.com") == nullptr);
        CHECK(ended == 0);
        const Object copy = object->clone();
        CHECK(
            encode(copy) ==
            R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"a","creationTimestamp":null},"data":{"k":"v"}})");
        KindRef held = copy.kind();
        KindRef moved = std::move(held);
        moved = KindRef(moved);
        CHECK(moved->singular == "widget");
    }
    CHECK(ended == 1);
    CHECK_FALSE(decode_object(kinds, R"({"kind":"Widget","apiVersion":"example.com/v1"})"));
}

TEST_CASE("registry: a kind that was refused ends at once") {
    int ended = 0;
    KindRegistry kinds;
    REQUIRE(kinds.add(std::make_unique<WidgetKind>()));
    auto second = std::make_unique<WidgetKind>();
    second->ended = &ended;
    CHECK_FALSE(kinds.add(std::move(second)));
    CHECK(ended == 1);
}

TEST_CASE("registry: tells who listens, in their order, for as long as they do") {
    KindRegistry kinds;
    std::string heard;
    auto note = [&heard](std::string who) {
        return [&heard, who](const KindRegistry::Change& change) {
            heard +=
                who + (change.type == KindRegistry::Change::Type::added ? "+" : "-") + std::string(change.kind->singular) + " ";
        };
    };
    auto first = kinds.on_change(note("a"));
    auto second = kinds.on_change(note("b"));
    REQUIRE(kinds.add(std::make_unique<WidgetKind>()));
    CHECK(heard == "a+widget b+widget ");
    first.reset();
    heard.clear();
    REQUIRE(kinds.remove(*kinds.find_by_any_name("wd")));
    CHECK(heard == "b-widget ");
    // One that lets go of another meanwhile.
    heard.clear();
    KindRegistry::Subscription third;
    first = kinds.on_change([&third](const KindRegistry::Change&) { third.reset(); });
    third = kinds.on_change(note("c"));
    REQUIRE(kinds.add(std::make_unique<WidgetKind>()));
    CHECK(heard == "b+widget ");
}

TEST_CASE("registry: of several versions of a resource the first counts") {
    KindRegistry kinds;
    REQUIRE(kinds.add(std::make_unique<WidgetKind>()));
    auto newer = std::make_unique<WidgetKind>();
    newer->info.version = "v2";
    newer->info.api_version = "example.com/v2";
    REQUIRE(kinds.add(std::move(newer)));
    CHECK(kinds.all().size() == builtin_kinds().size() + 2);
    CHECK(kinds.resources().size() == KindRegistry().resources().size() + 1);
    CHECK(kinds.find_resource("widgets.example.com")->version == "v1");
}

TEST_CASE("registry: where values stand is a kind's own data") {
    const KindRegistry kinds;
    CHECK(resources_with(kinds, Payload::file) == std::set<std::string, std::less<>>{"configmaps", "secrets"});
    CHECK(resources_with(kinds, Payload::passing) == std::set<std::string, std::less<>>{"events"});
}
