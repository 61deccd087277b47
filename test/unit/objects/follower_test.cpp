#include "orilla/objects/follower.hpp"

#include <catch2/catch.hpp>

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

Task<bool> tells_all(Follower& follower, Store& store, const int& told) {
    auto task = follower.catch_up();
    co_await std::move(task);
    co_return told == static_cast<int>(store.count("pods"));
}

}  // namespace

TEST_CASE("Follower: tells what is there, then every change") {
    StoreFixture f;
    f.open();
    const uint64_t revision = (*f.create("a", "x"))->revision;
    Told told;
    Follower follower(f.loop, *f.store, "pods", told.listener());
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
    Follower follower(f.loop, *f.store, "pods", told.listener());
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
    Follower follower(f.loop, *f.store, "pods", told.listener());
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
    Follower follower(f.loop, *f.store, "pods", told.listener());
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
    Follower follower(f.loop, *f.store, "pods", [&](const WatchEvent& event) {
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
    Follower follower(f.loop, *f.store, "pods", [&](const WatchEvent&) {
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
    Follower follower(f.loop, *f.store, "pods", [&](const WatchEvent& event) {
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
