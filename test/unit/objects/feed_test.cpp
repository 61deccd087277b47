#include "orilla/objects/feed.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "../../support/object_world.hpp"
#include "../../support/store_fixture.hpp"

using namespace orilla;
using namespace orilla::objects;
using namespace orilla::store;
using namespace orilla::test;

namespace {

/// Remembers what it was told, as "+a ~a -a".
struct Told {
    Follower::Listener listener() {
        return [this](const WatchEvent& event) {
            const char* signs[] = {"+", "~", "-"};
            text += signs[static_cast<int>(event.type)] + event.entry->key.name + " ";
        };
    }
    std::string text;
};

struct Followed {
    explicit Followed(StoreFixture& f) : objects(f.loop, *f.store, random, kinds) {}
    SeededRandom random;
    orilla::api::KindRegistry kinds;
    Objects objects;
};

Task<bool> tells_all(Follower& follower, Store& store, const int& told) {
    AWAIT_VOID(follower.catch_up());
    co_return told == static_cast<int>(store.count("pods"));
}

}  // namespace

TEST_CASE("Follower: tells what is there, then every change") {
    StoreFixture f;
    f.open();
    const uint64_t revision = (*f.create("a", "x"))->revision;
    Told told;
    Followed world(f);
    Follower follower(world.objects, api::kind_of<api::Pod>(), told.listener());
    follower.start();
    CHECK(told.text == "+a ");
    REQUIRE(f.create("b", "x"));
    const uint64_t updated = (*f.update("a", revision, "y"))->revision;
    REQUIRE(f.remove("a", updated));
    settle(f.loop);
    CHECK(told.text == "+a +b ~a -a ");
}

TEST_CASE("Follower: after history was outrun it lists again and tells what vanished, once") {
    StoreFixture f;
    f.options.history_events_max = 4;
    f.open();
    uint64_t a = (*f.create("a", "x"))->revision;
    const uint64_t b = (*f.create("b", "x"))->revision;
    Told told;
    Followed world(f);
    Follower follower(world.objects, api::kind_of<api::Pod>(), told.listener());
    follower.start();
    settle(f.loop);
    told.text.clear();
    // All published in one turn: the follower wakes too late for the first ones.
    std::vector<Started<Result<EntryPtr>>> writers;
    f.executor.hold = true;
    writers.emplace_back(f.loop, f.store->remove(f.pod("b"), b, Durability::durable, value_of("x")));
    for (int i = 0; i < 8; ++i) writers.push_back(f.start_create("n" + std::to_string(i), "x"));
    writers.push_back(f.start_update("a", a, "y"));
    settle(f.loop);
    f.executor.hold = false;
    f.executor.release();
    settle(f.loop);
    CHECK(told.text == "~a +n0 +n1 +n2 +n3 +n4 +n5 +n6 +n7 -b ");
    told.text.clear();
    REQUIRE(f.create("later", "x"));
    settle(f.loop);
    CHECK(told.text == "+later ");
}

TEST_CASE("Follower: holds no payload that belongs in the file") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    Told told;
    Followed world(f);
    Follower follower(world.objects, api::kind_of<api::Pod>(), told.listener());
    follower.start();
    std::weak_ptr<const std::string> value;
    {
        auto created = f.create("big", std::string(100'000, 'x'));
        value = (*created)->json;
    }
    settle(f.loop);
    CHECK(told.text == "+big ");
    // Push it out of the history.
    for (int i = 0; i < 30; ++i) REQUIRE(f.create("p" + std::to_string(i), std::string(100'000, 'x')));
    settle(f.loop);
    CHECK(value.expired());
}

TEST_CASE("Follower: ends quietly when the store closes") {
    StoreFixture f;
    f.open();
    Told told;
    Followed world(f);
    Follower follower(world.objects, api::kind_of<api::Pod>(), told.listener());
    follower.start();
    REQUIRE(await(f.loop, f.store->close()));
    settle(f.loop);
    CHECK(f.loop.next_deadline_ms() == -1);
}

TEST_CASE("Follower: many objects are told in portions, and what changes meanwhile in its order") {
    StoreFixture f;
    f.open();
    std::vector<uint64_t> revisions;
    for (int i = 0; i < 100; ++i) revisions.push_back((*f.create("p" + std::to_string(100 + i), "x"))->revision);
    int told = 0;
    std::string last;
    Followed world(f);
    Follower follower(world.objects, api::kind_of<api::Pod>(), [&](const WatchEvent& event) {
        f.clock.advance_ms(1);
        ++told;
        last = event.entry->key.name + (event.type == WatchEvent::Type::modified ? "~" : "");
    });
    follower.start();
    CHECK(told == 5);
    REQUIRE(f.update("p199", revisions[99], "y"));
    CHECK(told < 100);
    settle(f.loop);
    CHECK(told == 101);
    CHECK(last == "p199~");
}

TEST_CASE("Follower: who has caught up was told all that readers see") {
    StoreFixture f;
    f.open();
    for (int i = 0; i < 20; ++i) REQUIRE(f.create("p" + std::to_string(i), "x"));
    int told = 0;
    Followed world(f);
    Follower follower(world.objects, api::kind_of<api::Pod>(), [&](const WatchEvent&) {
        f.clock.advance_ms(1);
        ++told;
    });
    Started<bool> early(f.loop, tells_all(follower, *f.store, told));
    CHECK_FALSE(early.done());
    follower.start();
    CHECK_FALSE(early.done());
    settle(f.loop);
    REQUIRE(early.done());
    CHECK(early.get());
    // In the same turn in which it is published, before the follower itself has heard of it.
    Started<Result<EntryPtr>> writing = f.start_create("later", "x");
    while (!f.store->find(f.pod("later"))) f.loop.turn(false);
    CHECK(await(f.loop, tells_all(follower, *f.store, told)));
}

TEST_CASE("Follower: a change that is not told yet when history is outrun is told by the list") {
    StoreFixture f;
    f.options.history_events_max = 2;
    f.open();
    uint64_t a = (*f.create("a", "x"))->revision;
    std::string told;
    Followed world(f);
    Follower follower(world.objects, api::kind_of<api::Pod>(), [&](const WatchEvent& event) {
        told += event.entry->key.name + std::to_string(event.entry->revision) + " ";
        f.clock.advance_ms(6);  // one a portion
    });
    follower.start();
    settle(f.loop);
    for (int i = 0; i < 3; ++i) {
        told.clear();
        for (int n = 0; n < 5; ++n) a = (*f.update("a", a, "y"))->revision;
        settle(f.loop);
        CHECK(told.find("a" + std::to_string(a) + " ") != std::string::npos);
    }
}

TEST_CASE("Feed: whoever comes later is told what is there, and nobody else is told again") {
    StoreFixture f;
    f.open();
    REQUIRE(f.create("b", "x"));
    REQUIRE(f.create("a", "x"));
    Told first, second;
    Followed world(f);
    Follower early(world.objects, api::kind_of<api::Pod>(), first.listener());
    early.start();
    settle(f.loop);
    Follower late(world.objects, api::kind_of<api::Pod>(), second.listener());
    late.start();
    CHECK(second.text == "+a +b ");
    REQUIRE(f.create("c", "x"));
    settle(f.loop);
    CHECK(first.text == "+a +b +c ");
    CHECK(second.text == "+a +b +c ");
}

TEST_CASE("Feed: one that changes while a late comer is told the others is told as new, too") {
    StoreFixture f;
    f.open();
    for (int i = 0; i < 20; ++i) REQUIRE(f.create("p" + std::to_string(100 + i), "x"));
    const uint64_t last = (*f.create("p200", "x"))->revision;
    Told first;
    Followed world(f);
    Follower early(world.objects, api::kind_of<api::Pod>(), first.listener());
    early.start();
    settle(f.loop);
    std::string of_last;
    Follower late(world.objects, api::kind_of<api::Pod>(), [&](const FeedEvent& event) {
        f.clock.advance_ms(1);
        if (event.entry->key.name == "p200") of_last += event.type == WatchEvent::Type::added ? "+" : "~";
    });
    late.start();
    REQUIRE(f.update("p200", last, "y"));
    settle(f.loop);
    CHECK(of_last.find('+') != std::string::npos);
    CHECK(of_last.find('~') != std::string::npos);
}

TEST_CASE("Feed: a follower that has gone is told nothing, the others are") {
    StoreFixture f;
    f.open();
    Told stays, goes;
    Followed world(f);
    Follower one(world.objects, api::kind_of<api::Pod>(), stays.listener());
    one.start();
    {
        Follower two(world.objects, api::kind_of<api::Pod>(), goes.listener());
        two.start();
    }
    REQUIRE(f.create("a", "x"));
    settle(f.loop);
    CHECK(stays.text == "+a ");
    CHECK(goes.text == "");
}

TEST_CASE("Feed: all who are told share one decoded object, and the state before") {
    ObjectWorld w;
    std::vector<ObjectPtr> now, before;
    const auto look = [&](const FeedEvent& event) {
        now.push_back(event.object());
        before.push_back(event.before());
    };
    Follower one(w.objects, api::kind_of<api::Namespace>(), look), two(w.objects, api::kind_of<api::Namespace>(), look);
    one.start();
    two.start();
    w.settle();
    now.clear(), before.clear();
    std::function<Result<void>(api::Namespace&)> change = [](api::Namespace& ns) -> Result<void> {
        ns.metadata.labels["team"] = "sea";
        return ok();
    };
    REQUIRE(w.run(w.objects.modify<api::Namespace>("", "default", std::move(change))));
    w.settle();
    REQUIRE(now.size() == 2);
    CHECK((now[0] && now[0] == now[1]));
    CHECK((before[0] && before[0] == before[1]));
    CHECK(now[0]->meta().labels.contains("team"));
    CHECK_FALSE(before[0]->meta().labels.contains("team"));
}

TEST_CASE("Feed: each version of a kind has its own, which ends with it") {
    ObjectWorld w;
    int ended = 0;
    auto first = std::make_unique<test::WidgetKind>(), second = std::make_unique<test::WidgetKind>();
    second->info.version = "v2";
    second->info.api_version = "example.com/v2";
    second->ended = &ended;
    const api::KindInfo &v1 = first->info, &v2 = second->info;
    REQUIRE(w.kinds.add(std::move(first)));
    REQUIRE(w.kinds.add(std::move(second)));
    const Feed* of_first = w.objects.share_feed(v1).get();
    CHECK(of_first != w.objects.share_feed(v2).get());
    REQUIRE(w.kinds.remove(v2));
    CHECK(ended == 1);
    CHECK(of_first == w.objects.share_feed(v1).get());
}

TEST_CASE("Feed: one of a kind that was removed before ends with who follows it") {
    ObjectWorld w;
    int ended = 0;
    auto widgets = std::make_unique<test::WidgetKind>();
    widgets->ended = &ended;
    const api::KindInfo& kind = widgets->info;
    REQUIRE(w.kinds.add(std::move(widgets)));
    {
        const api::KindRef held(kind);
        REQUIRE(w.kinds.remove(kind));
        Follower late(w.objects, kind, [](const WatchEvent&) {});
        late.start();
        w.settle();
    }
    w.settle();
    CHECK(ended == 1);
}
