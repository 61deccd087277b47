// The writes that wait for their answer, in the order of their revisions: revisions are given away at submission, and changes
// are published in revision order once they count in their class. One key has at most one write under way, so no write ever
// depends on one that may still fail.
//
//   submit -> queued -> (durable: committing -> committed) -> published
//                            `-> failed: answered, its revision is skipped
#pragma once

#include <deque>
#include <unordered_map>

#include "history_age.hpp"
#include "index.hpp"
#include "write_behind.hpp"
#include "writes.hpp"

namespace orilla::store {

class WriteQueue {
  public:
    WriteQueue(loop::Loop& loop, Index& index, WriteBehind& behind, const StoreOptions& options);
    /// Revisions up to `reserved` are reserved in the file, those up to `last_given` are used.
    void start_at(uint64_t reserved, uint64_t last_given) { reserved_ = reserved, last_given_ = last_given; }

    /// Whether the change may be submitted now: it compares with what is published.
    Result<void> check(const Change& change) const;
    PendingPtr submit(Change change);
    bool has(const Key& key) const { return pending_.contains(key); }
    /// One of this key waits for a transaction, or for those before it.
    bool has_for_file(const Key& key) const;
    /// Until the key has no write under way: then what is published is what a compare must compare with, and a caller that
    /// loses can read what it lost to.
    Task<void> wait_for(Key key);
    bool empty() const { return queue_.empty(); }
    /// They are answered in the order of the queue.
    const PendingPtr& last() const { return queue_.back(); }

    /// How many wait for a transaction of their own.
    size_t uncommitted() const { return uncommitted_; }
    bool wants_commit() const { return uncommitted_ > 0 || (!queue_.empty() && last_given_ > reserved_); }
    JobPtr plan_commit();
    void finish_commit(const Job& job);
    /// Adds revisions to be reserved where they run out.
    void plan_reservation(Batch& batch) const;
    /// The file has what the batch reserved.
    void take_reservation(const Batch& batch) { reserved_ = batch.reserved.value_or(reserved_); }
    uint64_t reserved() const { return reserved_; }

    /// Shows and answers what counts.
    void publish_ready();
    void fail_all(const Error& error);
    void fill(StoreStats& stats) const;

  private:
    bool goes_to_file(const Change& change) const;
    bool has_urgent() const;
    void fail_writes(const Job& job, const Error& error);
    void publish(const Pending& pending);
    void settle(Pending& pending);

    loop::Loop& loop_;
    Index& index_;
    WriteBehind& behind_;
    const StoreOptions& options_;
    HistoryAge history_age_;
    std::deque<PendingPtr> queue_;  ///< in revision order, the published ones taken off
    std::unordered_map<Key, PendingPtr, KeyHash> pending_;
    size_t uncommitted_ = 0;  ///< of queue_, those that wait for a transaction
    uint64_t last_given_ = 0;
    uint64_t reserved_ = 0;
    bool disk_full_ = false;  ///< the last commit found no room: what is urgent goes alone
    uint64_t durable_writes_ = 0;
    uint64_t soft_writes_ = 0;
    uint64_t failed_writes_ = 0;
};

}  // namespace orilla::store
