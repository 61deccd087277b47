// Bounds a wait: the task is destroyed when the time is up.
#pragma once

#include <optional>
#include <string>

#include "orilla/loop/loop.hpp"

namespace orilla::loop {

namespace detail {
template <class T>
Task<void> store_into(Task<T> task, std::optional<T>* out, Event* done) {
    out->emplace(co_await std::move(task));
    done->notify_all();
}
}  // namespace detail

/// The task's value, or nothing when `limit_ms` passed first: the task is cancelled (destroyed) then.
template <class T>
Task<std::optional<T>> with_timeout(Loop& loop, Task<T> task, int64_t limit_ms) {
    std::optional<T> value;
    Event done(loop);
    bool late = false;
    Timer timer(loop);
    Scope scope(loop);
    timer.arm_after(limit_ms, [&] {
        late = true;
        done.notify_all();
    });
    scope.spawn(detail::store_into(std::move(task), &value, &done));
    while (!value && !late) co_await done.wait();
    co_return std::move(value);
}

/// The same for Results: Code::timeout with `what` in the message.
template <class T>
Task<Result<T>> with_deadline(Loop& loop, Task<Result<T>> task, int64_t limit_ms, std::string what) {
    AWAIT(std::optional<Result<T>> result, with_timeout(loop, std::move(task), limit_ms));
    if (!result) co_return Error(Code::timeout, what + ": timed out after " + std::to_string(limit_ms) + " ms");
    co_return std::move(*result);
}

/// The same for a task without a value; false when the time was up.
Task<bool> with_timeout_void(Loop& loop, Task<void> task, int64_t limit_ms);

/// Waits for the event, at most `limit_ms`.
Task<void> wait_for(Loop& loop, Event& event, int64_t limit_ms);

}  // namespace orilla::loop
