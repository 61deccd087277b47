#include "migrations.hpp"

#include <catch2/catch.hpp>

#include "../../support/store_fixture.hpp"

using namespace orilla;
using namespace orilla::store;
using orilla::test::TempDir;

namespace {
constexpr Migration first{1, "0001_first", "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2);"};
constexpr Migration second{2, "0002_second", "ALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = 'n' || a;"};
constexpr Migration broken{2, "0002_broken", "CREATE TABLE u (x); INSERT INTO nowhere VALUES (1);"};

std::unique_ptr<Database> open(const TempDir& dir) { return std::move(*Database::open(dir.path() + "/store.db", "")); }
int64_t number(Database& database, const std::string& sql) { return *database.query_int(sql); }
}  // namespace

TEST_CASE("migrate: an older file is brought forward with its rows") {
    TempDir dir;
    const Migration old_program[] = {first};
    REQUIRE(migrate(*open(dir), old_program));
    const Migration new_program[] = {first, second};
    auto database = open(dir);
    REQUIRE(migrate(*database, new_program));
    CHECK(number(*database, "PRAGMA user_version") == 2);
    CHECK(number(*database, "SELECT count(*) FROM t WHERE b = 'n2'") == 1);
    REQUIRE(migrate(*database, new_program));
}

TEST_CASE("migrate: a step that fails leaves the older file as it was") {
    TempDir dir;
    const Migration old_program[] = {first};
    REQUIRE(migrate(*open(dir), old_program));
    const Migration bad_program[] = {first, broken};
    auto failed = migrate(*open(dir), bad_program);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().message().find("0002_broken") != std::string::npos);
    auto database = open(dir);
    CHECK(number(*database, "PRAGMA user_version") == 1);
    CHECK(number(*database, "SELECT count(*) FROM sqlite_master WHERE name = 'u'") == 0);
}

TEST_CASE("migrate: a newer file is refused and not touched") {
    TempDir dir;
    const Migration new_program[] = {first, second};
    REQUIRE(migrate(*open(dir), new_program));
    const Migration old_program[] = {first};
    auto refused = migrate(*open(dir), old_program);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("written by a newer Orilla (schema version 2, this one knows up to 1)") !=
          std::string::npos);
    CHECK(number(*open(dir), "PRAGMA user_version") == 2);
}

TEST_CASE("migrate: a SQLite file of another program is refused") {
    TempDir dir;
    REQUIRE(open(dir)->exec("CREATE TABLE other (x)"));
    auto refused = migrate(*open(dir), store_migrations());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("not a store of Orilla") != std::string::npos);
}

TEST_CASE("open_sqlite_store: a file of a newer version is refused with its path") {
    TempDir dir;
    orilla::test::StoreFixture f(dir.path());
    f.open();
    f.close();
    REQUIRE(open(dir)->exec("PRAGMA user_version = 99"));
    auto refused = open_sqlite_store(f.loop, f.executor, f.options);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find(dir.path() + "/store.db was written by a newer Orilla") == 0);
}
