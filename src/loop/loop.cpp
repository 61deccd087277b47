#include "orilla/loop/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "orilla/loop/turn_meter.hpp"

namespace orilla::loop {

// ---- Waiter, Timer ---------------------------------------------------------------------------------------------------

Waiter::~Waiter() {
    if (!queued_in_) return;
    std::replace(queued_in_->ready_.begin(), queued_in_->ready_.end(), this, static_cast<Waiter*>(nullptr));
}

void Timer::arm_at(int64_t deadline_ms, std::function<void()> action) {
    disarm();
    action_ = std::move(action);
    deadline_ms_ = deadline_ms;
    order_ = loop_.next_order_++;
    loop_.timers_.insert(this);
    armed_ = true;
}

void Timer::arm_after(int64_t delay_ms, std::function<void()> action) { arm_at(loop_.now_ms() + delay_ms, std::move(action)); }

void Timer::disarm() {
    if (!armed_) return;
    loop_.timers_.erase(this);
    armed_ = false;
}

// ---- FdWatch ---------------------------------------------------------------------------------------------------------

FdWatch::FdWatch(Loop& loop, int fd) : loop_(loop), fd_(fd) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = this;
    // A regular file is always ready and epoll says EPERM: then every wait returns at once.
    if (epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_ADD, fd_, &event) != 0) read_ready_ = write_ready_ = true;
}

FdWatch::~FdWatch() { epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr); }

void FdWatch::fire(uint32_t events) {
    const bool ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && !hung_up_;
    hung_up_ = hung_up_ || ends;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        read_ready_ = true;
        if (auto* waiter = std::exchange(read_waiter_, nullptr)) loop_.make_ready(*waiter);
    }
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        write_ready_ = true;
        if (auto* waiter = std::exchange(write_waiter_, nullptr)) loop_.make_ready(*waiter);
    }
    if (ends && listener_) listener_->hung_up();
}

void FdWatch::ReadyAwaiter::await_suspend(std::coroutine_handle<> handle) {
    assert(slot_ == nullptr && "one waiter a direction");
    waiter_.handle = handle;
    slot_ = &waiter_;
}

// ---- Event -----------------------------------------------------------------------------------------------------------

void Event::Awaiter::await_suspend(std::coroutine_handle<> handle) {
    waiter_.handle = handle;
    position_ = event_.waiters_.insert(event_.waiters_.end(), this);
    listed_ = true;
}

void Event::notify_one() {
    if (waiters_.empty()) return;
    Awaiter* first = waiters_.front();
    waiters_.pop_front();
    first->listed_ = false;
    loop_.make_ready(first->waiter_);
}

void Event::notify_all() {
    while (!waiters_.empty()) notify_one();
}

// ---- Scope -----------------------------------------------------------------------------------------------------------

/// A spawned task and the little coroutine around it that takes it off the scope's list when it ends.
struct Scope::Root {
    Task<void> wrapper;
    Task<void>::Handle handle;
    bool started = false;
    bool ended = false;
    ~Root() {
        if (handle) handle.destroy();
    }
};

namespace {
Task<void> run_root(Loop& loop, Scope* scope, std::list<std::unique_ptr<Scope::Root>>* roots,
                    std::list<std::unique_ptr<Scope::Root>>::iterator position, Task<void> task) {
    (void)scope;
    co_await std::move(task);
    // This frame still runs, so it cannot be freed here: move it to the loop, which frees it in a later turn.
    std::shared_ptr<Scope::Root> root(std::move(*position));
    roots->erase(position);
    root->ended = true;
    loop.post([root]() mutable { root.reset(); });
}
}  // namespace

Scope::Scope(Loop& loop) : loop_(loop) {}
Scope::~Scope() { cancel(); }

void Scope::spawn(Task<void> task) {
    auto position = roots_.insert(roots_.end(), std::make_unique<Root>());
    Root* root = position->get();
    auto wrapper = run_root(loop_, this, &roots_, position, std::move(task));
    root->handle = wrapper.release();
    root->handle.resume();
}

void Scope::cancel() {
    // A destructor of one task may spawn or end others: take them one by one.
    while (!roots_.empty()) {
        auto root = std::move(roots_.front());
        roots_.pop_front();
        root.reset();
    }
}

// ---- Loop ------------------------------------------------------------------------------------------------------------

Loop::Loop(const Clock& clock)
    : clock_(clock),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      turn_began_ns_(clock.monotonic_ns()),
      step_began_ns_(turn_began_ns_),
      meter_(std::make_unique<TurnMeter>()),
      reaping_(std::make_unique<Scope>(*this)) {
    assert(epoll_ && wake_);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;  // stands for wake_
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
}

Loop::~Loop() {
    // Ended tasks that were not freed yet; their destructors may post once more.
    while (!posted_.empty()) {
        auto action = std::move(posted_.front());
        posted_.pop_front();
        action = nullptr;
    }
    reaping_.reset();
    for (Waiter* waiter : ready_)
        if (waiter) waiter->queued_in_ = nullptr;
    for (Timer* timer : timers_) timer->armed_ = false;
}

void Loop::make_ready(Waiter& waiter) {
    if (waiter.queued_in_) return;
    waiter.queued_in_ = this;
    ready_.push_back(&waiter);
}

namespace {
Task<void> reap_in_the_end(Loop& loop, UniqueFd pidfd) {
    FdWatch watch(loop, pidfd.get());
    for (;;) {
        siginfo_t info{};
        const int rc = waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG);
        if (rc != 0 && errno == EINTR) continue;
        if (rc != 0 || info.si_pid != 0) co_return;
        co_await watch.readable();
    }
}
}  // namespace

void Loop::reap(UniqueFd pidfd) { reaping_->spawn(reap_in_the_end(*this, std::move(pidfd))); }

void Loop::post(std::function<void()> action) { posted_.push_back(std::move(action)); }

void Loop::post_from_thread(std::function<void()> action) {
    {
        std::lock_guard lock(thread_mutex_);
        thread_posts_.push_back(std::move(action));
    }
    const uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void Loop::SleepAwaiter::await_suspend(std::coroutine_handle<> handle) {
    waiter_.handle = handle;
    if (deadline_ms_ == INT64_MIN) return loop_.make_ready(waiter_);
    timer_.arm_at(deadline_ms_, [this] { loop_.make_ready(waiter_); });
}

int64_t Loop::next_deadline_ms() const { return timers_.empty() ? -1 : (*timers_.begin())->deadline_ms_; }

void Loop::note(std::string_view what, std::string_view which) { meter_->note(clock_.monotonic_ns(), what, which); }

/// True when the turn has gone on for long enough: what is left waits for the next one.
bool Loop::end_step() {
    step_began_ns_ = clock_.monotonic_ns();
    meter_->end_step(step_began_ns_);
    return step_began_ns_ - turn_began_ns_ >= turn_ns_max;
}

/// A round is what was there when it began: what that makes ready waits for the next one, so that I/O is never starved.
/// A long round goes on in the next turn.
bool Loop::run_ready() {
    bool ran = false;
    if (!posted_round_) {
        if (round_left_ == 0) round_left_ = ready_.size();
        while (round_left_ > 0) {
            --round_left_;
            Waiter* waiter = ready_.front();
            ready_.pop_front();
            if (!waiter) continue;
            waiter->queued_in_ = nullptr;
            ran = true;
            waiter->handle.resume();
            if (end_step() && round_left_ > 0) return true;
        }
        posted_round_ = true;
        round_left_ = posted_.size();
    }
    return run_posted() || ran;
}

bool Loop::run_posted() {
    bool ran = false;
    while (round_left_ > 0) {
        --round_left_;
        auto action = std::move(posted_.front());
        posted_.pop_front();
        ran = true;
        action();
        if (end_step() && round_left_ > 0) return true;
    }
    posted_round_ = false;
    return ran;
}

bool Loop::run_timers() {
    if (timers_.empty()) return false;
    bool ran = false;
    const int64_t now = now_ms();
    const uint64_t armed_before = next_order_;  // a timer armed by an action waits for the next turn
    while (!timers_.empty()) {
        Timer* timer = *timers_.begin();
        if (timer->deadline_ms_ > now || timer->order_ >= armed_before) break;
        timer->disarm();
        ran = true;
        auto action = std::move(timer->action_);
        action();  // may destroy the timer
        if (end_step()) break;
    }
    return ran;
}

void Loop::drain_thread_posts() {
    uint64_t count = 0;
    [[maybe_unused]] ssize_t got = ::read(wake_.get(), &count, sizeof count);
    std::vector<std::function<void()>> actions;
    {
        std::lock_guard lock(thread_mutex_);
        actions.swap(thread_posts_);
    }
    for (auto& action : actions) posted_.push_back(std::move(action));
}

void Loop::poll(int timeout_ms) {
    constexpr int events_per_turn_max = 64;
    epoll_event events[events_per_turn_max];
    const int count = epoll_wait(epoll_.get(), events, events_per_turn_max, timeout_ms);
    // fire() only queues, so no watch can die while the batch still names it.
    for (int i = 0; i < count; ++i) {
        auto* watch = static_cast<FdWatch*>(events[i].data.ptr);
        if (!watch) drain_thread_posts();
        else watch->fire(events[i].events);
    }
}

bool Loop::turn(bool wait) {
    int timeout_ms = 0;
    if (wait && ready_.empty() && posted_.empty()) {
        const int64_t deadline = next_deadline_ms();
        if (timers_.empty()) timeout_ms = -1;
        else timeout_ms = static_cast<int>(std::clamp<int64_t>(deadline - now_ms(), 0, INT_MAX));
    }
    poll(timeout_ms);
    turn_began_ns_ = step_began_ns_ = clock_.monotonic_ns();
    meter_->begin_turn(turn_began_ns_);
    bool ran = run_timers();
    ran |= run_ready();
    meter_->end_turn(clock_.monotonic_ns());
    return ran;
}

void Loop::run() {
    while (!stopping_) turn(true);  // a stop before the first turn counts as well
    stopping_ = false;
}

}  // namespace orilla::loop
