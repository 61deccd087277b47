// The store's face: reads from the index, writes through the queue, and its life from opening to the last flush.
#pragma once

#include <memory>

#include "commits.hpp"
#include "index.hpp"
#include "loading.hpp"
#include "orilla/store/sqlite_store.hpp"
#include "store_file.hpp"
#include "write_behind.hpp"
#include "write_queue.hpp"

namespace orilla::store {

class SqliteStore final : public Store {
  public:
    SqliteStore(loop::Loop& loop, loop::Executor& executor, StoreOptions options, std::unique_ptr<StoreFile> file);
    ~SqliteStore() override { index_->shut(); }
    /// Before the first use.
    Result<void> load_all();

    Task<Result<EntryPtr>> create(Key key, Durability durability, Value value) override;
    Task<Result<EntryPtr>> update(Key key, uint64_t expected_revision, Durability durability, Value value) override;
    Task<Result<EntryPtr>> remove(Key key, uint64_t expected_revision, Durability durability, Value last_state) override;
    EntryPtr find(const Key& key) const override { return index_->find(key); }
    Listing list(std::string_view resource, std::string_view ns) const override { return index_->list(resource, ns); }
    Result<Listing> list_at(std::string_view resource, std::string_view ns, uint64_t revision) const override {
        return index_->list_at(resource, ns, revision);
    }
    size_t count(std::string_view resource, std::string_view ns) const override { return index_->count(resource, ns); }
    Task<Result<std::shared_ptr<const std::string>>> load(EntryPtr entry) override;
    Task<Result<EntryPtr>> read(Key key) override;
    uint64_t revision() const override { return index_->revision(); }
    Result<std::unique_ptr<Watch>> watch(std::string_view resource, std::string_view ns, uint64_t from_revision) override;
    Task<void> settle() override;
    Task<void> give_back() override;
    Task<Result<void>> flush() override;
    Task<Result<void>> close() override;
    StoreStats stats() const override;

  private:
    Task<Result<EntryPtr>> write(Change change);
    Result<void> check_open() const;

    loop::Loop& loop_;
    loop::Executor& executor_;
    const StoreOptions options_;
    std::shared_ptr<StoreFile> file_;
    std::shared_ptr<Index> index_;  ///< with the watches
    WriteBehind behind_;
    WriteQueue queue_;
    Commits commits_;
    bool closing_ = false;
};

}  // namespace orilla::store
