#include <unistd.h>

#include <algorithm>

#include "orilla/base/log.hpp"
#include "sqlite_store_impl.hpp"

namespace orilla::store {

namespace {
Result<Key> parse_file_key(std::string_view text) {
    const size_t first = text.find('/');
    const size_t second = first == std::string_view::npos ? first : text.find('/', first + 1);
    if (second == std::string_view::npos) return Error(Code::corrupt, "not a key: " + std::string(text));
    return Key{std::string(text.substr(0, first)), std::string(text.substr(first + 1, second - first - 1)),
               std::string(text.substr(second + 1))};
}

/// The same entry without its value.
EntryPtr lean(const EntryPtr& entry) {
    auto copy = std::make_shared<Entry>(*entry);
    copy->json = nullptr;
    return copy;
}
}  // namespace

SqliteStore::SqliteStore(loop::Loop& loop, loop::Executor& executor, StoreOptions options, std::unique_ptr<StoreFile> file)
    : loop_(loop),
      executor_(executor),
      options_(std::move(options)),
      file_(std::move(file)),
      shared_index_(std::make_shared<Index>(loop, IndexLimits{options_.history_events_max, options_.history_bytes_max,
                                                              options_.history_bytes_min, options_.history_old_bytes_max})),
      index_(*shared_index_),
      flush_timer_(loop),
      history_timer_(loop),
      idle_(loop) {}

SqliteStore::~SqliteStore() { index_.shut(); }

Result<void> SqliteStore::load() {
    TRY(reserved_, file_->read_reserved());
    last_given_ = reserved_;
    std::vector<Slot> skipped;
    Result<void> good;
    auto each = [this, &skipped, &good](const LoadedRow& row) {
        if (good) good = load_row(row, skipped);
    };
    TRY_VOID(file_->load(options_.resident_bytes_max, each));
    if (!good && good.error().code() == Code::corrupt && !options_.data_dir.empty()) {
        const std::string path = options_.data_dir + "/store.db";
        return Error(Code::corrupt, path + " is damaged (" + good.error().message() + "): " + way_out(path));
    }
    TRY_VOID(good);
    for (const Slot& slot : skipped) {
        auto whole = std::make_shared<Entry>(*slot.entry);
        TRY(whole->json, file_->read_value(slot.row, whole->revision));
        TRY_VOID(index_.load(std::move(whole), slot.row));
    }
    index_.start_at(last_given_);
    return ok();
}

/// Rows whose value was passed over but must be resident go to `skipped`.
Result<void> SqliteStore::load_row(const LoadedRow& row, std::vector<Slot>& skipped) {
    TRY(Key key, parse_file_key(row.key));
    last_given_ = std::max(last_given_, row.revision);
    last_row_ = std::max(last_row_, row.row);
    auto entry = std::make_shared<Entry>(Entry{std::move(key), row.revision, nullptr, row.size});
    const bool passed_over = row.size > options_.resident_bytes_max;
    if (!passed_over) entry->json = std::make_shared<const std::string>(row.value);
    if (!passed_over || !is_resident(entry->key, row.size)) return index_.load(std::move(entry), row.row);
    skipped.push_back({std::move(entry), row.row});
    return ok();
}

bool SqliteStore::is_resident(const Key& key, size_t size) const {
    return size <= options_.resident_bytes_max || !options_.payload_resources.contains(key.resource);
}

// ---- writes ----------------------------------------------------------------------------------------------------------

Task<Result<EntryPtr>> SqliteStore::create(Key key, Durability durability, Value value) {
    Change change{WatchEvent::Type::added, std::move(key), 0, durability, std::move(value)};
    return write(std::move(change));
}

Task<Result<EntryPtr>> SqliteStore::update(Key key, uint64_t expected_revision, Durability durability, Value value) {
    Change change{WatchEvent::Type::modified, std::move(key), expected_revision, durability, std::move(value)};
    return write(std::move(change));
}

Task<Result<EntryPtr>> SqliteStore::remove(Key key, uint64_t expected_revision, Durability durability, Value last_state) {
    Change change{WatchEvent::Type::deleted, std::move(key), expected_revision, durability, std::move(last_state)};
    return write(std::move(change));
}

Task<Result<EntryPtr>> SqliteStore::write(Change change) {
    if (pending_.contains(change.key)) {
        AWAIT_VOID(wait_for_pending(change.key));
    }
    CO_CHECK_VOID(check(change));
    PendingPtr pending = submit(std::move(change));
    while (!pending->settled) co_await pending->settled_event.wait();
    if (pending->error) co_return *pending->error;
    co_return pending->entry;
}

/// Until the key has no write under way: then what is published is what a compare must compare with, and a caller that
/// loses can read what it lost to.
Task<void> SqliteStore::wait_for_pending(const Key& key) {
    for (;;) {
        auto found = pending_.find(key);
        if (found == pending_.end()) co_return;
        PendingPtr pending = found->second;
        while (!pending->settled) co_await pending->settled_event.wait();
    }
}

Result<void> SqliteStore::check_open() const {
    if (broken_) return broken_->with_context("the store has failed");
    if (closing_) return Error(Code::unavailable, "the store is closing");
    return ok();
}

Result<void> SqliteStore::check(const Change& change) const {
    TRY_VOID(check_open());
    const EntryPtr current = index_.find(change.key);
    if (change.type == WatchEvent::Type::added) {
        if (current) return already_exists_error(change.key);
    } else {
        if (!current) return not_found_error(change.key);
        if (current->revision != change.expected_revision) return conflict_error(change.key);
    }
    if (queue_.size() >= options_.pending_writes_max)
        return Error(Code::too_many_requests, "too many writes are waiting for the disk, try again").with_retry_after(1);
    return ok();
}

bool SqliteStore::goes_to_file(const Change& change) const {
    if (change.durability == Durability::durable || change.durability == Durability::urgent) return true;
    if (change.type != WatchEvent::Type::deleted || change.durability == Durability::soft) return false;
    // A row that is there would come back after a restart.
    return known_row(change.key) != 0;
}

/// Where the file holds a key, or is about to; 0 when it does not.
int64_t SqliteStore::known_row(const Key& key) const {
    const Slot* slot = index_.find_slot(key);
    if (slot && slot->row != 0) return slot->row;
    auto dirty = dirty_.find(key);
    return dirty == dirty_.end() ? 0 : dirty->second.row;
}

/// A key keeps its row until its removal is in the file: nothing in there tells which of two would be the right one.
int64_t SqliteStore::row_of(const Key& key) {
    const int64_t row = known_row(key);
    return row != 0 ? row : ++last_row_;
}

PendingPtr SqliteStore::submit(Change change) {
    auto pending = std::make_shared<Pending>(loop_);
    const uint64_t revision = ++last_given_;
    auto json = std::make_shared<const std::string>(with_revision(change.value, revision));
    const size_t size = json->size();
    pending->type = change.type;
    pending->durability = change.durability;
    pending->to_file = goes_to_file(change);
    if (pending->to_file) pending->row = row_of(change.key);
    pending->entry = std::make_shared<const Entry>(Entry{std::move(change.key), revision, std::move(json), size});
    if (options_.submitted) options_.submitted(*pending->entry);
    queue_.push_back(pending);
    pending_.emplace(pending->entry->key, pending);
    if (pending->to_file) ++uncommitted_;
    publish_ready();
    schedule();
    return pending;
}

// ---- publishing ------------------------------------------------------------------------------------------------------

void SqliteStore::publish_ready() {
    while (!queue_.empty()) {
        Pending& front = *queue_.front();
        if (!front.error) {
            if (front.to_file && front.stage != Pending::Stage::committed) return;
            if (front.entry->revision > reserved_) return;
            publish(front);
        } else if (front.entry->revision <= reserved_) {
            // Never beyond: readers must not see a revision that a crash would give away again.
            index_.skip_to(front.entry->revision);
        }
        settle(front);
    }
}

void SqliteStore::publish(const Pending& pending) {
    const EntryPtr& entry = pending.entry;
    const bool stays_in_file = pending.to_file && !is_resident(entry->key, entry->size);
    EntryPtr kept = stays_in_file ? lean(entry) : entry;
    if (pending.type == WatchEvent::Type::deleted) kept = nullptr;
    const int64_t row = pending.to_file ? pending.row : known_row(entry->key);
    index_.publish(pending.type, entry, std::move(kept), row);
    if (index_.remembers_much() && !history_timer_.armed()) age_history();
    const bool soft = pending.durability == Durability::soft || pending.durability == Durability::memory;
    ++(soft ? counters_.soft_writes : counters_.durable_writes);
    if (pending.to_file) dirty_.erase(entry->key);
    // What a change in memory stands on is written with it, under its revision.
    else if (pending.durability == Durability::soft || dirty_.contains(entry->key))
        mark_dirty(entry->key, {entry->revision, row});
}

/// Answers the front of the queue and takes it off.
void SqliteStore::settle(Pending& pending) {
    PendingPtr keep = std::move(queue_.front());
    queue_.pop_front();
    pending_.erase(pending.entry->key);
    pending.settled = true;
    pending.settled_event.notify_all();
}

/// At rest the timer is not armed.
void SqliteStore::age_history() {
    if (!index_.forget_before(loop_.now_ms() - options_.history_young_ms)) return;
    history_timer_.arm_after(options_.history_young_ms, [this] { age_history(); });
}

void SqliteStore::mark_dirty(const Key& key, Dirty dirty) {
    dirty_[key] = dirty;
    arm_flush();
}

void SqliteStore::arm_flush() {
    if (flush_timer_.armed() || flush_due_) return;
    flush_timer_.arm_after(options_.soft_flush_interval_ms, [this] {
        flush_due_ = true;
        schedule();
    });
}

// ---- the pipeline ----------------------------------------------------------------------------------------------------

/// Starts a job in the loop's next turn, so that every write of this turn shares it; at once when enough have come, so
/// that the disk works while the loop takes in the rest.
void SqliteStore::schedule() {
    if (busy_ || broken_) return;
    if (uncommitted_ == 0 && !needs_reservation() && !flush_due_) return;
    if (uncommitted_ >= options_.batch_writes_min) return start_next_job();
    if (scheduled_) return;
    scheduled_ = true;
    loop_.post([this, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        scheduled_ = false;
        start_next_job();
    });
}

void SqliteStore::start_next_job() {
    if (busy_ || broken_) return;
    // The write-behind first: it is rare, and a stream of commits must not starve it.
    JobPtr job = flush_due_ ? plan_flush() : nullptr;
    if (!job && (uncommitted_ > 0 || needs_reservation())) job = plan_commit();
    if (job) run(std::move(job));
    else idle_.notify_all();
}

void SqliteStore::plan_reservation(Job& job) const {
    // Ahead of need where a transaction is made anyway; most soft writes then never wait for one.
    if (last_given_ + options_.revision_block / 4 > reserved_) job.batch.reserved = last_given_ + options_.revision_block;
}

/// Something that may use the reserve waits for a transaction. Soft writes do, for their revisions: they are what keeps
/// the status true, and a full disk is no reason to answer them less.
bool SqliteStore::has_urgent() const {
    return std::any_of(queue_.begin(), queue_.end(), [this](const PendingPtr& pending) {
        if (pending->error) return false;
        if (!pending->to_file) return pending->entry->revision > reserved_;
        return pending->urgent() && pending->stage == Pending::Stage::queued;
    });
}

SqliteStore::JobPtr SqliteStore::plan_commit() {
    auto job = std::make_shared<Job>();
    size_t bytes = 0;
    const bool urgent_only = disk_full_ && has_urgent();
    job->batch.may_use_reserve = true;
    for (const PendingPtr& pending : queue_) {
        if (!pending->to_file || pending->stage != Pending::Stage::queued || pending->error) continue;
        if (urgent_only && !pending->urgent()) continue;
        const EntryPtr& entry = pending->entry;
        const bool full = job->writes.size() >= options_.batch_writes_max || bytes + entry->size > options_.batch_bytes_max;
        if (full && !job->writes.empty()) break;
        const bool gone = pending->type == WatchEvent::Type::deleted;
        job->batch.rows.push_back({pending->row, file_key(entry->key), entry->revision, gone ? nullptr : entry->json});
        job->batch.may_use_reserve = job->batch.may_use_reserve && pending->urgent();
        pending->stage = Pending::Stage::committing;
        job->writes.push_back(pending);
        bytes += entry->size;
    }
    plan_reservation(*job);
    return job;
}

SqliteStore::JobPtr SqliteStore::plan_flush() {
    auto job = std::make_shared<Job>();
    size_t bytes = 0;
    for (auto& [key, dirty] : dirty_) {
        // What is on its way to the file is newer.
        auto pending = pending_.find(key);
        if (pending != pending_.end() && pending->second->to_file) continue;
        job->partial = job->batch.rows.size() >= options_.batch_writes_max || bytes > options_.batch_bytes_max;
        if (job->partial) break;
        const Slot* slot = index_.find_slot(key);
        const EntryPtr entry = slot ? slot->entry : nullptr;
        dirty.row = row_of(key);
        // At once: a write that is submitted while this is under way must mean the same row.
        if (slot) slot->row = dirty.row;
        job->batch.rows.push_back({dirty.row, file_key(key), dirty.revision, entry ? entry->json : nullptr});
        job->flushed.push_back(key);
        if (entry) bytes += entry->size;
    }
    if (job->flushed.empty()) {
        flush_due_ = false;
        return nullptr;
    }
    plan_reservation(*job);
    return job;
}

void SqliteStore::run(JobPtr job) {
    busy_ = true;
    executor_.submit(
        [file = file_, job, wal_pages_max = options_.wal_pages_max] {
            job->result = file->apply(job->batch);
            job->checkpoint_wanted = file->wants_checkpoint(wal_pages_max);
        },
        [this, alive = std::weak_ptr<bool>(alive_), job] {
            if (!alive.expired()) finish(job);
        });
}

void SqliteStore::finish(const JobPtr& job) {
    busy_ = false;
    if (job->result) {
        ++counters_.commits;
        if (job->batch.reserved) reserved_ = *job->batch.reserved;
    } else if (job->result.error().code() != Code::unavailable) {
        return fail_everything(job->result.error());
    }
    if (job->flushed.empty()) finish_commit(*job);
    else finish_flush(*job);
    publish_ready();
    if (job->checkpoint_wanted) checkpoint();
    schedule();
    idle_.notify_all();
}

void SqliteStore::finish_commit(const Job& job) {
    if (!job.result) return fail_writes(job, job.result.error());
    uncommitted_ -= job.writes.size();
    for (const PendingPtr& pending : job.writes) pending->stage = Pending::Stage::committed;
    if (!job.batch.may_use_reserve) disk_full_ = false;
}

void SqliteStore::finish_flush(const Job& job) {
    if (!job.result) {
        // Kept in memory and tried again after the interval.
        log::warning("write soft state: " + job.result.error().message());
        flush_error_ = job.result.error();
        flush_due_ = false;
        flush_timer_.arm_after(options_.soft_flush_interval_ms, [this] {
            flush_due_ = true;
            schedule();
        });
        return;
    }
    ++counters_.soft_flushes;
    for (size_t i = 0; i < job.flushed.size(); ++i) {
        const Key& key = job.flushed[i];
        const RowWrite& row = job.batch.rows[i];
        if (row.value) index_.written(key, row.revision, is_resident(key, row.value->size()));
        auto found = dirty_.find(key);
        if (found != dirty_.end() && found->second.revision == row.revision) dirty_.erase(found);
    }
    // What became dirty meanwhile waits for the next interval, unless this was only a part.
    flush_due_ = job.partial;
    if (!flush_due_ && !dirty_.empty()) arm_flush();
}

void SqliteStore::checkpoint() {
    struct Outcome {
        Result<void> result;
    };
    auto outcome = std::make_shared<Outcome>();
    executor_.submit([file = file_, outcome] { outcome->result = file->checkpoint(); },
                     [this, alive = std::weak_ptr<bool>(alive_), outcome] {
                         if (alive.expired() || outcome->result) return;
                         // A full disk: the WAL keeps everything, the next commit tries again.
                         if (outcome->result.error().code() != Code::unavailable) fail_everything(outcome->result.error());
                     });
}

// ---- failures --------------------------------------------------------------------------------------------------------

void SqliteStore::fail_writes(const Job& job, const Error& error) {
    disk_full_ = true;
    for (const PendingPtr& pending : job.writes) {
        // In company it could not use the reserve: once more, alone.
        pending->stage = Pending::Stage::queued;
        if (pending->urgent() && !job.batch.may_use_reserve) continue;
        pending->error = error;
        --uncommitted_;
        ++counters_.failed_writes;
    }
    if (!job.batch.reserved || !job.batch.may_use_reserve) return;
    // Without the reservation the soft ones beyond it cannot count either.
    for (const PendingPtr& pending : queue_) {
        if (pending->to_file || pending->error || pending->entry->revision <= reserved_) continue;
        pending->error = error;
        ++counters_.failed_writes;
    }
}

void SqliteStore::fail_everything(const Error& error) {
    if (broken_) return;
    broken_ = error;
    flush_timer_.disarm();
    for (const PendingPtr& pending : queue_) pending->error = error;
    while (!queue_.empty()) settle(*queue_.front());
    idle_.notify_all();
    if (options_.fatal) return options_.fatal(error);
    // Never tried again: the kernel may have dropped the pages. A restart reads what the disk really has.
    log::error("the store cannot be trusted any more, leaving: " + error.message());
    _exit(1);
}

}  // namespace orilla::store
