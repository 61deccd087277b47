// Runs a task to its end on a loop that the test turns.
#pragma once

#include <optional>

#include "orilla/loop/loop.hpp"

namespace orilla::test {

namespace detail {
template <class T>
loop::Task<void> keep(loop::Task<T> task, std::optional<T>* out) {
    T value = co_await std::move(task);
    out->emplace(std::move(value));
}
}  // namespace detail

/// A task that runs on while the test looks at it.
template <class T>
class Started {
  public:
    Started(loop::Loop& loop, loop::Task<T> task) : scope_(std::make_unique<loop::Scope>(loop)) {
        value_ = std::make_unique<std::optional<T>>();
        scope_->spawn(detail::keep(std::move(task), value_.get()));
    }
    bool done() const { return value_->has_value(); }
    T& get() { return **value_; }
    /// Cancels it where it is.
    void cancel() { scope_->cancel(); }

  private:
    std::unique_ptr<std::optional<T>> value_;
    std::unique_ptr<loop::Scope> scope_;
};

/// Turns the loop until the task has ended; the task must not wait for a fake clock.
template <class T>
T await(loop::Loop& loop, loop::Task<T> task) {
    Started<T> started(loop, std::move(task));
    while (!started.done()) loop.turn(true);
    return std::move(started.get());
}

}  // namespace orilla::test
