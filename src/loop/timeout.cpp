#include "orilla/loop/timeout.hpp"

namespace orilla::loop {

namespace {
Task<bool> then_true(Task<void> task) {
    co_await std::move(task);
    co_return true;
}
}  // namespace

Task<bool> with_timeout_void(Loop& loop, Task<void> task, int64_t limit_ms) {
    AWAIT(auto done, with_timeout(loop, then_true(std::move(task)), limit_ms));
    co_return done.has_value();
}

Task<void> wait_for(Loop& loop, Event& event, int64_t limit_ms) {
    Timer timer(loop);
    // Wakes every waiter of the event: they look again, as users of events do.
    timer.arm_after(limit_ms, [&event] { event.notify_all(); });
    co_await event.wait();
}

}  // namespace orilla::loop
