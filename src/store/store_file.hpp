// The store's file: what is on the disk, in blocking calls for the I/O thread. It promises that `apply` is all or
// nothing and on the disk when it returns; it knows nothing of watches, classes or who waits.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orilla/base/unique_fd.hpp"
#include "reserve.hpp"
#include "sqlite.hpp"

namespace orilla::store {

struct RowWrite {
    int64_t row = 0;  ///< its number, from 1; a key has one row, which whoever calls keeps account of
    std::string key;  ///< resource/namespace/name
    uint64_t revision = 0;
    std::shared_ptr<const std::string> value;  ///< null: delete the row
};

/// One transaction.
struct Batch {
    std::vector<RowWrite> rows;
    std::optional<uint64_t> reserved;  ///< revisions up to here are given away from now on
    bool may_use_reserve = false;      ///< it makes room, or nothing that makes room works without it
};

struct LoadedRow {
    int64_t row;
    std::string_view key;
    uint64_t revision;
    std::string_view value;  ///< empty when not resident
    size_t size;
};

class StoreFile {
  public:
    /// `data_dir` empty: in memory. `lock` is lock_data_directory's.
    static Result<std::unique_ptr<StoreFile>> open(const std::string& data_dir, const std::string& vfs, UniqueFd lock);

    /// Calls `each` for every row; values above `resident_bytes_max` are left in the file.
    Result<void> load(size_t resident_bytes_max, const std::function<void(const LoadedRow&)>& each);
    Result<uint64_t> read_reserved();
    Result<void> apply(const Batch& batch);
    /// `conflict` when the row has another revision by now, not_found when it is gone.
    Result<std::shared_ptr<const std::string>> read_value(int64_t row, uint64_t revision);
    /// While the disk is full the WAL starts over after each commit, in the space that it has.
    bool wants_checkpoint(int wal_pages_max) const { return kept_space_.in_use() || database_->wal_pages() > wal_pages_max; }
    Result<void> checkpoint();
    /// The cache of pages. False when it is closed.
    bool release_memory();
    /// Empties the WAL and lets go of file and lock.
    void close();

  private:
    StoreFile() = default;
    Result<void> configure();
    Result<void> prepare();
    Result<void> apply_row(const RowWrite& row);
    Result<void> apply_once(const Batch& batch);
    Result<void> apply_with_reserve(const Batch& batch);
    UniqueFd lock_;  // released last
    std::unique_ptr<Database> database_;
    Statement upsert_;
    Statement delete_;
    Statement reserve_;
    Statement select_;
    Reserve kept_space_;
};

}  // namespace orilla::store
