// A task that goes on when whoever waits for it goes away.
#pragma once

#include <memory>
#include <optional>

#include "orilla/loop/loop.hpp"

namespace orilla::loop {

namespace detail {
template <class T>
struct Outcome {
    explicit Outcome(Loop& loop) : ended(loop) {}
    std::optional<T> value;
    Event ended;
};
template <class T>
Task<void> tell(Task<T> task, std::shared_ptr<Outcome<T>> outcome) {
    outcome->value.emplace(co_await std::move(task));
    outcome->ended.notify_all();
}
}  // namespace detail

/// The task's value. It belongs to the scope: only that cancels it.
template <class T>
Task<T> run_in(Loop& loop, Scope& scope, Task<T> task) {
    auto outcome = std::make_shared<detail::Outcome<T>>(loop);
    scope.spawn(detail::tell(std::move(task), outcome));
    while (!outcome->value) co_await outcome->ended.wait();
    co_return std::move(*outcome->value);
}

}  // namespace orilla::loop
