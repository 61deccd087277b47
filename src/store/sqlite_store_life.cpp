// The store's reads, and its life: opening, waiting for what is under way, the last flush.
#include "orilla/store/sqlite_store.hpp"

#include "sqlite_store_impl.hpp"

namespace orilla::store {

Task<Result<std::shared_ptr<const std::string>>> SqliteStore::load(EntryPtr entry) {
    if (entry->json) co_return entry->json;
    CO_CHECK_VOID(check_open());
    const Slot* slot = index_.find_slot(entry->key);
    if (!slot) co_return not_found_error(entry->key);
    auto job = [file = file_, row = slot->row, revision = entry->revision] { return file->read_value(row, revision); };
    AWAIT(auto result, loop::run_on(executor_, loop_, std::move(job)));
    if (!result && result.error().code() == Code::conflict) co_return conflict_error(entry->key);
    if (!result && result.error().code() == Code::not_found) co_return not_found_error(entry->key);
    co_return std::move(result);
}

Task<Result<EntryPtr>> SqliteStore::read(Key key) {
    constexpr int attempts_max = 16;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        EntryPtr entry = index_.find(key);
        if (!entry) co_return not_found_error(key);
        if (entry->json) co_return entry;
        AWAIT(auto value, load(entry));
        if (value) {
            auto whole = std::make_shared<Entry>(*entry);
            whole->json = std::move(*value);
            co_return EntryPtr(std::move(whole));
        }
        const Code code = value.error().code();
        if (code != Code::conflict && code != Code::not_found) co_return std::move(value).error();
        // The file is ahead of what is published: wait for that.
        AWAIT_VOID(wait_for_pending(key));
    }
    co_return conflict_error(key);
}

Result<std::unique_ptr<Watch>> SqliteStore::watch(std::string_view resource, std::string_view ns, uint64_t from_revision) {
    TRY_VOID(check_open());
    return index_.watch(resource, ns, from_revision);
}

Task<void> SqliteStore::settle() {
    if (queue_.empty()) co_return;
    // They are answered in the order of the queue.
    const PendingPtr last = queue_.back();
    while (!last->settled) co_await last->settled_event.wait();
}

Task<void> SqliteStore::give_back() {
    index_.forget_before(loop_.now_ms() - options_.history_settled_ms);
    index_.shrink();
    index_.compact_history();
    for (const std::string& resource : options_.passing_resources) index_.compact(resource);
    if (closing_ || broken_) co_return;
    auto releasing = loop::run_on(executor_, loop_, [file = file_] { return file->release_memory(); });
    (void)co_await std::move(releasing);
}

Task<Result<void>> SqliteStore::flush() {
    CO_CHECK_VOID(check_open());
    flush_error_.reset();
    while (!broken_ && !flush_error_ && (busy_ || !queue_.empty() || !dirty_.empty())) {
        flush_due_ = !dirty_.empty();
        schedule();
        co_await idle_.wait();
    }
    if (broken_) co_return *broken_;
    if (flush_error_) co_return *flush_error_;
    co_return ok();
}

Task<Result<void>> SqliteStore::close() {
    CO_CHECK_VOID(check_open());
    closing_ = true;
    index_.shut();
    flush_timer_.disarm();
    flush_error_.reset();
    // Soft rows that find no room are given up; whatever else was accepted is still answered before the file goes.
    while (!broken_ && (busy_ || !queue_.empty() || (!dirty_.empty() && !flush_error_))) {
        flush_due_ = !dirty_.empty() && !flush_error_;
        schedule();
        co_await idle_.wait();
    }
    flush_timer_.disarm();
    if (broken_) co_return *broken_;
    // Nothing lies between the last revision and the next start, so the rest of the block need not be skipped.
    Batch last;
    if (reserved_ != index_.revision()) last.reserved = index_.revision();
    auto job = [file = file_, last = std::move(last)] {
        Result<void> done = last.reserved ? file->apply(last) : ok();
        file->close();
        return done;
    };
    AWAIT(auto done, loop::run_on(executor_, loop_, std::move(job)));
    if (flush_error_) co_return *flush_error_;
    co_return std::move(done);
}

StoreStats SqliteStore::stats() const {
    StoreStats stats = counters_;
    index_.fill(stats);
    return stats;
}

Result<std::unique_ptr<Store>> open_sqlite_store(loop::Loop& loop, loop::Executor& executor, StoreOptions options) {
    UniqueFd lock = options.lock ? std::move(*options.lock) : UniqueFd();
    if (!lock && !options.data_dir.empty()) {
        TRY(lock, lock_data_directory(options.data_dir));
    }
    TRY(auto file, StoreFile::open(options.data_dir, options.vfs, std::move(lock)));
    auto store = std::make_unique<SqliteStore>(loop, executor, std::move(options), std::move(file));
    auto loaded = store->load();
    if (!loaded) return std::move(loaded).error().with_context("load the store");
    return std::unique_ptr<Store>(std::move(store));
}

}  // namespace orilla::store
