#include "orilla/loop/work_queue.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/log.hpp"
#include "orilla/loop/timeout.hpp"

namespace orilla::loop {

void WorkQueue::add(const std::string& key) {
    delayed_.erase(key);
    if (!dirty_.insert(key).second) return;
    if (processing_.count(key)) return;  // done() queues it again
    ready_.push_back(key);
    wake_.notify_one();
}

void WorkQueue::add_after(const std::string& key, int64_t delay_ms) {
    if (delay_ms <= 0) return add(key);
    auto& timer = delayed_[key];
    if (timer && timer->deadline_ms() <= loop_.now_ms() + delay_ms) return;
    if (!timer) timer = std::make_unique<Timer>(loop_);
    timer->arm_after(delay_ms, [this, copy = key] { add(std::string(copy)); });
}

Task<std::string> WorkQueue::next() {
    while (ready_.empty()) co_await wake_.wait();
    std::string key = std::move(ready_.front());
    ready_.pop_front();
    dirty_.erase(key);
    processing_.insert(key);
    co_return key;
}

void WorkQueue::done(const std::string& key) {
    processing_.erase(key);
    if (!dirty_.count(key)) return;
    ready_.push_back(key);
    wake_.notify_one();
}

Worker::Worker(Loop& loop, Reconciler& reconciler, WorkerOptions options)
    : loop_(loop), reconciler_(reconciler), options_(std::move(options)), queue_(loop), scope_(loop) {
    for (int i = 0; i < options_.concurrency; ++i) scope_.spawn(work());
}

Task<void> Worker::work() {
    for (;;) {
        std::string key = co_await queue_.next();
        // A long queue is many pieces of work: each key's ends here at the latest.
        co_await loop_.breathe();
        loop_.note(options_.name, key);
        auto task = reconciler_.reconcile(key);
        AWAIT(std::optional<Result<Outcome>> result, with_timeout(loop_, std::move(task), options_.reconcile_ms_max));
        settle(key, std::move(result));
        queue_.done(key);
    }
}

void Worker::settle(const std::string& key, std::optional<Result<Outcome>> result) {
    ++counters_.reconciled;
    if (result && *result) {
        failures_.erase(key);
        if ((*result)->again_after_ms >= 0) queue_.add_after(key, std::max<int64_t>((*result)->again_after_ms, 1));
        return;
    }
    ++counters_.failed;
    const Code code = result ? result->error().code() : Code::timeout;
    if (code == Code::cancelled) return;
    // Who waits for leave is told of once, not every minute.
    const bool known = code == Code::forbidden && failures_.contains(key);
    if (code != Code::conflict && !known) {
        const std::string why = result ? result->error().message() : "took too long";
        log::warning(fmt::format("{} {}: {}", options_.name, key, why));
    }
    if (code == Code::invalid || code == Code::bad_request) {
        failures_.erase(key);
        return;
    }
    const int failures = std::min(failures_[key]++, 30);
    queue_.add_after(key, std::min(options_.backoff_ms_min << failures, options_.backoff_ms_max));
}

}  // namespace orilla::loop
