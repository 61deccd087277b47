// Database, Statement, Transaction: SQLite's handles owned from birth, its result codes as Errors. An error that a full
// disk explains has Code::unavailable and leaves the database usable; every other one is Code::corrupt.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "orilla/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace orilla::store {

/// What a person can do about a store that cannot be read, as a part of an error's sentence.
std::string way_out(const std::string& path);

class Database {
  public:
    /// Opens or creates; without SQLite's mutexes: one thread at a time. `vfs` empty: the default one.
    static Result<std::unique_ptr<Database>> open(const std::string& path, const std::string& vfs);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    Result<void> exec(const std::string& sql);
    /// The first column of the first row.
    Result<int64_t> query_int(const std::string& sql);
    /// Copies what it can of the WAL into the file and lets the next write start the WAL over.
    Result<void> checkpoint();
    /// Puts on the disk what a WAL that was found holds: a process that was killed may have written and not synced it.
    Result<void> sync_wal();
    /// Pages in the WAL after the last commit.
    int wal_pages() const { return wal_pages_; }
    /// Lets the cache's memory go.
    void release_memory();
    /// Whether closing the handle also empties the WAL, which blocks on the disk; off at first.
    void checkpoint_on_close(bool enable);

    const std::string& path() const { return path_; }
    Error error(std::string_view what) const;
    sqlite3* raw() const { return handle_; }

  private:
    Database(std::string path, sqlite3* handle);
    static int count_wal_pages(void* self, sqlite3*, const char*, int pages);
    std::string path_;
    sqlite3* handle_;
    int wal_pages_ = 0;
};

class Statement {
  public:
    static Result<Statement> prepare(Database& database, std::string_view sql);
    Statement() = default;
    Statement(Statement&& other) noexcept : database_(other.database_), handle_(std::exchange(other.handle_, nullptr)) {}
    Statement& operator=(Statement&& other) noexcept {
        database_ = other.database_;
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Statement();

    /// Parameters count from 1. The bytes must live until `reset`.
    void bind(int index, std::string_view text);
    void bind_blob(int index, std::string_view bytes);
    void bind(int index, int64_t number);
    /// True when there is a row.
    Result<bool> step();
    /// Steps to the end and resets: for statements that return nothing.
    Result<void> run();
    void reset();

    int64_t column_int(int index) const;
    bool column_null(int index) const;
    /// Valid until the next step or reset.
    std::string_view column_bytes(int index) const;

  private:
    Statement(Database* database, sqlite3_stmt* handle) : database_(database), handle_(handle) {}
    Database* database_ = nullptr;
    sqlite3_stmt* handle_ = nullptr;
};

/// Rolls back unless committed.
class Transaction {
  public:
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Result<void> commit();

  private:
    explicit Transaction(Database* database) : database_(database) {}
    Database* database_;
};

}  // namespace orilla::store
