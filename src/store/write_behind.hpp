// What the file does not have yet: soft changes, written together once in an interval, and which row of the file is a key's.
// It promises that a key has one row until its removal is in the file, and that at rest no timer runs.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "index.hpp"
#include "writes.hpp"

namespace orilla::store {

class WriteBehind {
  public:
    using Overtaken = std::function<bool(const Key&)>;

    /// `due` is called when the interval is over.
    WriteBehind(loop::Loop& loop, Index& index, const StoreOptions& options, std::function<void()> due);
    /// The highest number that a row of the file has.
    void start_at(int64_t last_row) { last_row_ = last_row; }

    /// Where the file holds a key, or is about to; 0 when it does not.
    int64_t known_row(const Key& key) const;
    /// The same, or a new one: nothing in the file tells which of two would be the right one.
    int64_t row_of(const Key& key);

    /// A change that counts in memory.
    void add(const Key& key, uint64_t revision, int64_t row);
    /// The file has what is newer.
    void drop(const Key& key) { dirty_.erase(key); }
    bool has(const Key& key) const { return dirty_.contains(key); }
    bool empty() const { return dirty_.empty(); }

    /// A transaction of soft changes is to be made now.
    bool is_due() const { return due_; }
    void make_due(bool wanted) { due_ = wanted && !dirty_.empty(); }
    /// Null when there is nothing for one. What is `overtaken` is on its way to the file in a newer state.
    JobPtr plan(const Overtaken& overtaken);
    void finish(const Job& job);
    void stop() { timer_.disarm(); }

    /// Why the last transaction failed, until it is forgotten.
    const std::optional<Error>& error() const { return error_; }
    void forget_error() { error_.reset(); }
    uint64_t flushes() const { return flushes_; }

  private:
    /// A soft change that the file does not have.
    struct Dirty {
        uint64_t revision = 0;
        int64_t row = 0;  ///< that the file has, or is about to; 0: none
    };
    void arm();

    Index& index_;
    const StoreOptions& options_;
    const std::function<void()> tell_due_;
    std::map<Key, Dirty> dirty_;
    int64_t last_row_ = 0;  ///< the highest number that was given to a row
    loop::Timer timer_;
    bool due_ = false;
    std::optional<Error> error_;
    uint64_t flushes_ = 0;
};

}  // namespace orilla::store
