#include "orilla/store/follower.hpp"

#include <catch2/catch.hpp>

#include "store_fixture.hpp"

using namespace orilla;
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
