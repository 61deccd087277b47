// One thread for what may block on a disk (the store's commits, large reads). Jobs run one after another in the order
// given; the awaiting coroutine goes on on the loop. A job must not touch anything the loop owns.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>

#include "orilla/loop/loop.hpp"

namespace orilla::loop {

/// Where blocking jobs run: a thread in the daemon, inline in a simulation.
class Executor {
  public:
    virtual ~Executor() = default;
    /// Runs `job`, then calls `done` on the loop.
    virtual void submit(std::function<void()> job, std::function<void()> done) = 0;
};

class IoThread final : public Executor {
  public:
    explicit IoThread(Loop& loop);
    /// Finishes what is queued; completions that were not delivered are dropped.
    ~IoThread() override;
    void submit(std::function<void()> job, std::function<void()> done) override;

  private:
    struct Job {
        std::function<void()> job;
        std::function<void()> done;
    };
    void work();
    Loop& loop_;
    std::mutex mutex_;
    std::condition_variable wanted_;
    std::deque<Job> jobs_;
    bool stopping_ = false;
    std::thread thread_;
};

/// Runs the job at once on the loop: deterministic, for tests and simulations.
class InlineExecutor final : public Executor {
  public:
    explicit InlineExecutor(Loop& loop) : loop_(loop) {}
    void submit(std::function<void()> job, std::function<void()> done) override {
        job();
        loop_.post(std::move(done));
    }

  private:
    Loop& loop_;
};

namespace detail {
/// Of the exception that is being handled.
Error describe_exception();
}  // namespace detail

#ifdef __cpp_exceptions  // rooms that are built without give no jobs
/// What the job returns, or throws where it returns a Result. A job that needs more memory than there is must not end the
/// daemon.
template <class Fn, class T = std::invoke_result_t<Fn>>
T call_job(Fn& fn) {
    if constexpr (std::is_convertible_v<Error, T>) {
        try {
            return fn();
        } catch (...) {
            return detail::describe_exception();
        }
    } else {
        return fn();
    }
}

/// `auto task = run_on(executor, loop, fn); auto value = co_await std::move(task);` The state is shared, so that a
/// cancelled waiter leaves the job its memory. What a job with a Result throws is its error.
template <class Fn, class T = std::invoke_result_t<Fn>>
Task<T> run_on(Executor& executor, Loop& loop, Fn fn) {
    struct State {
        explicit State(Loop& owner) : event(owner) {}
        std::optional<T> value;
        Event event;
        bool done = false;  ///< set on the loop, after the job: `value` is not ours to look at before
    };
    auto state = std::make_shared<State>(loop);
    executor.submit([state, fn = std::move(fn)]() mutable { state->value.emplace(call_job(fn)); },
                    [state] {
                        state->done = true;
                        state->event.notify_all();
                    });
    while (!state->done) co_await state->event.wait();
    co_return std::move(*state->value);
}
#endif

}  // namespace orilla::loop
