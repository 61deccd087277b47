#include "sqlite_store.hpp"

namespace orilla::store {

SqliteStore::SqliteStore(loop::Loop& loop, loop::Executor& executor, StoreOptions options, std::unique_ptr<StoreFile> file)
    : loop_(loop),
      executor_(executor),
      options_(std::move(options)),
      file_(std::move(file)),
      index_(std::make_shared<Index>(loop, IndexLimits{options_.history_events_max, options_.history_bytes_max,
                                                       options_.history_bytes_min, options_.history_old_bytes_max})),
      behind_(loop, *index_, options_, [this] { commits_.schedule(); }),
      queue_(loop, *index_, behind_, options_),
      commits_(loop, executor, options_, file_, queue_, behind_) {}

Result<void> SqliteStore::load_all() {
    TRY(const Loaded loaded, load_index(*index_, *file_, options_));
    behind_.start_at(loaded.last_row);
    queue_.start_at(loaded.reserved, loaded.revision);
    return ok();
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
    if (queue_.has(change.key)) {
        AWAIT_VOID(queue_.wait_for(change.key));
    }
    CO_CHECK_VOID(check_open());
    CO_CHECK_VOID(queue_.check(change));
    PendingPtr pending = queue_.submit(std::move(change));
    queue_.publish_ready();
    commits_.schedule();
    while (!pending->settled) co_await pending->settled_event.wait();
    if (pending->error) co_return *pending->error;
    co_return pending->entry;
}

Result<void> SqliteStore::check_open() const {
    if (commits_.broken()) return commits_.broken()->with_context("the store has failed");
    if (closing_) return Error(Code::unavailable, "the store is closing");
    return ok();
}

// ---- reads -----------------------------------------------------------------------------------------------------------

Task<Result<std::shared_ptr<const std::string>>> SqliteStore::load(EntryPtr entry) {
    if (entry->json) co_return entry->json;
    CO_CHECK_VOID(check_open());
    const Slot* slot = index_->find_slot(entry->key);
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
        EntryPtr entry = index_->find(key);
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
        AWAIT_VOID(queue_.wait_for(key));
    }
    co_return conflict_error(key);
}

Result<std::unique_ptr<Watch>> SqliteStore::watch(std::string_view resource, std::string_view ns, uint64_t from_revision) {
    TRY_VOID(check_open());
    return index_->watch(resource, ns, from_revision);
}

// ---- life ------------------------------------------------------------------------------------------------------------

Task<void> SqliteStore::settle() {
    if (queue_.empty()) co_return;
    const PendingPtr last = queue_.last();
    while (!last->settled) co_await last->settled_event.wait();
}

Task<void> SqliteStore::give_back() {
    index_->forget_before(loop_.now_ms() - options_.history_settled_ms);
    index_->shrink();
    index_->compact_history();
    for (const std::string& resource : options_.passing_resources) index_->compact(resource);
    if (closing_ || commits_.broken()) co_return;
    auto releasing = loop::run_on(executor_, loop_, [file = file_] { return file->release_memory(); });
    (void)co_await std::move(releasing);
}

Task<Result<void>> SqliteStore::flush() {
    CO_CHECK_VOID(check_open());
    AWAIT_VOID(commits_.drain(false));
    if (commits_.broken()) co_return *commits_.broken();
    if (behind_.error()) co_return *behind_.error();
    co_return ok();
}

Task<Result<void>> SqliteStore::close() {
    CO_CHECK_VOID(check_open());
    closing_ = true;
    index_->shut();
    behind_.stop();
    // Soft rows that find no room are given up; whatever else was accepted is still answered before the file goes.
    AWAIT_VOID(commits_.drain(true));
    behind_.stop();
    if (commits_.broken()) co_return *commits_.broken();
    // Nothing lies between the last revision and the next start, so the rest of the block need not be skipped.
    Batch last;
    if (queue_.reserved() != index_->revision()) last.reserved = index_->revision();
    auto job = [file = file_, last = std::move(last)] {
        Result<void> done = last.reserved ? file->apply(last) : ok();
        file->close();
        return done;
    };
    AWAIT(auto done, loop::run_on(executor_, loop_, std::move(job)));
    if (behind_.error()) co_return *behind_.error();
    co_return std::move(done);
}

StoreStats SqliteStore::stats() const {
    StoreStats stats;
    index_->fill(stats);
    queue_.fill(stats);
    commits_.fill(stats);
    stats.soft_flushes = behind_.flushes();
    return stats;
}

Result<std::unique_ptr<Store>> open_sqlite_store(loop::Loop& loop, loop::Executor& executor, StoreOptions options) {
    UniqueFd lock = options.lock ? std::move(*options.lock) : UniqueFd();
    if (!lock && !options.data_dir.empty()) {
        TRY(lock, lock_data_directory(options.data_dir));
    }
    TRY(auto file, StoreFile::open(options.data_dir, options.vfs, std::move(lock)));
    auto store = std::make_unique<SqliteStore>(loop, executor, std::move(options), std::move(file));
    auto loaded = store->load_all();
    if (!loaded) return std::move(loaded).error().with_context("load the store");
    return std::unique_ptr<Store>(std::move(store));
}

}  // namespace orilla::store
