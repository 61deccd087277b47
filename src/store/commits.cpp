#include "commits.hpp"

#include <unistd.h>

#include "orilla/base/log.hpp"

namespace orilla::store {

Commits::Commits(loop::Loop& loop, loop::Executor& executor, const StoreOptions& options, std::shared_ptr<StoreFile> file,
                 WriteQueue& queue, WriteBehind& behind)
    : loop_(loop),
      executor_(executor),
      options_(options),
      file_(std::move(file)),
      queue_(queue),
      behind_(behind),
      idle_(loop) {}

void Commits::schedule() {
    if (busy_ || broken_) return;
    if (!queue_.wants_commit() && !behind_.is_due()) return;
    if (queue_.uncommitted() >= options_.batch_writes_min) return start_next_job();
    if (scheduled_) return;
    scheduled_ = true;
    loop_.post([this, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired()) return;
        scheduled_ = false;
        start_next_job();
    });
}

void Commits::start_next_job() {
    if (busy_ || broken_) return;
    // The write-behind first: it is rare, and a stream of commits must not starve it.
    JobPtr job = behind_.is_due() ? behind_.plan([this](const Key& key) { return queue_.has_for_file(key); }) : nullptr;
    if (job) queue_.plan_reservation(job->batch);
    else if (queue_.wants_commit()) job = queue_.plan_commit();
    if (job) run(std::move(job));
    else idle_.notify_all();
}

void Commits::run(JobPtr job) {
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

void Commits::finish(const JobPtr& job) {
    busy_ = false;
    if (job->result) {
        ++commits_;
        queue_.take_reservation(job->batch);
    } else if (job->result.error().code() != Code::unavailable) {
        return fail_everything(job->result.error());
    }
    if (job->flushed.empty()) queue_.finish_commit(*job);
    else behind_.finish(*job);
    queue_.publish_ready();
    if (job->checkpoint_wanted) checkpoint();
    schedule();
    idle_.notify_all();
}

void Commits::checkpoint() {
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

Task<void> Commits::drain(bool gives_up) {
    behind_.forget_error();
    for (;;) {
        const bool failed = behind_.error().has_value();
        const bool soft = !behind_.empty() && !failed;
        const bool rests = !busy_ && queue_.empty() && !soft;
        if (broken_ || rests || (failed && !gives_up)) co_return;
        behind_.make_due(!failed);
        schedule();
        co_await idle_.wait();
    }
}

void Commits::fail_everything(const Error& error) {
    if (broken_) return;
    broken_ = error;
    behind_.stop();
    queue_.fail_all(error);
    idle_.notify_all();
    if (options_.fatal) return options_.fatal(error);
    // Never tried again: the kernel may have dropped the pages. A restart reads what the disk really has.
    log::error("the store cannot be trusted any more, leaving: " + error.message());
    _exit(1);
}

}  // namespace orilla::store
