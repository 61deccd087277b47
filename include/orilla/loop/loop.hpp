// The event loop: one thread, one epoll, coroutines. It promises that a coroutine is only ever resumed from the loop's
// own turn, never from inside somebody else's call, so that state cannot change under a caller's feet; and that with
// nothing to do it sleeps until the next timer, for ever if there is none.
//
// Cancellation is destruction: a Scope owns the tasks it spawned and destroys them with itself.
#pragma once

#include <sys/types.h>

#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <vector>

#include "orilla/base/clock.hpp"
#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::loop {

class Loop;
class TurnMeter;

/// One piece of work may run for so long before `Loop::breathe` lets others go first.
constexpr int64_t step_ns_max = 5'000'000;
/// One turn takes up no new piece of work after so long, so that I/O is looked at in between.
constexpr int64_t turn_ns_max = 10'000'000;

/// Something that waits for one resumption; takes itself off wherever it is queued when destroyed.
class Waiter {
  public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

    std::coroutine_handle<> handle;

  private:
    friend class Loop;
    Loop* queued_in_ = nullptr;
};

/// A one-shot timer; destroying it disarms it.
class Timer {
  public:
    explicit Timer(Loop& loop) : loop_(loop) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { disarm(); }
    /// Calls `action` on the loop once `deadline_ms` (monotonic) has passed; replaces an earlier arming.
    void arm_at(int64_t deadline_ms, std::function<void()> action);
    void arm_after(int64_t delay_ms, std::function<void()> action);
    void disarm();
    bool armed() const { return armed_; }
    int64_t deadline_ms() const { return deadline_ms_; }

  private:
    friend class Loop;
    Loop& loop_;
    std::function<void()> action_;
    int64_t deadline_ms_ = 0;
    uint64_t order_ = 0;
    bool armed_ = false;
};

/// Hears that the peer of a watched fd has closed its side. Called while the loop looks at its fds: it may only queue work.
class HangUpListener {
  public:
    virtual ~HangUpListener() = default;
    virtual void hung_up() = 0;
};

/// Watches one fd, edge-triggered, registered once. Does not own the fd and must die before it is closed.
/// Use: try the system call, and on EAGAIN `co_await watch.readable()`, then try again; a wake may be spurious.
class FdWatch {
  public:
    FdWatch(Loop& loop, int fd);
    FdWatch(const FdWatch&) = delete;
    FdWatch& operator=(const FdWatch&) = delete;
    ~FdWatch();

    class ReadyAwaiter {
      public:
        ReadyAwaiter(bool& ready, Waiter*& slot) : ready_(ready), slot_(slot) {}
        ~ReadyAwaiter() {
            if (slot_ == &waiter_) slot_ = nullptr;
        }
        bool await_ready() const noexcept { return ready_; }
        void await_suspend(std::coroutine_handle<> handle);
        void await_resume() noexcept { ready_ = false; }

      private:
        bool& ready_;
        Waiter*& slot_;
        Waiter waiter_;
    };
    /// One task at a time may wait for each direction.
    ReadyAwaiter readable() { return {read_ready_, read_waiter_}; }
    ReadyAwaiter writable() { return {write_ready_, write_waiter_}; }
    /// The peer has closed its side: no further edge will come, so read until the end, also after a short read.
    bool hung_up() const { return hung_up_; }
    /// `listener` outlives the watch, or is taken back with null.
    void tell_hang_up(HangUpListener* listener) { listener_ = listener; }
    /// An edge has come that nobody has waited for yet: there may be something to read.
    bool may_read() const { return read_ready_; }

  private:
    friend class Loop;
    void fire(uint32_t epoll_events);
    Loop& loop_;
    int fd_;
    bool read_ready_ = false;
    bool write_ready_ = false;
    bool hung_up_ = false;
    HangUpListener* listener_ = nullptr;
    Waiter* read_waiter_ = nullptr;
    Waiter* write_waiter_ = nullptr;
};

/// A condition that tasks wait for: `notify_all` wakes those who wait now. Level-driven users re-check after waking.
class Event {
  public:
    explicit Event(Loop& loop) : loop_(loop) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    class Awaiter {
      public:
        explicit Awaiter(Event& event) : event_(event) {}
        ~Awaiter() {
            if (listed_) event_.waiters_.erase(position_);
        }
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle);
        void await_resume() noexcept {}

      private:
        friend class Event;
        Event& event_;
        Waiter waiter_;
        bool listed_ = false;
        std::list<Awaiter*>::iterator position_;
    };
    Awaiter wait() { return Awaiter(*this); }
    void notify_all();
    void notify_one();

  private:
    Loop& loop_;
    std::list<Awaiter*> waiters_;
};

/// Owns running tasks. Destroying it (or `cancel`) destroys those that have not ended, wherever they are suspended.
/// A task must not destroy the Scope that owns it; let it end, or `loop.post` the destruction.
class Scope {
  public:
    explicit Scope(Loop& loop);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();
    /// Starts the task now, up to its first suspension.
    void spawn(Task<void> task);
    void cancel();
    size_t running() const { return roots_.size(); }

    struct Root;

  private:
    Loop& loop_;
    std::list<std::unique_ptr<Root>> roots_;
};

class Loop {
  public:
    explicit Loop(const Clock& clock);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    const Clock& clock() const { return clock_; }
    int64_t now_ms() const { return clock_.monotonic_ms(); }

    /// Runs until `stop`.
    void run();
    void stop() { stopping_ = true; }
    /// Runs what is ready; when nothing was and `wait` is set, sleeps for the next event. True when something ran.
    bool turn(bool wait);
    /// Monotonic time of the next timer, -1 without one. A simulation advances its clock to it.
    int64_t next_deadline_ms() const;

    /// Calls `action` in a later turn.
    void post(std::function<void()> action);
    /// The same from any thread.
    void post_from_thread(std::function<void()> action);

    class SleepAwaiter {
      public:
        SleepAwaiter(Loop& loop, int64_t deadline_ms) : loop_(loop), timer_(loop), deadline_ms_(deadline_ms) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle);
        void await_resume() noexcept {}

      private:
        Loop& loop_;
        Waiter waiter_;
        Timer timer_;
        int64_t deadline_ms_;
    };
    SleepAwaiter sleep_for(int64_t delay_ms) { return {*this, now_ms() + delay_ms}; }
    SleepAwaiter sleep_until(int64_t deadline_ms) { return {*this, deadline_ms}; }
    /// Lets everybody else who is ready go first.
    SleepAwaiter yield() { return {*this, INT64_MIN}; }

    class BreathAwaiter {
      public:
        explicit BreathAwaiter(Loop& loop) : loop_(loop) {}
        bool await_ready() const noexcept { return !loop_.step_is_long(); }
        void await_suspend(std::coroutine_handle<> handle) {
            waiter_.handle = handle;
            loop_.make_ready(waiter_);
        }
        void await_resume() noexcept {}

      private:
        Loop& loop_;
        Waiter waiter_;
    };
    /// The same, but only when this piece of work has run for `step_ns_max` already. For every loop over many objects;
    /// what it looks at may have changed afterwards.
    BreathAwaiter breathe() { return BreathAwaiter(*this); }
    bool step_is_long() const { return clock_.monotonic_ns() - step_began_ns_ >= step_ns_max; }
    /// Says what this piece of work is about, for the warning about one that takes long: what kind ("a request for") and
    /// which of it.
    void note(std::string_view what, std::string_view which = {});
    /// How long turns have taken.
    const TurnMeter& meter() const { return *meter_; }

    /// Reaps this child when it has ended, and lets nobody wait for that.
    void reap(UniqueFd pidfd);

    /// Queues a suspended waiter for resumption in this or the next turn.
    void make_ready(Waiter& waiter);

  private:
    friend class Timer;
    friend class FdWatch;
    friend class Waiter;
    bool run_ready();
    bool run_posted();
    bool run_timers();
    bool end_step();
    void poll(int timeout_ms);
    void drain_thread_posts();

    struct TimerOrder {
        bool operator()(const Timer* a, const Timer* b) const {
            return a->deadline_ms_ != b->deadline_ms_ ? a->deadline_ms_ < b->deadline_ms_ : a->order_ < b->order_;
        }
    };

    const Clock& clock_;
    UniqueFd epoll_;
    UniqueFd wake_;
    std::deque<Waiter*> ready_;
    std::deque<std::function<void()>> posted_;
    std::set<Timer*, TimerOrder> timers_;
    uint64_t next_order_ = 0;
    size_t round_left_ = 0;      ///< of ready_ or posted_, those that were there when their round began
    bool posted_round_ = false;  ///< the round is one of posted_
    int64_t turn_began_ns_;
    int64_t step_began_ns_;  ///< one resumption, timer or posted action
    std::unique_ptr<TurnMeter> meter_;
    std::unique_ptr<Scope> reaping_;
    bool stopping_ = false;
    std::mutex thread_mutex_;
    std::vector<std::function<void()>> thread_posts_;
};

}  // namespace orilla::loop
