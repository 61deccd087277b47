// A child process that writes to a store as fast as it can and tells every acknowledged name through a pipe, until it is
// killed or its disk goes away.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/store/sqlite_store.hpp"

namespace orilla::test {

inline store::Key written_key(const std::string& name) { return {"pods", "default", name}; }

namespace detail {

inline store::Value large_value() { return {std::string(2000, 'x'), 0}; }

inline loop::Task<void> write_forever(store::Store& store, std::string prefix, int fd) {
    for (int i = 0;; ++i) {
        const std::string name = prefix + std::to_string(i);
        AWAIT(auto done, store.create(written_key(name), store::Durability::durable, large_value()));
        if (!done) _exit(3);
        const std::string line = name + "\n";
        if (::write(fd, line.data(), line.size()) < 0) _exit(4);
        // Soft writes take revisions too, and may be lost.
        auto softening = store.update(written_key(name), (*done)->revision, store::Durability::soft, large_value());
        (void)co_await std::move(softening);
    }
}

[[noreturn]] inline void run_writer(const std::string& dir, const std::string& prefix, int fd) {
    SystemClock clock;
    loop::Loop loop(clock);
    loop::IoThread io(loop);
    store::StoreOptions options;
    options.data_dir = dir;
    options.wal_pages_max = 64;
    options.soft_flush_interval_ms = 50;
    auto store = store::open_sqlite_store(loop, io, options);
    if (!store) _exit(2);
    loop::Scope scope(loop);
    for (int i = 0; i < 8; ++i) scope.spawn(write_forever(**store, prefix + std::to_string(i) + "-", fd));
    loop.run();
    _exit(5);
}

}  // namespace detail

class StoreWriter {
  public:
    StoreWriter(const std::string& dir, const std::string& prefix) {
        int fds[2];
        if (::pipe(fds) != 0) return;
        pid_ = ::fork();
        if (pid_ == 0) detail::run_writer(dir, prefix, fds[1]);
        ::close(fds[1]);
        pipe_.reset(fds[0]);
    }
    StoreWriter(const StoreWriter&) = delete;
    ~StoreWriter() { (void)end(); }

    /// Reads acknowledgements until there are `bytes` of them or the child has ended.
    void wait_for(size_t bytes) {
        while (text_.size() < bytes && read_some()) {
        }
    }
    /// Kills it; the names it acknowledged. Only whole lines count.
    std::vector<std::string> end() {
        std::vector<std::string> names;
        if (pid_ <= 0) return names;
        ::kill(pid_, SIGKILL);
        while (read_some()) {
        }
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
        for (size_t at = 0, stop; (stop = text_.find('\n', at)) != std::string::npos; at = stop + 1)
            names.push_back(text_.substr(at, stop - at));
        return names;
    }

  private:
    bool read_some() {
        char buffer[4096];
        const ssize_t got = ::read(pipe_.get(), buffer, sizeof buffer);
        if (got > 0) text_.append(buffer, static_cast<size_t>(got));
        return got > 0;
    }
    pid_t pid_ = -1;
    UniqueFd pipe_;
    std::string text_;
};

}  // namespace orilla::test
