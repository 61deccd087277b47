// A store in a directory of its own, with an executor that the test can hold back.
#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <string>

#include "await.hpp"
#include "fake_clock.hpp"
#include "orilla/store/sqlite_store.hpp"

namespace orilla::test {

class TempDir {
  public:
    TempDir() {
        std::string name = (std::filesystem::temp_directory_path() / "orilla-store-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TempDir() { std::filesystem::remove_all(path_); }
    TempDir(const TempDir&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// Runs jobs at once, or keeps them until `release`.
class HoldingExecutor final : public loop::Executor {
  public:
    explicit HoldingExecutor(loop::Loop& loop) : loop_(loop) {}
    void submit(std::function<void()> job, std::function<void()> done) override {
        jobs_.push_back({std::move(job), std::move(done)});
        if (!hold) release();
    }
    void release() {
        while (!jobs_.empty()) {
            auto [job, done] = std::move(jobs_.front());
            jobs_.pop_front();
            job();
            loop_.post(std::move(done));
        }
    }
    /// A crash before the held jobs began, or after they did their work and before anybody was told.
    void crash(bool worked) {
        for (auto& [job, done] : jobs_)
            if (worked) job();
        jobs_.clear();
    }
    size_t held() const { return jobs_.size(); }
    bool hold = false;

  private:
    loop::Loop& loop_;
    std::deque<std::pair<std::function<void()>, std::function<void()>>> jobs_;
};

/// "REVISION:TEXT" as it is stored.
inline store::Value value_of(const std::string& text) { return {":" + text, 0}; }

struct StoreFixture {
    explicit StoreFixture(std::string data_dir = {}) {
        options.data_dir = std::move(data_dir);
        options.payload_resources.insert("pods");
    }

    void open() {
        auto opened = store::open_sqlite_store(loop, executor, options);
        if (!opened) throw std::runtime_error(opened.error().message());
        store = std::move(*opened);
    }
    /// As a crash would: nothing is flushed.
    void drop() { store.reset(); }
    void close() {
        auto closed = await(loop, store->close());
        if (!closed) throw std::runtime_error(closed.error().message());
        store.reset();
    }

    Result<store::EntryPtr> create(const std::string& name, const std::string& text,
                                   store::Durability durability = store::Durability::durable) {
        return await(loop, store->create(pod(name), durability, value_of(text)));
    }
    Result<store::EntryPtr> update(const std::string& name, uint64_t expected, const std::string& text,
                                   store::Durability durability = store::Durability::durable) {
        return await(loop, store->update(pod(name), expected, durability, value_of(text)));
    }
    Result<store::EntryPtr> remove(const std::string& name, uint64_t expected) {
        return await(loop, store->remove(pod(name), expected, store::Durability::durable, value_of("last")));
    }
    Started<Result<store::EntryPtr>> start_create(const std::string& name, const std::string& text) {
        return {loop, store->create(pod(name), store::Durability::durable, value_of(text))};
    }
    Started<Result<store::EntryPtr>> start_update(const std::string& name, uint64_t expected, const std::string& text) {
        return {loop, store->update(pod(name), expected, store::Durability::durable, value_of(text))};
    }

    static store::Key pod(const std::string& name) { return {"pods", "default", name}; }

    FakeClock clock;
    loop::Loop loop{clock};
    HoldingExecutor executor{loop};
    store::StoreOptions options;
    std::unique_ptr<store::Store> store;
};

}  // namespace orilla::test
