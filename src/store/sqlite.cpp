#include "sqlite.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

#include <cerrno>

namespace orilla::store {

std::string way_out(const std::string& path) {
    return fmt::format(
        "put back a copy of it, or move it and {}-wal away to begin without any object, which ends the pods that run", path);
}

// ---- Database --------------------------------------------------------------------------------------------------------

Database::Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const std::string& vfs) {
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
    std::unique_ptr<Database> database(new Database(path, handle));
    if (code != SQLITE_OK) return database->error("open");
    // The few prepared statements need little; SQLite's default takes 48 KB at once.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 128, 64);
    database->checkpoint_on_close(false);
    // Takes the place of SQLite's own automatic checkpoint, which would hold up the commit that triggers it.
    sqlite3_wal_hook(handle, &Database::count_wal_pages, database.get());
    return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

int Database::count_wal_pages(void* self, sqlite3*, const char*, int pages) {
    static_cast<Database*>(self)->wal_pages_ = pages;
    return SQLITE_OK;
}

Result<void> Database::exec(const std::string& sql) {
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error("write");
    return ok();
}

Result<int64_t> Database::query_int(const std::string& sql) {
    TRY(auto statement, Statement::prepare(*this, sql));
    TRY(const bool row, statement.step());
    if (!row) return Error(Code::corrupt, fmt::format("{}: no row: {}", path_, sql));
    return statement.column_int(0);
}

Result<void> Database::checkpoint() {
    const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code != SQLITE_OK) return error("checkpoint");
    wal_pages_ = 0;
    return ok();
}

Result<void> Database::sync_wal() {
    sqlite3_file* wal = nullptr;
    sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    sqlite3_int64 size = 0;
    if (!wal || !wal->pMethods || wal->pMethods->xFileSize(wal, &size) != SQLITE_OK || size == 0) return ok();
    if (wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL) != SQLITE_OK) return Error(Code::corrupt, "sync the WAL of " + path_);
    return ok();
}

void Database::release_memory() { sqlite3_db_release_memory(handle_); }

void Database::checkpoint_on_close(bool enable) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, enable ? 0 : 1, nullptr);
}

Error Database::error(std::string_view what) const {
    if (!handle_) return Error(Code::unavailable, path_ + ": out of memory");
    const int code = sqlite3_errcode(handle_);
    const int extended = sqlite3_extended_errcode(handle_);
    const int system = sqlite3_system_errno(handle_);
    // A failed fsync is never "full", whatever errno says: the pages may be gone.
    const bool io_full = code == SQLITE_IOERR && extended != SQLITE_IOERR_FSYNC && extended != SQLITE_IOERR_DIR_FSYNC &&
                         (system == ENOSPC || system == EDQUOT);
    if (code == SQLITE_FULL || io_full)
        return Error(Code::unavailable, fmt::format("no space left on the disk of {}: free some and try again", path_));
    if (code == SQLITE_NOMEM) return Error(Code::unavailable, path_ + ": out of memory");
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return Error(Code::conflict, path_ + " is in use by another process");
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return Error(Code::corrupt, fmt::format("{} is damaged ({}): {}", path_, sqlite3_errmsg(handle_), way_out(path_)));
    std::string text = fmt::format("{} {}: {}", what, path_, sqlite3_errmsg(handle_));
    if ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && system != 0) text += Error::from_errno("", system).message();
    return Error(Code::corrupt, std::move(text));
}

// ---- Statement -------------------------------------------------------------------------------------------------------

Result<Statement> Statement::prepare(Database& database, std::string_view sql) {
    sqlite3_stmt* handle = nullptr;
    const int code = sqlite3_prepare_v3(database.raw(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &handle, nullptr);
    if (code != SQLITE_OK) return database.error("prepare");
    return Statement(&database, handle);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::bind(int index, std::string_view text) {
    sqlite3_bind_text64(handle_, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void Statement::bind_blob(int index, std::string_view bytes) {
    sqlite3_bind_blob64(handle_, index, bytes.data(), bytes.size(), SQLITE_STATIC);
}
void Statement::bind(int index, int64_t number) { sqlite3_bind_int64(handle_, index, number); }

Result<bool> Statement::step() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    Error error = database_->error("access");
    reset();
    return error;
}

Result<void> Statement::run() {
    TRY(const bool row, step());
    (void)row;
    reset();
    return ok();
}

void Statement::reset() {
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
}

int64_t Statement::column_int(int index) const { return sqlite3_column_int64(handle_, index); }
bool Statement::column_null(int index) const { return sqlite3_column_type(handle_, index) == SQLITE_NULL; }
std::string_view Statement::column_bytes(int index) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, index));
    return {bytes ? bytes : "", static_cast<size_t>(sqlite3_column_bytes(handle_, index))};
}

// ---- Transaction -----------------------------------------------------------------------------------------------------

Result<Transaction> Transaction::begin(Database& database) {
    TRY_VOID(database.exec("BEGIN IMMEDIATE"));
    return Transaction(&database);
}

Transaction::~Transaction() {
    // SQLite may have rolled back by itself; rolling back has nothing to tell that the first error did not.
    if (database_ && !sqlite3_get_autocommit(database_->raw())) (void)database_->exec("ROLLBACK");
}

Result<void> Transaction::commit() {
    TRY_VOID(database_->exec("COMMIT"));
    database_ = nullptr;
    return ok();
}

}  // namespace orilla::store
