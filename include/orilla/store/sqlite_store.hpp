// The store on one SQLite file. It promises what Store promises, that a second process on the same directory and a file
// of a newer version are refused with a sentence, and that it writes nothing while nothing changes. A commit that fails
// other than by a full disk is fatal: the kernel may have dropped the pages, so only a restart knows what is on disk.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/store/store.hpp"

namespace orilla::store {

/// Makes the directory and keeps every other daemon off for as long as the descriptor is open. conflict when one has it.
Result<UniqueFd> lock_data_directory(const std::string& data_dir);

struct StoreOptions {
    std::string data_dir;  ///< made when absent; empty: a database in memory, for tests and simulations
    std::shared_ptr<UniqueFd>
        lock;  ///< of lock_data_directory, which the store lets go of when it closes; it takes it itself when there is none
    int64_t soft_flush_interval_ms = 30'000;
    /// Values of these above `resident_bytes_max` stay in the file; those of all others are in memory whatever their size.
    std::set<std::string, std::less<>> payload_resources;
    size_t resident_bytes_max = 16 * 1024;
    /// They come and go in numbers, the newest stay: `give_back` brings these together, unless they are more than some
    /// thousand.
    std::set<std::string, std::less<>> passing_resources;
    size_t history_events_max = 4096;
    size_t history_bytes_max = 2 * 1024 * 1024;
    /// What a watch gains by history is not to list again: beyond a quarter of what there is it is not worth its memory,
    /// but for this much ...
    size_t history_bytes_min = 256 * 1024;
    /// ... and what is older than this is dropped down to that.
    int64_t history_young_ms = 60'000;
    size_t history_old_bytes_max = 64 * 1024;
    int64_t history_settled_ms = 1'000;    ///< after a busy time, what is older counts as old at once
    size_t batch_writes_min = 16;          ///< so many do not wait for others
    size_t batch_writes_max = 512;         ///< of one transaction
    size_t batch_bytes_max = 1024 * 1024;  ///< a single larger write still fits
    size_t pending_writes_max = 4096;      ///< beyond: too_many_requests
    int wal_pages_max = 512;               ///< checkpoint beyond (4 MB)
    uint64_t revision_block = 100'000;     ///< revisions reserved on disk at a time
    /// Called on the loop when the file can no longer be trusted; must not return in the daemon. Default: log, _exit(1).
    std::function<void(const Error&)> fatal;
    std::string vfs;  ///< SQLite's file layer by name, for fault injection
    /// Told of each write that gets a revision, before it is under way; for whoever holds the store to what it promises.
    std::function<void(const Entry&)> submitted;
};

/// Opens (creates, migrates) the store and loads it. `executor` runs what blocks on the disk; it must outlive the store.
Result<std::unique_ptr<Store>> open_sqlite_store(loop::Loop& loop, loop::Executor& executor, StoreOptions options);

}  // namespace orilla::store
