// The keyed work queue and the worker that every controller shares. The queue promises what client-go's does: a key
// that is added while queued is queued once; a key that is added while it is being processed is processed again
// afterwards, never twice at a time. The worker re-queues failures with back-off and reports them once.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "orilla/base/result.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::loop {

class WorkQueue {
  public:
    explicit WorkQueue(Loop& loop) : loop_(loop), wake_(loop) {}

    void add(const std::string& key);
    /// At the earliest after `delay_ms`; an earlier date that is already set wins.
    void add_after(const std::string& key, int64_t delay_ms);
    /// The next key; it counts as being processed until `done`.
    Task<std::string> next();
    void done(const std::string& key);
    size_t depth() const { return ready_.size(); }
    size_t delayed() const { return delayed_.size(); }

  private:
    Loop& loop_;
    Event wake_;
    std::deque<std::string> ready_;
    std::unordered_set<std::string> dirty_;  ///< queued, or to be queued again once done
    std::unordered_set<std::string> processing_;
    std::unordered_map<std::string, std::unique_ptr<Timer>> delayed_;
};

/// What reconcile asks for: nothing more, or another look after `again_after_ms`.
struct Outcome {
    int64_t again_after_ms = -1;
};

/// One controller's act: reads everything afresh for `key` and does what is needed. Must be idempotent.
class Reconciler {
  public:
    virtual ~Reconciler() = default;
    virtual Task<Result<Outcome>> reconcile(std::string key) = 0;
};

struct WorkerOptions {
    std::string name;            ///< in logs and metrics: "deployment"
    int concurrency = 1;         ///< keys processed at a time
    int64_t backoff_ms_min = 5;  ///< after the first failure of a key, doubled for each further one
    int64_t backoff_ms_max = 60'000;
    int64_t reconcile_ms_max = 600'000;  ///< a reconcile that takes longer is cancelled and retried
};

struct WorkerCounters {
    uint64_t reconciled = 0;
    uint64_t failed = 0;
};

/// Takes keys off a queue and reconciles them. Errors with code conflict are retried quietly; invalid and bad_request are
/// reported and not retried (a change of the object will); everything else backs off: what is forbidden may be allowed later,
/// by a quota that somebody raises.
class Worker {
  public:
    Worker(Loop& loop, Reconciler& reconciler, WorkerOptions options);
    WorkQueue& queue() { return queue_; }
    const WorkerCounters& counters() const { return counters_; }
    const std::string& name() const { return options_.name; }

  private:
    Task<void> work();
    void settle(const std::string& key, std::optional<Result<Outcome>> result);
    Loop& loop_;
    Reconciler& reconciler_;
    WorkerOptions options_;
    WorkQueue queue_;
    WorkerCounters counters_;
    std::unordered_map<std::string, int> failures_;
    Scope scope_;
};

}  // namespace orilla::loop
