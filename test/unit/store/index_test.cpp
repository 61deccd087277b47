#include "index.hpp"

#include <catch2/catch.hpp>

#include "../../support/await.hpp"
#include "../../support/fake_clock.hpp"

using namespace orilla;
using namespace orilla::store;
using orilla::test::FakeClock;
using orilla::test::settle;

namespace {
struct Fixture {
    explicit Fixture(IndexLimits limits = {100, 100'000}) : shared(std::make_shared<Index>(loop, limits)), index(*shared) {
        index.start_at(10);
    }
    EntryPtr put(std::string ns, std::string name, uint64_t revision, std::string value = "v") {
        Key key{"pods", std::move(ns), std::move(name)};
        const EntryPtr before = index.find(key);
        auto json = std::make_shared<const std::string>(value);
        auto entry = std::make_shared<const Entry>(Entry{key, revision, json, value.size()});
        index.publish(before ? WatchEvent::Type::modified : WatchEvent::Type::added, entry, entry, 1);
        return entry;
    }
    void erase(std::string ns, std::string name, uint64_t revision) {
        Key key{"pods", std::move(ns), std::move(name)};
        const EntryPtr before = index.find(key);
        auto entry = std::make_shared<const Entry>(Entry{key, revision, before->json, before->size});
        index.publish(WatchEvent::Type::deleted, entry, nullptr, 1);
    }
    std::string names(const Listing& listing) {
        std::string all;
        for (const auto& entry : listing.entries)
            all += entry->key.ns + "/" + entry->key.name + "@" + std::to_string(entry->revision) + " ";
        return all;
    }
    FakeClock clock;
    loop::Loop loop{clock};
    std::shared_ptr<Index> shared;
    Index& index;
};
}  // namespace

TEST_CASE("Index: a listing is ordered by namespace and then name, and filtered by namespace") {
    Fixture f;
    f.put("a-b", "x", 11);
    f.put("a", "z", 12);
    f.put("a", "c", 13);
    f.put("b", "a", 14);
    CHECK(f.names(f.index.list("pods", "")) == "a/c@13 a/z@12 a-b/x@11 b/a@14 ");
    CHECK(f.names(f.index.list("pods", "a")) == "a/c@13 a/z@12 ");
    CHECK(f.index.list("pods", "a").revision == 14);
    CHECK(f.index.list("nodes", "").entries.empty());
}

TEST_CASE("Index: a listing at an earlier revision shows what was there then") {
    Fixture f;
    f.put("a", "x", 11);
    f.put("a", "y", 12);
    f.put("b", "q", 13);
    f.put("a", "x", 14);
    f.erase("a", "y", 15);
    CHECK(f.names(*f.index.list_at("pods", "", 13)) == "a/x@11 a/y@12 b/q@13 ");
    CHECK(f.names(*f.index.list_at("pods", "a", 14)) == "a/x@14 a/y@12 ");
    CHECK(f.names(*f.index.list_at("pods", "", 10)) == "");
    CHECK(f.names(*f.index.list_at("pods", "", 15)) == "a/x@14 b/q@13 ");
    CHECK(f.index.list_at("pods", "", 9).error().code() == Code::expired);
    CHECK(f.index.list_at("pods", "", 16).error().code() == Code::timeout);
}

TEST_CASE("Index: a watch delivers what comes after its revision, in order, with the state before") {
    Fixture f;
    f.put("a", "x", 11);
    auto first = f.put("a", "x", 12);
    auto watch = f.index.watch("pods", "", 11);
    REQUIRE(watch);
    f.put("b", "y", 13);
    f.erase("a", "x", 14);
    auto event = (*watch)->try_next();
    REQUIRE((event && *event));
    CHECK((*event)->type == WatchEvent::Type::modified);
    CHECK((*event)->previous->revision == 11);
    CHECK((*watch)->revision() == 12);
    event = (*watch)->try_next();
    CHECK((*event)->type == WatchEvent::Type::added);
    CHECK((*event)->previous == nullptr);
    event = (*watch)->try_next();
    CHECK((*event)->type == WatchEvent::Type::deleted);
    CHECK((*event)->entry->revision == 14);
    CHECK((*event)->previous == first);
    CHECK_FALSE((*watch)->try_next());
}

TEST_CASE("Index: a watch of one namespace skips the others but its bookmark moves on") {
    Fixture f;
    auto watch = f.index.watch("pods", "a", 10);
    f.put("b", "y", 11);
    CHECK((*watch)->revision() == 10);
    CHECK_FALSE((*watch)->try_next());
    CHECK((*watch)->revision() == 11);
}

TEST_CASE("Index: a revision before the window is expired, one in the future too large") {
    Fixture f({3, 100'000});
    for (uint64_t revision = 11; revision <= 15; ++revision) f.put("a", "x", revision);
    auto old = f.index.watch("pods", "", 11);
    REQUIRE_FALSE(old);
    CHECK(old.error().code() == Code::expired);
    CHECK(old.error().message() == "too old resource version: 11 (12)");
    CHECK(f.index.watch("pods", "", 12));
    auto future = f.index.watch("pods", "", 99);
    CHECK(future.error().code() == Code::timeout);
    CHECK(future.error().causes().at(0).reason == "ResourceVersionTooLarge");
}

TEST_CASE("Index: changes of other resources do not expire a quiet watch") {
    Fixture f({3, 100'000});
    auto watch = f.index.watch("nodes", "", 10);
    for (uint64_t revision = 11; revision <= 20; ++revision) f.put("a", "x", revision);
    CHECK_FALSE((*watch)->try_next());
    CHECK((*watch)->revision() == 20);
}

TEST_CASE("Index: a slow watcher is ended with expired and the window stays within its bytes") {
    Fixture f({1000, 1000});
    auto slow = f.index.watch("pods", "", 10);
    for (uint64_t revision = 11; revision <= 40; ++revision) f.put("a", "x", revision, std::string(100, 'v'));
    StoreStats stats;
    f.index.fill(stats);
    CHECK(stats.history_bytes <= 1000);
    auto event = (*slow)->try_next();
    REQUIRE(event);
    CHECK(event->error().code() == Code::expired);
}

TEST_CASE("Index: a waiting watcher wakes for a change") {
    Fixture f;
    auto watch = f.index.watch("pods", "", 10);
    test::Started<Result<WatchEvent>> next(f.loop, (*watch)->next());
    settle(f.loop);
    CHECK_FALSE(next.done());
    f.put("a", "x", 11);
    settle(f.loop);
    REQUIRE(next.done());
    CHECK(next.get()->entry->key.name == "x");
}

TEST_CASE("Index: history is worth a part of what there is to list, and little when it is old") {
    Fixture f({1000, 100'000, 1000, 500});
    const std::string value(100, 'v');
    const auto history_bytes = [&f] {
        StoreStats stats;
        f.index.fill(stats);
        return stats.history_bytes;
    };
    for (uint64_t revision = 11; revision <= 40; ++revision) f.put("a", "x", revision, value);
    CHECK(history_bytes() <= 1000);
    CHECK(history_bytes() > 500);
    CHECK(f.index.remembers_much());
    CHECK(f.index.forget_before(f.loop.now_ms()));
    CHECK(history_bytes() > 500);
    CHECK_FALSE(f.index.forget_before(f.loop.now_ms() + 1));
    CHECK(history_bytes() <= 500);
    CHECK(f.index.watch("pods", "", 40));
    for (int i = 0; i < 100; ++i) f.put("a", "n" + std::to_string(i), 41 + static_cast<uint64_t>(i), value);
    CHECK(history_bytes() > 2000);
    CHECK(history_bytes() <= 3000);
}

TEST_CASE("Index: what is brought together stays what it is, and what somebody holds stays where it is") {
    Fixture f({1, 1, 0, 0});  // but for the newest event nobody else holds them
    const std::string value(100, 'v');
    for (uint64_t i = 0; i < 200; ++i) f.put("a", "n" + std::to_string(i), 11 + i, value);
    const EntryPtr held = f.index.find({"pods", "a", "n7"});
    const Entry* const moved = f.index.find({"pods", "a", "n8"}).get();
    f.index.compact("pods");
    f.index.compact("nothing");
    f.index.compact_history();
    f.index.shrink();
    CHECK(f.index.find({"pods", "a", "n7"}) == held);
    CHECK(f.index.find({"pods", "a", "n8"}).get() != moved);
    const Listing listing = f.index.list("pods", "a");
    REQUIRE(listing.entries.size() == 200);
    for (const EntryPtr& entry : listing.entries) {
        REQUIRE(entry->json);
        CHECK(*entry->json == value);
        CHECK(f.index.find(entry->key) == entry);
    }
}
