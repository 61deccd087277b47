#include "write_queue.hpp"

#include <algorithm>

namespace orilla::store {

namespace {
/// The same entry without its value.
EntryPtr lean(const EntryPtr& entry) {
    auto copy = std::make_shared<Entry>(*entry);
    copy->json = nullptr;
    return copy;
}
}  // namespace

WriteQueue::WriteQueue(loop::Loop& loop, Index& index, WriteBehind& behind, const StoreOptions& options)
    : loop_(loop), index_(index), behind_(behind), options_(options), history_age_(loop, index, options.history_young_ms) {}

// ---- submission ------------------------------------------------------------------------------------------------------

Result<void> WriteQueue::check(const Change& change) const {
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

bool WriteQueue::goes_to_file(const Change& change) const {
    if (change.durability == Durability::durable || change.durability == Durability::urgent) return true;
    if (change.type != WatchEvent::Type::deleted || change.durability == Durability::soft) return false;
    // A row that is there would come back after a restart.
    return behind_.known_row(change.key) != 0;
}

PendingPtr WriteQueue::submit(Change change) {
    auto pending = std::make_shared<Pending>(loop_);
    const uint64_t revision = ++last_given_;
    auto json = std::make_shared<const std::string>(with_revision(change.value, revision));
    const size_t size = json->size();
    pending->type = change.type;
    pending->durability = change.durability;
    pending->to_file = goes_to_file(change);
    if (pending->to_file) pending->row = behind_.row_of(change.key);
    pending->entry = std::make_shared<const Entry>(Entry{std::move(change.key), revision, std::move(json), size});
    if (options_.submitted) options_.submitted(*pending->entry);
    queue_.push_back(pending);
    pending_.emplace(pending->entry->key, pending);
    if (pending->to_file) ++uncommitted_;
    return pending;
}

bool WriteQueue::has_for_file(const Key& key) const {
    auto found = pending_.find(key);
    return found != pending_.end() && found->second->to_file;
}

Task<void> WriteQueue::wait_for(Key key) {
    for (;;) {
        auto found = pending_.find(key);
        if (found == pending_.end()) co_return;
        PendingPtr pending = found->second;
        while (!pending->settled) co_await pending->settled_event.wait();
    }
}

// ---- publishing ------------------------------------------------------------------------------------------------------

void WriteQueue::publish_ready() {
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

void WriteQueue::publish(const Pending& pending) {
    const EntryPtr& entry = pending.entry;
    const bool stays_in_file = pending.to_file && !is_resident(options_, entry->key, entry->size);
    EntryPtr kept = stays_in_file ? lean(entry) : entry;
    if (pending.type == WatchEvent::Type::deleted) kept = nullptr;
    const int64_t row = pending.to_file ? pending.row : behind_.known_row(entry->key);
    index_.publish(pending.type, entry, std::move(kept), row);
    history_age_.grown();
    const bool soft = pending.durability == Durability::soft || pending.durability == Durability::memory;
    ++(soft ? soft_writes_ : durable_writes_);
    if (pending.to_file) behind_.drop(entry->key);
    // What a change in memory stands on is written with it, under its revision.
    else if (pending.durability == Durability::soft || behind_.has(entry->key)) behind_.add(entry->key, entry->revision, row);
}

/// Answers the front of the queue and takes it off.
void WriteQueue::settle(Pending& pending) {
    PendingPtr keep = std::move(queue_.front());
    queue_.pop_front();
    pending_.erase(pending.entry->key);
    pending.settled = true;
    pending.settled_event.notify_all();
}

// ---- commits ---------------------------------------------------------------------------------------------------------

void WriteQueue::plan_reservation(Batch& batch) const {
    // Ahead of need where a transaction is made anyway; most soft writes then never wait for one.
    if (last_given_ + options_.revision_block / 4 > reserved_) batch.reserved = last_given_ + options_.revision_block;
}

/// Something that may use the reserve waits for a transaction. Soft writes do, for their revisions: they are what keeps
/// the status true, and a full disk is no reason to answer them less.
bool WriteQueue::has_urgent() const {
    return std::any_of(queue_.begin(), queue_.end(), [this](const PendingPtr& pending) {
        if (pending->error) return false;
        if (!pending->to_file) return pending->entry->revision > reserved_;
        return pending->urgent() && pending->stage == Pending::Stage::queued;
    });
}

JobPtr WriteQueue::plan_commit() {
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
    plan_reservation(job->batch);
    return job;
}

void WriteQueue::finish_commit(const Job& job) {
    if (!job.result) return fail_writes(job, job.result.error());
    uncommitted_ -= job.writes.size();
    for (const PendingPtr& pending : job.writes) pending->stage = Pending::Stage::committed;
    if (!job.batch.may_use_reserve) disk_full_ = false;
}

void WriteQueue::fail_writes(const Job& job, const Error& error) {
    disk_full_ = true;
    for (const PendingPtr& pending : job.writes) {
        // In company it could not use the reserve: once more, alone.
        pending->stage = Pending::Stage::queued;
        if (pending->urgent() && !job.batch.may_use_reserve) continue;
        pending->error = error;
        --uncommitted_;
        ++failed_writes_;
    }
    if (!job.batch.reserved || !job.batch.may_use_reserve) return;
    // Without the reservation the soft ones beyond it cannot count either.
    for (const PendingPtr& pending : queue_) {
        if (pending->to_file || pending->error || pending->entry->revision <= reserved_) continue;
        pending->error = error;
        ++failed_writes_;
    }
}

void WriteQueue::fail_all(const Error& error) {
    for (const PendingPtr& pending : queue_) pending->error = error;
    while (!queue_.empty()) settle(*queue_.front());
}

void WriteQueue::fill(StoreStats& stats) const {
    stats.durable_writes = durable_writes_;
    stats.soft_writes = soft_writes_;
    stats.failed_writes = failed_writes_;
}

}  // namespace orilla::store
