#include "write_behind.hpp"

#include "orilla/base/log.hpp"

namespace orilla::store {

WriteBehind::WriteBehind(loop::Loop& loop, Index& index, const StoreOptions& options, std::function<void()> due)
    : index_(index), options_(options), tell_due_(std::move(due)), timer_(loop) {}

int64_t WriteBehind::known_row(const Key& key) const {
    const Slot* slot = index_.find_slot(key);
    if (slot && slot->row != 0) return slot->row;
    auto dirty = dirty_.find(key);
    return dirty == dirty_.end() ? 0 : dirty->second.row;
}

int64_t WriteBehind::row_of(const Key& key) {
    const int64_t row = known_row(key);
    return row != 0 ? row : ++last_row_;
}

void WriteBehind::add(const Key& key, uint64_t revision, int64_t row) {
    dirty_[key] = {revision, row};
    if (!due_ && !timer_.armed()) arm();
}

void WriteBehind::arm() {
    timer_.arm_after(options_.soft_flush_interval_ms, [this] {
        due_ = true;
        tell_due_();
    });
}

JobPtr WriteBehind::plan(const Overtaken& overtaken) {
    auto job = std::make_shared<Job>();
    size_t bytes = 0;
    for (auto& [key, dirty] : dirty_) {
        if (overtaken(key)) continue;
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
    if (!job->flushed.empty()) return job;
    due_ = false;
    return nullptr;
}

void WriteBehind::finish(const Job& job) {
    if (!job.result) {
        // Kept in memory and tried again after the interval.
        log::warning("write soft state: " + job.result.error().message());
        error_ = job.result.error();
        due_ = false;
        arm();
        return;
    }
    ++flushes_;
    for (size_t i = 0; i < job.flushed.size(); ++i) {
        const Key& key = job.flushed[i];
        const RowWrite& row = job.batch.rows[i];
        if (row.value) index_.written(key, row.revision, is_resident(options_, key, row.value->size()));
        auto found = dirty_.find(key);
        if (found != dirty_.end() && found->second.revision == row.revision) dirty_.erase(found);
    }
    // What became dirty meanwhile waits for the next interval, unless this was only a part.
    due_ = job.partial;
    if (!due_ && !dirty_.empty() && !timer_.armed()) arm();
}

}  // namespace orilla::store
