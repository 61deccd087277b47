#include "store_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "migrations.hpp"
#include "orilla/base/durable.hpp"
#include "orilla/base/log.hpp"
#include "orilla/store/sqlite_store.hpp"

namespace orilla::store {

namespace {
constexpr int64_t wal_bytes_kept_max = 4 * 1024 * 1024;  // a larger WAL is cut when it starts over

/// Made here and not by SQLite, for its mode; the WAL takes the mode of the file.
Result<UniqueFd> make_file(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return Error::from_errno("make " + path, errno);
    return fd;
}

/// The page size before WAL fixes it for good.
constexpr const char* fresh_settings =
    "PRAGMA page_size = 8192;"
    "PRAGMA synchronous = OFF;"
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;";

/// A new store appears whole or not at all: it is made beside its place, synced once and renamed. SQLite's own way would
/// sync eight times, which a tired SD card takes a second for.
Result<void> make_store(const std::string& path, const std::string& directory, const std::string& vfs) {
    const std::string unfinished = path + ".new";
    // What a crash left of an earlier attempt.
    ::unlink(unfinished.c_str());
    ::unlink((unfinished + "-wal").c_str());
    TRY(auto fd, make_file(unfinished));
    {
        TRY(auto database, Database::open(unfinished, vfs));
        TRY_VOID(database->exec(fresh_settings));
        TRY_VOID(migrate(*database, store_migrations()));
        TRY_VOID(database->checkpoint());
        database->checkpoint_on_close(true);
    }
    if (::fsync(fd.get()) != 0) return Error::from_errno("sync " + unfinished, errno);
    if (::rename(unfinished.c_str(), path.c_str()) != 0) return Error::from_errno("rename " + unfinished, errno);
    return sync_path(directory);
}

/// Whether there is a store. It appears whole, so an empty file, or a WAL alone, is what a damaged file system left: to
/// begin anew on it would end every pod, or mix the old WAL into the new file.
Result<bool> check_present(const std::string& path) {
    struct stat seen {};
    const bool there = ::stat(path.c_str(), &seen) == 0;
    if (!there && errno != ENOENT) return Error::from_errno("open " + path, errno);
    if (there && seen.st_size > 0) return true;
    const bool wal = ::access((path + "-wal").c_str(), F_OK) == 0;
    if (!there && !wal) return false;
    return Error(Code::corrupt,
                 fmt::format("{} is damaged ({}): {}", path, there ? "it is empty" : "only its WAL is left", way_out(path)));
}

/// Version 1 has an index that this program does without. On a full disk, where there is no room for the copy, it serves, so
/// that what makes room can be deleted; the next start tries again.
Result<void> bring_forward(Database& database) {
    auto migrated = migrate(database, store_migrations());
    if (migrated || migrated.error().code() != Code::unavailable) return migrated;
    TRY(const int64_t version, database.query_int("PRAGMA user_version"));
    if (version != 1) return migrated;
    log::warning(migrated.error().message() + "; the store stays at schema version 1 until there is room");
    return ok();
}
}  // namespace

Result<UniqueFd> lock_data_directory(const std::string& data_dir) {
    TRY_VOID(make_durable_directory(data_dir, 0700));  // Secrets are in there
    const std::string path = data_dir + "/store.lock";
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return Error::from_errno("open " + path, errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
    if (errno != EWOULDBLOCK) return Error::from_errno("lock " + path, errno);
    return Error(Code::conflict,
                 fmt::format("data directory {} is in use by another orilla serve: stop it first, or choose another --data-dir",
                             data_dir));
}

Result<std::unique_ptr<StoreFile>> StoreFile::open(const std::string& data_dir, const std::string& vfs, UniqueFd lock) {
    std::unique_ptr<StoreFile> file(new StoreFile);
    std::string path = ":memory:";
    if (!data_dir.empty()) {
        file->lock_ = std::move(lock);
        path = data_dir + "/store.db";
        TRY(const bool there, check_present(path));
        if (!there) TRY_VOID(make_store(path, data_dir, vfs));
    }
    TRY(file->database_, Database::open(path, vfs));
    TRY_VOID(file->configure());
    TRY_VOID(bring_forward(*file->database_));
    // Before anybody is shown it: nothing that was seen may be lost.
    TRY_VOID(file->database_->sync_wal());
    TRY_VOID(file->prepare());
    if (!data_dir.empty()) file->kept_space_ = Reserve(data_dir + "/store.reserve");
    return file;
}

Result<void> StoreFile::configure() {
    // Exclusive locking before the first access keeps the WAL's index out of shared memory.
    return database_->exec(
        "PRAGMA locking_mode = EXCLUSIVE;"
        "PRAGMA journal_mode = WAL;"
        "PRAGMA synchronous = FULL;"
        "PRAGMA cache_size = -256;"
        "PRAGMA temp_store = MEMORY;"
        "PRAGMA trusted_schema = OFF;"
        "PRAGMA journal_size_limit = " +
        std::to_string(wal_bytes_kept_max));
}

Result<void> StoreFile::prepare() {
    Database& database = *database_;
    TRY(upsert_, Statement::prepare(database,
                                    "INSERT INTO objects (id, key, mod, val) VALUES (?1, ?2, ?3, ?4) "
                                    "ON CONFLICT (id) DO UPDATE SET mod = excluded.mod, val = excluded.val"));
    TRY(delete_, Statement::prepare(database, "DELETE FROM objects WHERE id = ?1"));
    TRY(reserve_, Statement::prepare(database, "UPDATE revisions SET reserved = ?1 WHERE id = 1"));
    TRY(select_, Statement::prepare(database, "SELECT mod, val FROM objects WHERE id = ?1"));
    return ok();
}

Result<void> StoreFile::load(size_t resident_bytes_max, const std::function<void(const LoadedRow&)>& each) {
    // length() of a blob does not read its pages, so large values cost nothing here.
    TRY(auto statement,
        Statement::prepare(*database_,
                           "SELECT id, key, mod, length(val), CASE WHEN length(val) <= ?1 THEN val END FROM objects"));
    statement.bind(1, static_cast<int64_t>(resident_bytes_max));
    for (;;) {
        TRY(const bool row, statement.step());
        if (!row) return ok();
        const LoadedRow loaded{statement.column_int(0), statement.column_bytes(1),
                               static_cast<uint64_t>(statement.column_int(2)), statement.column_bytes(4),
                               static_cast<size_t>(statement.column_int(3))};
        each(loaded);
    }
}

Result<uint64_t> StoreFile::read_reserved() {
    TRY(const int64_t reserved, database_->query_int("SELECT reserved FROM revisions WHERE id = 1"));
    return static_cast<uint64_t>(reserved);
}

Result<void> StoreFile::apply_row(const RowWrite& row) {
    Statement& statement = row.value ? upsert_ : delete_;
    statement.bind(1, row.row);
    if (row.value) {
        statement.bind(2, row.key);
        statement.bind(3, static_cast<int64_t>(row.revision));
        statement.bind_blob(4, *row.value);
    }
    return statement.run();
}

Result<void> StoreFile::apply(const Batch& batch) {
    auto done = apply_once(batch);
    if (!done && done.error().code() == Code::unavailable && batch.may_use_reserve) done = apply_with_reserve(batch);
    if (done) kept_space_.fill();
    return done;
}

/// After the disk was full for it.
Result<void> StoreFile::apply_with_reserve(const Batch& batch) {
    // Perhaps the WAL has room in itself: with all of it in the file it starts over.
    auto emptied = checkpoint();
    if (!emptied && emptied.error().code() != Code::unavailable) return emptied;
    auto done = apply_once(batch);
    while (!done && done.error().code() == Code::unavailable && kept_space_.give_back()) done = apply_once(batch);
    return done;
}

Result<void> StoreFile::apply_once(const Batch& batch) {
    TRY(auto transaction, Transaction::begin(*database_));
    for (const RowWrite& row : batch.rows) TRY_VOID(apply_row(row));
    if (batch.reserved) {
        reserve_.bind(1, static_cast<int64_t>(*batch.reserved));
        TRY_VOID(reserve_.run());
    }
    return transaction.commit();
}

Result<std::shared_ptr<const std::string>> StoreFile::read_value(int64_t row, uint64_t revision) {
    select_.bind(1, row);
    TRY(const bool there, select_.step());
    Result<std::shared_ptr<const std::string>> result = Error(Code::not_found, fmt::format("row {} not found", row));
    if (there && static_cast<uint64_t>(select_.column_int(0)) != revision)
        result = Error(Code::conflict, fmt::format("row {} has changed while it was read", row));
    else if (there) result = std::shared_ptr<const std::string>(std::make_shared<std::string>(select_.column_bytes(1)));
    select_.reset();
    return result;
}

Result<void> StoreFile::checkpoint() {
    auto done = database_->checkpoint();
    database_->release_memory();
    return done;
}

bool StoreFile::release_memory() {
    if (database_) database_->release_memory();
    return database_ != nullptr;
}

void StoreFile::close() {
    upsert_ = Statement();
    delete_ = Statement();
    reserve_ = Statement();
    select_ = Statement();
    if (database_) database_->checkpoint_on_close(true);
    database_.reset();
    kept_space_.fill(0);  // what the WAL had
    lock_.reset();
}

}  // namespace orilla::store
