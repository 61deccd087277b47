#include <catch2/catch.hpp>
#include <fstream>

#include "../../support/store_fixture.hpp"
#include "../../support/store_writer.hpp"
#include "faulty_vfs.hpp"
#include "reserve.hpp"
#include "sqlite.hpp"

using namespace orilla;
using namespace orilla::store;
using namespace orilla::test;

namespace {
struct FaultyFixture : StoreFixture {
    explicit FaultyFixture(std::string dir) : StoreFixture(std::move(dir)), faults(faulty_vfs()) {
        faults.clear();
        options.vfs = "faulty";
        options.fatal = [this](const Error& error) { fatal.push_back(error.message()); };
        open();
    }
    ~FaultyFixture() { faults.clear(); }
    Faults& faults;
    std::vector<std::string> fatal;
};
}  // namespace

TEST_CASE("Store: on a full disk a durable write is refused, nothing is half-written, and later ones work") {
    TempDir dir;
    FaultyFixture f(dir.path());
    const uint64_t revision = (*f.create("a", "one"))->revision;
    auto watch = f.store->watch("pods", "", f.store->revision());
    f.faults.disk_full = true;
    auto refused = f.update("a", revision, "two");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::unavailable);
    CHECK(refused.error().message().find("no space left on the disk of " + dir.path()) == 0);
    CHECK(f.create("b", "x").error().code() == Code::unavailable);
    CHECK(f.store->find(f.pod("a"))->revision == revision);
    CHECK_FALSE((*watch)->try_next());
    CHECK(f.fatal.empty());
    f.faults.disk_full = false;
    auto later = f.update("a", revision, "three");
    REQUIRE(later);
    CHECK((*later)->revision > revision + 2);
    f.drop();
    f.open();
    CHECK(f.store->find(f.pod("a"))->json->find("three") != std::string::npos);
    CHECK(f.store->count("pods") == 1);
}

TEST_CASE("Store: a file of version 1 serves on a full disk, and is brought forward when there is room") {
    TempDir dir;
    FaultyFixture f(dir.path());
    f.close();
    const auto database = [&dir] { return std::move(*Database::open(dir.path() + "/store.db", "")); };
    REQUIRE(
        database()->exec("DROP TABLE objects;"
                         "CREATE TABLE objects (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, mod INTEGER NOT NULL, "
                         "val BLOB NOT NULL);"
                         "INSERT INTO objects VALUES (7, 'pods/default/a', 5, '5:one');"
                         "UPDATE revisions SET reserved = 2000; PRAGMA user_version = 1"));
    f.faults.disk_full = true;
    f.open();
    CHECK(*f.store->find(f.pod("a"))->json == "5:one");
    CHECK(f.create("b", "x").error().code() == Code::unavailable);
    f.faults.disk_full = false;
    REQUIRE(f.update("a", 5, "two"));
    f.close();
    CHECK(*database()->query_int("PRAGMA user_version") == 1);
    f.open();
    CHECK(f.store->find(f.pod("a"))->json->find("two") != std::string::npos);
    f.close();
    CHECK(*database()->query_int("PRAGMA user_version") == 2);
}

TEST_CASE("Store: on a full disk soft writes go on and are written once there is room") {
    TempDir dir;
    FaultyFixture f(dir.path());
    uint64_t revision = (*f.create("a", "one"))->revision;
    f.faults.disk_full = true;
    revision = (*f.update("a", revision, "soft", Durability::soft))->revision;
    pass(f.loop, f.clock, f.options.soft_flush_interval_ms + 1);
    CHECK(await(f.loop, f.store->flush()).error().code() == Code::unavailable);
    f.faults.disk_full = false;
    pass(f.loop, f.clock, f.options.soft_flush_interval_ms + 1);
    CHECK(f.store->stats().soft_flushes == 1);
    f.drop();
    f.open();
    CHECK(f.store->find(f.pod("a"))->revision == revision);
}

TEST_CASE("Store: without room for the reservation a soft write is refused") {
    TempDir dir;
    FaultyFixture f(dir.path());
    f.faults.disk_full = true;
    CHECK(f.create("a", "soft", Durability::soft).error().code() == Code::unavailable);
    f.faults.disk_full = false;
    CHECK(f.create("a", "soft", Durability::soft));
}

TEST_CASE("Store: on a full disk what makes room, and soft writes, use the reserve, and nothing else does") {
    TempDir dir;
    FaultyFixture f(dir.path());
    const std::string reserve = dir.path() + "/store.reserve";
    REQUIRE(std::filesystem::file_size(reserve) == Reserve::bytes);
    const uint64_t a = (*f.create("a", "one"))->revision, b = (*f.create("b", "one"))->revision;
    f.faults.reserve = reserve;
    f.faults.disk_full = true;
    const uint64_t failed = f.store->stats().failed_writes;
    CHECK(f.create("c", "one").error().code() == Code::unavailable);
    CHECK(f.update("a", a, "two").error().code() == Code::unavailable);
    CHECK(std::filesystem::file_size(reserve) == Reserve::bytes);
    auto marked = f.update("a", a, "going", Durability::urgent);
    REQUIRE(marked);
    CHECK(f.remove("a", (*marked)->revision));
    // In one transaction with others, too; each is answered for itself.
    f.executor.hold = true;
    auto create = f.start_create("d", "one");
    Started<Result<EntryPtr>> remove(f.loop, f.store->remove(f.pod("b"), b, Durability::durable, value_of("gone")));
    settle(f.loop);
    f.executor.hold = false;
    f.executor.release();
    settle(f.loop);
    REQUIRE(create.done());
    CHECK(create.get().error().code() == Code::unavailable);
    REQUIRE(remove.done());
    CHECK(remove.get());
    CHECK(f.store->stats().failed_writes == failed + 3);
    // Refilled as soon as the (real) disk has room.
    CHECK(std::filesystem::file_size(reserve) == Reserve::bytes);
    f.drop();
    f.open();
    CHECK(f.store->count("pods") == 0);
    // Its revisions were reserved by the one before.
    CHECK(f.create("s", "soft", Durability::soft));
    CHECK_FALSE(f.create("e", "one"));
    CHECK(f.fatal.empty());
    f.faults.disk_full = false;
    CHECK(f.create("e", "one"));
}

TEST_CASE("Store: on a full disk a removal does not wait for a gap between writes that are refused") {
    TempDir dir;
    FaultyFixture f(dir.path());
    const uint64_t a = (*f.create("a", "one"))->revision;
    f.faults.reserve = dir.path() + "/store.reserve";
    f.faults.disk_full = true;
    f.executor.hold = true;
    auto first = f.start_create("b", "one");
    Started<Result<EntryPtr>> remove(f.loop, f.store->remove(f.pod("a"), a, Durability::durable, value_of("gone")));
    settle(f.loop);
    auto second = f.start_create("c", "one");
    f.executor.release();  // both fail together
    settle(f.loop);
    auto third = f.start_create("d", "one");
    f.executor.release();
    settle(f.loop);
    REQUIRE(remove.done());
    CHECK(remove.get());
    f.executor.hold = false;
    f.executor.release();
    settle(f.loop);
    REQUIRE(second.done());
    REQUIRE(third.done());
}

TEST_CASE("Store: a damaged store is not taken for a new one, and the error tells the way out") {
    TempDir dir;
    const std::string path = dir.path() + "/store.db";
    {
        StoreFixture f(dir.path());
        f.open();
        REQUIRE(f.create("a", std::string(40'000, 'x')));
        f.close();
    }
    StoreFixture f(dir.path());
    auto refusal = [&f] {
        auto opened = open_sqlite_store(f.loop, f.executor, f.options);
        return opened ? std::string("opened") : opened.error().message();
    };
    const std::string way_out = "move it and " + path + "-wal away to begin without any object";
    const std::string whole = path + ".whole";
    std::filesystem::rename(path, whole);
    std::ofstream(path + "-wal") << "old";
    CHECK(refusal().find("only its WAL is left") != std::string::npos);
    std::filesystem::remove(path + "-wal");
    for (const uintmax_t bytes : {uintmax_t{0}, uintmax_t{10'000}}) {
        std::filesystem::copy_file(whole, path, std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(path, bytes);
        INFO(bytes);
        CHECK(refusal().find("is damaged") != std::string::npos);
        CHECK(refusal().find(way_out) != std::string::npos);
        CHECK(std::filesystem::file_size(path) == bytes);
    }
    std::ofstream(path) << std::string(20'000, 'r');
    CHECK(refusal().find(way_out) != std::string::npos);
    std::filesystem::rename(whole, path);
    CHECK(refusal() == "opened");
}

TEST_CASE("Store: a failed fsync is fatal and its write is not acknowledged") {
    TempDir dir;
    FaultyFixture f(dir.path());
    REQUIRE(f.create("a", "one"));
    f.faults.sync_fails = true;
    auto lost = f.create("b", "two");
    REQUIRE_FALSE(lost);
    REQUIRE(f.fatal.size() == 1);
    f.faults.sync_fails = false;
    CHECK_FALSE(f.create("c", "three"));
    CHECK_FALSE(f.create("d", "soft", Durability::soft));
    CHECK(f.store->find(f.pod("b")) == nullptr);
    f.drop();
    f.open();
    CHECK(f.store->find(f.pod("a")));
    CHECK(f.create("c", "three"));
}

TEST_CASE("Store: a write error that is not a full disk is fatal") {
    TempDir dir;
    FaultyFixture f(dir.path());
    f.faults.write_fails = true;
    CHECK_FALSE(f.create("b", "two"));
    CHECK(f.fatal.size() == 1);
}

TEST_CASE("Store: each commit has one fsync, and idle none") {
    TempDir dir;
    FaultyFixture f(dir.path());
    uint64_t revision = (*f.create("a", "one"))->revision;
    f.faults.clear();
    for (int i = 0; i < 10; ++i) revision = (*f.update("a", revision, "x"))->revision;
    CHECK(f.faults.syncs == 10);
    f.faults.clear();
    pass(f.loop, f.clock, 3'600'000);
    CHECK(f.faults.syncs == 0);
    CHECK(f.faults.writes == 0);
}

TEST_CASE("Store: a change in memory goes to the file only with a soft one before it, under its own revision") {
    TempDir dir;
    FaultyFixture f(dir.path());
    uint64_t revision = (*f.create("a", "one"))->revision;
    f.faults.clear();
    revision = (*f.update("a", revision, "heartbeat", Durability::memory))->revision;
    pass(f.loop, f.clock, 10 * f.options.soft_flush_interval_ms);
    CHECK(f.faults.writes == 0);
    revision = (*f.update("a", revision, "soft", Durability::soft))->revision;
    revision = (*f.update("a", revision, "heartbeat", Durability::memory))->revision;
    pass(f.loop, f.clock, 10 * f.options.soft_flush_interval_ms);
    CHECK(f.store->stats().soft_flushes == 1);
    f.drop();
    f.open();
    CHECK(f.store->find(f.pod("a"))->revision == revision);
    CHECK(f.store->find(f.pod("a"))->json->find("heartbeat") != std::string::npos);
}

TEST_CASE("Store: closing on a full disk answers what was accepted before the file goes") {
    TempDir dir;
    FaultyFixture f(dir.path());
    const uint64_t revision = (*f.create("a", "one"))->revision;
    REQUIRE(f.update("a", revision, "soft", Durability::soft));
    f.executor.hold = true;
    auto under_way = f.start_create("b", "two");
    settle(f.loop);
    auto waiting = f.start_create("c", "three");
    Started<Result<void>> closing(f.loop, f.store->close());
    f.faults.disk_full = true;
    f.executor.hold = false;
    f.executor.release();
    settle(f.loop);
    REQUIRE(closing.done());
    CHECK(closing.get().error().code() == Code::unavailable);
    REQUIRE(under_way.done());
    REQUIRE(waiting.done());
    CHECK_FALSE(waiting.get());
    CHECK(f.fatal.empty());
}

TEST_CASE("Store: what a killed process has written is synced before it is shown, and nothing after a clean end") {
    TempDir dir;
    FaultyFixture f(dir.path());
    REQUIRE(f.create("a", "one"));
    f.drop();
    f.faults.clear();
    f.open();
    CHECK(f.store->find(f.pod("a")));
    CHECK(f.faults.syncs == 1);
    REQUIRE(await(f.loop, f.store->close()));
    f.drop();
    f.faults.clear();
    f.open();
    CHECK(f.store->find(f.pod("a")));
    CHECK(f.faults.syncs == 0);
}

TEST_CASE("Store: what a crash left of an unfinished new store is made afresh") {
    TempDir dir;
    for (const char* name : {"/store.db.new", "/store.db.new-wal"}) {
        std::ofstream file(dir.path() + name);
        file << "half-written";
    }
    StoreFixture f(dir.path());
    f.open();
    REQUIRE(f.create("a", "one"));
    CHECK_FALSE(std::filesystem::exists(dir.path() + "/store.db.new"));
    CHECK_FALSE(std::filesystem::exists(dir.path() + "/store.db.new-wal"));
    const auto mode = std::filesystem::status(dir.path() + "/store.db").permissions();
    CHECK((mode & std::filesystem::perms::all) == std::filesystem::perms(0600));
}

TEST_CASE("Store: copies of the files taken between writes hold every write that was acknowledged") {
    TempDir dir;
    StoreFixture f(dir.path());
    f.options.wal_pages_max = 16;
    f.open();
    uint64_t revision = 0;
    for (int i = 0; i < 40; ++i) {
        revision = (*f.create("pod" + std::to_string(i), std::string(3000, 'x')))->revision;
        settle(f.loop);
        TempDir copy;
        for (const char* name : {"/store.db", "/store.db-wal"})
            if (std::filesystem::exists(dir.path() + name)) std::filesystem::copy_file(dir.path() + name, copy.path() + name);
        StoreFixture after(copy.path());
        after.open();
        REQUIRE(after.store->count("pods") == static_cast<size_t>(i + 1));
        REQUIRE(after.store->revision() >= revision);
    }
}

TEST_CASE("Store: a writer that is killed loses nothing it acknowledged, and revisions never go back") {
    TempDir dir;
    uint64_t revision = 0;
    constexpr int rounds = 8;
    for (int round = 0; round < rounds; ++round) {
        StoreWriter writer(dir.path(), "r" + std::to_string(round) + "w");
        // At another moment in each round.
        writer.wait_for(300 + static_cast<size_t>(round) * 531);
        const std::vector<std::string> names = writer.end();
        StoreFixture f(dir.path());
        f.open();
        CHECK(names.size() > 10);
        for (const std::string& name : names) REQUIRE(f.store->find(f.pod(name)));
        CHECK(f.store->revision() > revision);
        revision = f.store->revision();
    }
}
