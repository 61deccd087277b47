// One transaction at a time on the executor: which is next, and what follows from how it ended. It promises that a failure
// other than a full disk ends everything: the kernel may have dropped the pages, so only a restart knows what is on the disk.
#pragma once

#include <memory>
#include <optional>

#include "write_behind.hpp"
#include "write_queue.hpp"
#include "writes.hpp"

namespace orilla::store {

class Commits {
  public:
    Commits(loop::Loop& loop, loop::Executor& executor, const StoreOptions& options, std::shared_ptr<StoreFile> file,
            WriteQueue& queue, WriteBehind& behind);

    /// Starts a job in the loop's next turn, so that every write of this turn shares it; at once when enough have come, so
    /// that the disk works while the loop takes in the rest.
    void schedule();
    /// Runs jobs until nothing is left to be written. Soft rows that cannot be written end it; with `gives_up` they are left
    /// and the others are waited for.
    Task<void> drain(bool gives_up);

    /// The file can no longer be trusted.
    const std::optional<Error>& broken() const { return broken_; }
    void fill(StoreStats& stats) const { stats.commits = commits_; }

  private:
    void start_next_job();
    void run(JobPtr job);
    void finish(const JobPtr& job);
    void checkpoint();
    void fail_everything(const Error& error);

    loop::Loop& loop_;
    loop::Executor& executor_;
    const StoreOptions& options_;
    std::shared_ptr<StoreFile> file_;
    WriteQueue& queue_;
    WriteBehind& behind_;
    bool busy_ = false;       ///< a job is with the executor
    bool scheduled_ = false;  ///< start_next_job is posted
    std::optional<Error> broken_;
    loop::Event idle_;  ///< a job has ended
    uint64_t commits_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< callbacks hold it weakly
};

}  // namespace orilla::store
