#include "migrations.hpp"

#include <fmt/core.h>

#include "orilla/base/log.hpp"

namespace orilla::store {

namespace {
constexpr int64_t application_id = 0x4f72696c;  // "Oril"

Result<void> check_owner(Database& database, int64_t version) {
    TRY(const int64_t id, database.query_int("PRAGMA application_id"));
    TRY(const int64_t tables, database.query_int("SELECT count(*) FROM sqlite_master"));
    const bool fresh = version == 0 && id == 0 && tables == 0;
    if (fresh || id == application_id) return ok();
    return Error(Code::unsupported, database.path() + " is a SQLite file, but not a store of Orilla: move it away");
}
}  // namespace

Result<void> migrate(Database& database, std::span<const Migration> migrations) {
    TRY(const int64_t version, database.query_int("PRAGMA user_version"));
    TRY_VOID(check_owner(database, version));
    const int64_t latest = migrations.empty() ? 0 : migrations.back().version;
    if (version == latest) return ok();
    if (version > latest)
        return Error(Code::unsupported, fmt::format("{} was written by a newer Orilla (schema version {}, this one knows up to "
                                                    "{}): install that version or a newer one",
                                                    database.path(), version, latest));
    TRY(auto transaction, Transaction::begin(database));
    for (const Migration& migration : migrations) {
        if (migration.version <= version) continue;
        auto done = database.exec(std::string(migration.sql));
        if (!done) return std::move(done).error().with_context("migrate to " + std::string(migration.name));
    }
    TRY_VOID(database.exec("PRAGMA application_id = " + std::to_string(application_id)));
    TRY_VOID(database.exec("PRAGMA user_version = " + std::to_string(latest)));
    TRY_VOID(transaction.commit());
    if (version > 0) log::info(fmt::format("{}: migrated from schema version {} to {}", database.path(), version, latest));
    return ok();
}

}  // namespace orilla::store
