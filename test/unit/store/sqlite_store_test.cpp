#include "orilla/store/sqlite_store.hpp"

#include <catch2/catch.hpp>

#include "../../support/store_fixture.hpp"

using namespace orilla;
using namespace orilla::store;
using namespace orilla::test;

namespace {
Task<bool> then_true(Task<void> task) {
    co_await std::move(task);
    co_return true;
}
}  // namespace

TEST_CASE("Store: a created object can be read, carries its revision and survives a crash") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    auto created = f.create("a", "one");
    REQUIRE(created);
    const uint64_t revision = (*created)->revision;
    CHECK(*(*created)->json == std::to_string(revision) + ":one");
    CHECK(f.store->find(f.pod("a"))->revision == revision);
    CHECK(f.store->revision() == revision);
    f.drop();
    f.open();
    REQUIRE(f.store->find(f.pod("a")));
    CHECK(*f.store->find(f.pod("a"))->json == std::to_string(revision) + ":one");
    CHECK(f.store->find(f.pod("a"))->revision == revision);
}

TEST_CASE("Store: refusals have kubectl's wording") {
    StoreFixture f;
    f.open();
    const uint64_t revision = (*f.create("a", "one"))->revision;
    CHECK(f.create("a", "two").error().message() == "pods \"a\" already exists");
    CHECK(f.update("b", 3, "two").error().message() == "pods \"b\" not found");
    auto conflict = f.update("a", revision - 1, "two");
    CHECK(conflict.error().code() == Code::conflict);
    CHECK(conflict.error().message() ==
          "Operation cannot be fulfilled on pods \"a\": the object has been modified; please apply your changes to the "
          "latest version and try again");
    CHECK(f.remove("a", revision + 1).error().code() == Code::conflict);
    CHECK(*f.store->find(f.pod("a"))->json == std::to_string(revision) + ":one");
}

TEST_CASE("Store: a removed object is gone for readers and after a crash, and may be created again") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    const uint64_t revision = (*f.create("a", "one"))->revision;
    auto removed = f.remove("a", revision);
    REQUIRE(removed);
    CHECK((*removed)->revision > revision);
    CHECK(f.store->find(f.pod("a")) == nullptr);
    f.drop();
    f.open();
    CHECK(f.store->find(f.pod("a")) == nullptr);
    CHECK((*f.create("a", "again"))->revision > (*removed)->revision);
}

TEST_CASE("Store: a durable write is neither answered nor shown before its commit") {
    StoreFixture f;
    f.open();
    auto watch = f.store->watch("pods", "", f.store->revision());
    f.executor.hold = true;
    auto writing = f.start_create("a", "one");
    settle(f.loop);
    CHECK_FALSE(writing.done());
    CHECK(f.store->find(f.pod("a")) == nullptr);
    CHECK_FALSE((*watch)->try_next());
    f.executor.release();
    settle(f.loop);
    REQUIRE(writing.done());
    CHECK(f.store->find(f.pod("a")));
    CHECK((*watch)->try_next());
}

TEST_CASE("Store: settling waits for the writes before it, and for no later one") {
    StoreFixture f;
    f.open();
    REQUIRE_FALSE(Started<bool>(f.loop, then_true(f.store->settle())).done() == false);
    f.executor.hold = true;
    auto first = f.start_create("a", "one");
    Started<bool> settled(f.loop, then_true(f.store->settle()));
    auto later = f.start_create("b", "two");
    settle(f.loop);
    CHECK_FALSE(settled.done());
    f.executor.release();
    f.executor.hold = true;
    settle(f.loop);
    CHECK(settled.done());
    CHECK(f.store->find(f.pod("a")));
}

TEST_CASE("Store: a write is done although its waiter was cancelled") {
    StoreFixture f;
    f.open();
    f.executor.hold = true;
    auto writing = f.start_create("a", "one");
    settle(f.loop);
    writing.cancel();
    f.executor.release();
    settle(f.loop);
    CHECK(f.store->find(f.pod("a")));
}

TEST_CASE("Store: 64 writers that arrive during a commit share the next one") {
    StoreFixture f;
    f.open();
    f.executor.hold = true;
    std::vector<Started<Result<EntryPtr>>> writers;
    writers.push_back(f.start_create("first", "x"));
    settle(f.loop);
    for (int i = 0; i < 64; ++i) writers.push_back(f.start_create("pod" + std::to_string(i), "x"));
    settle(f.loop);
    f.executor.release();
    settle(f.loop);
    f.executor.release();
    settle(f.loop);
    for (auto& writer : writers) CHECK((writer.done() && writer.get()));
    CHECK(f.store->stats().commits == 2);
    CHECK(f.store->count("pods") == 65);
}

TEST_CASE("Store: of two updates that race one wins, and the loser can read the winner") {
    StoreFixture f;
    f.open();
    const uint64_t revision = (*f.create("a", "one"))->revision;
    f.executor.hold = true;
    auto first = f.start_update("a", revision, "first");
    auto second = f.start_update("a", revision, "second");
    settle(f.loop);
    CHECK_FALSE(second.done());
    f.executor.release();
    settle(f.loop);
    REQUIRE((first.done() && second.done()));
    CHECK(first.get());
    CHECK(second.get().error().code() == Code::conflict);
    CHECK(f.store->find(f.pod("a"))->revision == (*first.get())->revision);
}

TEST_CASE("Store: of two creates that race one wins") {
    StoreFixture f;
    f.open();
    f.executor.hold = true;
    auto first = f.start_create("a", "first");
    auto second = f.start_create("a", "second");
    settle(f.loop);
    f.executor.release();
    settle(f.loop);
    CHECK(first.get());
    CHECK(second.get().error().code() == Code::already_exists);
}

TEST_CASE("Store: watchers see every class in revision order, never before an earlier durable write") {
    StoreFixture f;
    f.open();
    REQUIRE(f.create("a", "one"));
    auto watch = f.store->watch("pods", "", f.store->revision());
    f.executor.hold = true;
    auto durable = f.start_create("b", "durable");
    Started<Result<EntryPtr>> soft(f.loop, f.store->create(f.pod("c"), Durability::soft, value_of("soft")));
    settle(f.loop);
    CHECK_FALSE(soft.done());
    CHECK_FALSE((*watch)->try_next());
    f.executor.release();
    settle(f.loop);
    CHECK((soft.done() && durable.done()));
    CHECK((*(*watch)->try_next())->entry->key.name == "b");
    CHECK((*(*watch)->try_next())->entry->key.name == "c");
}

TEST_CASE("Store: soft writes are answered from memory and written once an interval, the last state only") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    uint64_t revision = (*f.create("a", "one"))->revision;
    const uint64_t commits = f.store->stats().commits;
    for (int i = 0; i < 50; ++i) revision = (*f.update("a", revision, "soft" + std::to_string(i), Durability::soft))->revision;
    CHECK(f.store->stats().commits == commits);
    pass(f.loop, f.clock, f.options.soft_flush_interval_ms - 1);
    CHECK(f.store->stats().commits == commits);
    pass(f.loop, f.clock, 2);
    CHECK(f.store->stats().commits == commits + 1);
    pass(f.loop, f.clock, 10 * f.options.soft_flush_interval_ms);
    CHECK(f.store->stats().commits == commits + 1);
    CHECK(f.loop.next_deadline_ms() == -1);
    f.drop();
    f.open();
    CHECK(*f.store->find(f.pod("a"))->json == std::to_string(revision) + ":soft49");
}

TEST_CASE("Store: soft writes that a crash loses never let a revision be given away twice") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.options.revision_block = 10;
    f.open();
    uint64_t revision = (*f.create("a", "one"))->revision;
    for (int i = 0; i < 95; ++i) revision = (*f.update("a", revision, "soft", Durability::soft))->revision;
    f.drop();
    f.open();
    CHECK(f.store->find(f.pod("a"))->revision < revision);
    CHECK(f.store->revision() >= revision);
    CHECK((*f.create("b", "x", Durability::memory))->revision > revision);
    CHECK(f.store->watch("pods", "", revision - 1).error().code() == Code::expired);
}

TEST_CASE("Store: after a clean close soft writes are there and revisions go on without a gap") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    uint64_t revision = (*f.create("a", "one"))->revision;
    revision = (*f.update("a", revision, "soft", Durability::soft))->revision;
    f.close();
    CHECK_FALSE(std::filesystem::exists(dir.path() + "/store.db-wal"));
    f.open();
    CHECK(*f.store->find(f.pod("a"))->json == std::to_string(revision) + ":soft");
    CHECK(f.store->revision() == revision);
    CHECK((*f.create("b", "x"))->revision == revision + 1);
}

TEST_CASE("Store: the memory class never reaches the file, and its removal takes no commit") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    auto created = f.create("event", "x", Durability::memory);
    REQUIRE(created);
    const uint64_t commits = f.store->stats().commits;
    pass(f.loop, f.clock, 2 * f.options.soft_flush_interval_ms);
    CHECK(f.store->stats().commits == commits);
    REQUIRE(f.create("lost", "x", Durability::memory));
    REQUIRE(await(f.loop, f.store->remove(f.pod("event"), (*created)->revision, Durability::memory, value_of("x"))));
    CHECK(f.store->stats().commits == commits);
    f.close();
    f.open();
    CHECK(f.store->count("pods") == 0);
}

TEST_CASE("Store: a soft removal is in the file after the next write-behind") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    const uint64_t revision = (*f.create("a", "one"))->revision;
    REQUIRE(await(f.loop, f.store->remove(f.pod("a"), revision, Durability::soft, value_of("x"))));
    REQUIRE(await(f.loop, f.store->flush()));
    f.drop();
    f.open();
    CHECK(f.store->count("pods") == 0);
}

TEST_CASE("Store: a write-behind never overwrites a durable write that is on its way") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    uint64_t revision = (*f.create("a", "one"))->revision;
    revision = (*f.update("a", revision, "soft", Durability::soft))->revision;
    f.executor.hold = true;
    auto other = f.start_create("b", "x");
    settle(f.loop);
    auto durable = f.start_update("a", revision, "durable");
    Started<Result<void>> flushing(f.loop, f.store->flush());
    f.executor.hold = false;
    f.executor.release();
    settle(f.loop);
    REQUIRE((flushing.done() && durable.done()));
    f.drop();
    f.open();
    CHECK(f.store->find(f.pod("a"))->json->find("durable") != std::string::npos);
}

TEST_CASE("Store: a large value stays in the file and is loaded on demand") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    auto watch = f.store->watch("pods", "", f.store->revision());
    const std::string large(100'000, 'L');
    const uint64_t revision = (*f.create("big", large))->revision;
    const std::string value = std::to_string(revision) + ":" + large;
    EntryPtr entry = f.store->find(f.pod("big"));
    CHECK(entry->json == nullptr);
    CHECK(entry->size == value.size());
    CHECK(**await(f.loop, f.store->load(entry)) == value);
    CHECK(*(*(*watch)->try_next())->entry->json == value);
    f.drop();
    f.open();
    CHECK(f.store->find(f.pod("big"))->json == nullptr);
    CHECK(*(*await(f.loop, f.store->read(f.pod("big"))))->json == value);
    REQUIRE(f.update("big", revision, "small"));
    CHECK(await(f.loop, f.store->load(entry)).error().code() == Code::conflict);
}

TEST_CASE("Store: a large object that is no payload is resident, after a restart too") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.options.payload_resources = {"configmaps"};
    f.open();
    REQUIRE(f.create("big", std::string(50'000, 'R')));
    CHECK(f.store->find(f.pod("big"))->json);
    f.drop();
    f.open();
    CHECK(f.store->find(f.pod("big"))->json->size() > 50'000);
}

TEST_CASE("Store: a large soft value is resident until it is in the file") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    REQUIRE(f.create("big", std::string(50'000, 'S'), Durability::soft));
    CHECK(f.store->find(f.pod("big"))->json);
    REQUIRE(await(f.loop, f.store->flush()));
    CHECK(f.store->find(f.pod("big"))->json == nullptr);
    CHECK((*await(f.loop, f.store->read(f.pod("big"))))->json->size() > 50'000);
}

TEST_CASE("Store: reading a large value while it is replaced gives the new one") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    const uint64_t revision = (*f.create("big", std::string(50'000, '1')))->revision;
    f.executor.hold = true;
    auto writing = f.start_update("big", revision, std::string(50'000, '2'));
    settle(f.loop);
    Started<Result<EntryPtr>> reading(f.loop, f.store->read(f.pod("big")));
    f.executor.hold = false;
    f.executor.release();
    settle(f.loop);
    REQUIRE((writing.done() && reading.done()));
    CHECK((*reading.get())->revision == (*writing.get())->revision);
    CHECK((*reading.get())->json->back() == '2');
}

TEST_CASE("Store: a second one on the same directory is refused, naming it") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    auto second = open_sqlite_store(f.loop, f.executor, f.options);
    REQUIRE_FALSE(second);
    CHECK(second.error().message().find("data directory " + dir.path() + " is in use by another orilla serve") == 0);
    f.close();
    f.open();
}

TEST_CASE("Store: the WAL stays bounded under steady writes") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.options.wal_pages_max = 32;
    f.open();
    uint64_t revision = (*f.create("a", "x"))->revision;
    for (int i = 0; i < 500; ++i) revision = (*f.update("a", revision, std::string(2000, 'x')))->revision;
    settle(f.loop);
    CHECK(std::filesystem::file_size(dir.path() + "/store.db-wal") < 40 * 8300);
}

TEST_CASE("Store: opening and closing without a change writes nothing to the file") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.open();
    REQUIRE(f.create("a", "x"));
    f.close();
    const auto before = std::filesystem::last_write_time(dir.path() + "/store.db");
    f.open();
    pass(f.loop, f.clock, 3'600'000);
    CHECK(std::filesystem::file_size(dir.path() + "/store.db-wal") == 0);
    f.close();
    CHECK(std::filesystem::last_write_time(dir.path() + "/store.db") == before);
}

TEST_CASE("Store: more writes than may wait are refused, not kept") {
    StoreFixture f;
    f.options.pending_writes_max = 2;
    f.open();
    f.executor.hold = true;
    auto a = f.start_create("a", "x");
    auto b = f.start_create("b", "x");
    auto c = f.start_create("c", "x");
    settle(f.loop);
    REQUIRE(c.done());
    CHECK(c.get().error().code() == Code::too_many_requests);
    f.executor.release();
    settle(f.loop);
    CHECK((a.get() && b.get()));
}

TEST_CASE("Store: closing ends watches and refuses writes") {
    StoreFixture f;
    f.open();
    auto watch = f.store->watch("pods", "", f.store->revision());
    Started<Result<WatchEvent>> next(f.loop, (*watch)->next());
    REQUIRE(await(f.loop, f.store->close()));
    settle(f.loop);
    REQUIRE(next.done());
    CHECK(next.get().error().code() == Code::unavailable);
    CHECK(f.create("a", "x").error().code() == Code::unavailable);
}
