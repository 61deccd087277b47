#include "orilla/loop/io_pool.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>

namespace orilla::loop {
namespace {

using Time = std::chrono::steady_clock;
constexpr size_t stack_bytes = 512 * 1024;

struct Job {
    std::function<void()> job;
    std::function<void()> done;
};

struct AtWork {
    Time::time_point since;
    bool hung = false;
};

}  // namespace

struct IoPool::State {
    State(Loop& owner, IoPoolLimits given) : limits(given), loop(&owner) {}
    const IoPoolLimits limits;
    std::mutex mutex;
    std::condition_variable ended;  ///< a job
    Loop* loop;                     ///< null once the pool has gone
    std::deque<Job> waiting;
    std::list<AtWork> at_work;
    int threads = 0;
    int hung = 0;

    /// Locked. Counts those that take too long; returns when there may be another one.
    Time::time_point count_hung();
    bool has_room() const { return threads - hung < limits.at_work_max && threads < limits.threads_max; }
};

Time::time_point IoPool::State::count_hung() {
    const auto now = Time::now();
    const auto hung_after = std::chrono::milliseconds(limits.hung_ms);
    auto next = now + hung_after;
    for (auto& one : at_work) {
        if (one.hung) continue;
        if (one.since + hung_after > now) {
            next = std::min(next, one.since + hung_after);
            continue;
        }
        one.hung = true;
        ++hung;
    }
    return next;
}

namespace {

/// Until there is nothing to do, or others do it: of those that hung and came back there may be too many.
void work(const std::shared_ptr<IoPool::State>& state) {
    std::unique_lock lock(state->mutex);
    while (!state->waiting.empty() && state->threads - state->hung <= state->limits.at_work_max) {
        Job job = std::move(state->waiting.front());
        state->waiting.pop_front();
        const auto place = state->at_work.insert(state->at_work.end(), {Time::now()});
        lock.unlock();
        job.job();
        job.job = nullptr;
        lock.lock();
        if (place->hung) --state->hung;
        state->at_work.erase(place);
        if (state->loop) state->loop->post_from_thread(std::move(job.done));
        state->ended.notify_all();
    }
    --state->threads;
}

void* run_thread(void* given) {
    const std::unique_ptr<std::shared_ptr<IoPool::State>> state(static_cast<std::shared_ptr<IoPool::State>*>(given));
    work(*state);
    return nullptr;
}

/// False when the kernel gives no thread: the next look tries again.
bool start_thread(const std::shared_ptr<IoPool::State>& state) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // Signals belong to the loop's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    auto given = std::make_unique<std::shared_ptr<IoPool::State>>(state);
    pthread_t thread;
    const bool started = pthread_create(&thread, &attributes, run_thread, given.get()) == 0;
    if (started) (void)given.release();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    return started;
}

/// Locked. As many as there are jobs for.
void start_threads(const std::shared_ptr<IoPool::State>& state) {
    for (size_t i = 0; i < state->waiting.size() && state->has_room(); ++i) {
        ++state->threads;
        if (start_thread(state)) continue;
        --state->threads;
        return;
    }
}

}  // namespace

IoPool::IoPool(Loop& loop, IoPoolLimits limits) : state_(std::make_shared<State>(loop, limits)), look_(loop) {}

IoPool::~IoPool() {
    std::unique_lock lock(state_->mutex);
    state_->loop = nullptr;
    state_->waiting.clear();
    state_->count_hung();
    const auto until = Time::now() + std::chrono::milliseconds(state_->limits.stop_ms_max);
    state_->ended.wait_until(lock, until, [this] { return state_->at_work.size() <= static_cast<size_t>(state_->hung); });
}

void IoPool::submit(std::function<void()> job, std::function<void()> done) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->waiting.push_back({std::move(job), std::move(done)});
    }
    look();
}

/// Also with each new job: while none waited, nobody looked at what has been hanging.
void IoPool::look() {
    const std::lock_guard lock(state_->mutex);
    const auto next = state_->count_hung();
    start_threads(state_);
    if (state_->waiting.empty()) return look_.disarm();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Time::now());
    look_.arm_after(std::max<int64_t>(left.count(), 1), [this] { look(); });
}

}  // namespace orilla::loop
