// The order of writes: revisions are given away at submission, commits run one at a time on the executor, and changes are
// published in revision order once they count in their class. One key has at most one write under way, so no write ever
// depends on one that may still fail.
//
//   submit -> queued -> (durable: committing -> committed) -> published
//                            `-> failed: answered, its revision is skipped
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "index.hpp"
#include "orilla/store/sqlite_store.hpp"
#include "store_file.hpp"

namespace orilla::store {

/// A write between its submission and its answer.
struct Pending {
    explicit Pending(loop::Loop& loop) : settled_event(loop) {}
    WatchEvent::Type type = WatchEvent::Type::added;
    EntryPtr entry;
    Durability durability = Durability::durable;
    bool to_file = false;  ///< counts only once committed
    int64_t row = 0;       ///< where, when it goes to the file
    /// May use what is kept for making room on a full disk.
    bool urgent() const { return type == WatchEvent::Type::deleted || durability == Durability::urgent; }
    enum class Stage { queued, committing, committed } stage = Stage::queued;
    std::optional<Error> error;
    bool settled = false;
    loop::Event settled_event;
};
using PendingPtr = std::shared_ptr<Pending>;

/// A soft change that the file does not have.
struct Dirty {
    uint64_t revision = 0;
    int64_t row = 0;  ///< that the file has, or is about to; 0: none
};

/// How the file writes a key.
inline std::string file_key(const Key& key) { return key.resource + "/" + key.ns + "/" + key.name; }

class SqliteStore final : public Store {
  public:
    SqliteStore(loop::Loop& loop, loop::Executor& executor, StoreOptions options, std::unique_ptr<StoreFile> file);
    ~SqliteStore() override;
    Result<void> load();

    Task<Result<EntryPtr>> create(Key key, Durability durability, Value value) override;
    Task<Result<EntryPtr>> update(Key key, uint64_t expected_revision, Durability durability, Value value) override;
    Task<Result<EntryPtr>> remove(Key key, uint64_t expected_revision, Durability durability, Value last_state) override;
    EntryPtr find(const Key& key) const override { return index_.find(key); }
    Listing list(std::string_view resource, std::string_view ns) const override { return index_.list(resource, ns); }
    Result<Listing> list_at(std::string_view resource, std::string_view ns, uint64_t revision) const override {
        return index_.list_at(resource, ns, revision);
    }
    size_t count(std::string_view resource, std::string_view ns) const override { return index_.count(resource, ns); }
    Task<Result<std::shared_ptr<const std::string>>> load(EntryPtr entry) override;
    Task<Result<EntryPtr>> read(Key key) override;
    uint64_t revision() const override { return index_.revision(); }
    Result<std::unique_ptr<Watch>> watch(std::string_view resource, std::string_view ns, uint64_t from_revision) override;
    Task<void> settle() override;
    Task<void> give_back() override;
    Task<Result<void>> flush() override;
    Task<Result<void>> close() override;
    StoreStats stats() const override;

  private:
    /// What a caller asks for.
    struct Change {
        WatchEvent::Type type;
        Key key;
        uint64_t expected_revision;
        Durability durability;
        Value value;
    };
    /// One transaction under way. Shared with the executor; the loop looks at `result` only after it.
    struct Job {
        Batch batch;
        std::vector<PendingPtr> writes;  ///< empty for a write-behind of soft rows
        std::vector<Key> flushed;        ///< the keys of batch.rows, for a write-behind
        bool partial = false;            ///< a write-behind that left some for the next one
        Result<void> result;
        bool checkpoint_wanted = false;
    };
    using JobPtr = std::shared_ptr<Job>;

    Task<Result<EntryPtr>> write(Change change);
    Result<void> check(const Change& change) const;
    Result<void> check_open() const;
    bool is_resident(const Key& key, size_t size) const;
    Result<void> load_row(const LoadedRow& row, std::vector<Slot>& skipped);
    PendingPtr submit(Change change);
    Task<void> wait_for_pending(const Key& key);
    bool goes_to_file(const Change& change) const;

    // The pipeline.
    void schedule();
    void start_next_job();
    JobPtr plan_commit();
    JobPtr plan_flush();
    void plan_reservation(Job& job) const;
    void run(JobPtr job);
    void finish(const JobPtr& job);
    void finish_commit(const Job& job);
    void finish_flush(const Job& job);
    void checkpoint();
    void publish_ready();
    void publish(const Pending& pending);
    void settle(Pending& pending);
    void fail_writes(const Job& job, const Error& error);
    bool has_urgent() const;
    void fail_everything(const Error& error);
    bool needs_reservation() const { return !queue_.empty() && last_given_ > reserved_; }
    int64_t known_row(const Key& key) const;
    int64_t row_of(const Key& key);
    void mark_dirty(const Key& key, Dirty dirty);
    void arm_flush();
    void age_history();

    loop::Loop& loop_;
    loop::Executor& executor_;
    StoreOptions options_;
    std::shared_ptr<StoreFile> file_;
    std::shared_ptr<Index> shared_index_;  ///< with the watches
    Index& index_;

    std::deque<PendingPtr> queue_;  ///< in revision order, the published ones taken off
    std::unordered_map<Key, PendingPtr, KeyHash> pending_;
    size_t uncommitted_ = 0;  ///< of queue_, those that wait for a transaction
    uint64_t last_given_ = 0;
    uint64_t reserved_ = 0;

    std::map<Key, Dirty> dirty_;
    int64_t last_row_ = 0;  ///< the highest number that was given to a row
    loop::Timer flush_timer_;
    bool flush_due_ = false;
    std::optional<Error> flush_error_;

    loop::Timer history_timer_;

    bool disk_full_ = false;  ///< the last commit found no room: what is urgent goes alone
    bool busy_ = false;       ///< a job is with the executor
    bool scheduled_ = false;  ///< start_next_job is posted
    bool closing_ = false;
    std::optional<Error> broken_;  ///< the file can no longer be trusted
    loop::Event idle_;             ///< a job has ended
    StoreStats counters_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< callbacks hold it weakly
};

}  // namespace orilla::store
