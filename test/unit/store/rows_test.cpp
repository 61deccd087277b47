// Where objects stand: in memory by name, in the file by the number of their row.
#include <catch2/catch.hpp>
#include <map>

#include "../../support/seeded_random.hpp"
#include "../../support/store_fixture.hpp"
#include "slots.hpp"
#include "sqlite.hpp"

using namespace orilla;
using namespace orilla::store;
using namespace orilla::test;

namespace {
EntryPtr entry_of(std::string ns, std::string name) {
    return std::make_shared<const Entry>(Entry{{"pods", std::move(ns), std::move(name)}, 1, nullptr, 0});
}

std::string names(std::span<const Slot* const> slots) {
    std::string all;
    for (const Slot* slot : slots) all += slot->entry->key.ns + "/" + slot->entry->key.name + " ";
    return all;
}

/// What std::map, ordered by pairs, says of the same objects.
std::string names(const std::map<std::pair<std::string, std::string>, int>& model, const std::string& ns) {
    std::string all;
    for (const auto& [name, row] : model)
        if (ns.empty() || name.first == ns) all += name.first + "/" + name.second + " ";
    return all;
}

std::unique_ptr<Database> database_of(const TempDir& dir) { return std::move(*Database::open(dir.path() + "/store.db", "")); }
int64_t rows_of(const TempDir& dir, const std::string& where) {
    return *database_of(dir)->query_int("SELECT count(*) FROM objects WHERE " + where);
}
}  // namespace

TEST_CASE("Slots: found and listed as a map would, whatever comes and goes between listings") {
    SeededRandom random(42);
    Slots slots;
    std::map<std::pair<std::string, std::string>, int> model;
    for (int step = 0; step < 20'000; ++step) {
        const std::string ns(1, static_cast<char>('a' + random.below(3)));
        const std::string name = "n" + std::to_string(random.below(300));
        const Slot* found = slots.find({ns, name});
        REQUIRE((found != nullptr) == model.contains({ns, name}));
        if (found) CHECK(found->row == model.at({ns, name}));
        if (!found) {
            slots.insert(entry_of(ns, name), step);
            model[{ns, name}] = step;
        } else if (random.below(2) == 0) {
            slots.erase(*found);
            model.erase({ns, name});
        }
        if (random.below(100) != 0) continue;
        REQUIRE(names(slots.in_order(ns)) == names(model, ns));
        REQUIRE(names(slots.in_order("")) == names(model, ""));
        REQUIRE(slots.size() == model.size());
    }
}

TEST_CASE("Store: enough writes of one turn do not wait for its end") {
    StoreFixture f;
    f.options.batch_writes_min = 4;
    f.open();
    f.executor.hold = true;
    std::vector<Started<Result<EntryPtr>>> writers;
    for (int i = 0; i < 3; ++i) writers.push_back(f.start_create("pod" + std::to_string(i), "x"));
    CHECK(f.executor.held() == 0);
    writers.push_back(f.start_create("pod3", "x"));
    CHECK(f.executor.held() == 1);
    f.executor.hold = false;
    f.executor.release();
    settle(f.loop);
    for (auto& writer : writers) CHECK((writer.done() && writer.get()));
    CHECK(f.store->stats().commits == 1);
}

TEST_CASE("Store: an object that is written durably during its first write-behind has one row") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    const uint64_t revision = (*f.create("a", "soft", Durability::soft))->revision;
    f.executor.hold = true;
    Started<Result<void>> flushing(f.loop, f.store->flush());
    settle(f.loop);
    REQUIRE(f.executor.held() == 1);
    auto durable = f.start_update("a", revision, "durable");
    f.executor.hold = false;
    f.executor.release();
    settle(f.loop);
    REQUIRE((flushing.done() && durable.done() && durable.get()));
    f.close();
    CHECK(rows_of(dir, "key = 'pods/default/a'") == 1);
}

TEST_CASE("Store: an object that comes again before its removal was written behind keeps its row") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    const uint64_t revision = (*f.create("a", "one"))->revision;
    REQUIRE(await(f.loop, f.store->remove(f.pod("a"), revision, Durability::soft, value_of("x"))));
    SECTION("durably") { REQUIRE(f.create("a", "two")); }
    SECTION("softly") { REQUIRE(f.create("a", "two", Durability::soft)); }
    f.close();
    CHECK(rows_of(dir, "key = 'pods/default/a'") == 1);
    f.open();
    CHECK(f.store->find(f.pod("a"))->json->find("two") != std::string::npos);
}

TEST_CASE("Store: a file of version 1 is taken over with its objects") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    f.close();
    REQUIRE(
        database_of(dir)->exec("DROP TABLE objects;"
                               "CREATE TABLE objects (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, mod INTEGER "
                               "NOT NULL, val BLOB NOT NULL);"
                               "INSERT INTO objects VALUES (7, 'pods/default/a', 5, '5:one'), "
                               "(9, 'pods/default/b', 6, '6:two');"
                               "UPDATE revisions SET reserved = 6;"
                               "PRAGMA user_version = 1"));
    f.open();
    CHECK(*f.store->find(f.pod("a"))->json == "5:one");
    REQUIRE(f.update("b", 6, "three"));
    REQUIRE(f.create("c", "new"));
    REQUIRE(f.remove("a", 5));
    f.close();
    f.open();
    CHECK(f.store->count("pods") == 2);
    CHECK(f.store->find(f.pod("b"))->json->find("three") != std::string::npos);
    f.close();
    CHECK(rows_of(dir, "id = 9 AND key = 'pods/default/b'") == 1);
}

TEST_CASE("Store: a file that has an object twice is refused, naming it") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    REQUIRE(f.create("a", "one"));
    f.close();
    REQUIRE(database_of(dir)->exec("INSERT INTO objects SELECT id + 1, key, mod, val FROM objects"));
    auto refused = open_sqlite_store(f.loop, f.executor, f.options);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("store.db is damaged (pods default/a is there twice, at row 2): ") !=
          std::string::npos);
}
