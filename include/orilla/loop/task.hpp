// Task<T>: a lazy coroutine. It promises to start when awaited, to run on the loop's one thread, and to undo itself when
// it is destroyed while suspended: locals run their destructors, awaiters take themselves off the loop. Cancellation is
// destruction, nothing else. It refuses to be copied, and to be awaited twice.
//
// Symmetric transfer is not used: at -O1 with ASan it overflows the stack. await_suspend resumes the callee itself and
// returns false when that was done at once.
#pragma once

#include <cassert>
#include <coroutine>
#include <cstdlib>
#include <optional>
#include <utility>

namespace orilla::loop {

template <class T>
class Task;

namespace detail {

struct PromiseBase {
    std::coroutine_handle<> continuation;

    std::suspend_always initial_suspend() noexcept { return {}; }
    struct FinalAwaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            // Afterwards this frame may be gone: nothing may follow.
            if (auto next = handle.promise().continuation) next.resume();
        }
        void await_resume() noexcept {}
    };
    FinalAwaiter final_suspend() noexcept { return {}; }
    // Expected failures are Results; an exception that gets here is our own bug.
    void unhandled_exception() noexcept { std::abort(); }
};

template <class T>
struct Promise : PromiseBase {
    std::optional<T> value;
    Task<T> get_return_object() noexcept;
    template <class U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
};

template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object() noexcept;
    void return_void() noexcept {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
  public:
    using promise_type = detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    Task() = default;
    explicit Task(Handle handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, {});
        }
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    class Awaiter {
      public:
        explicit Awaiter(Handle handle) : handle_(handle) {}
        Awaiter(Awaiter&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
        Awaiter(const Awaiter&) = delete;
        ~Awaiter() {
            if (handle_) handle_.destroy();
        }
        bool await_ready() noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> parent) {
            handle_.resume();
            if (handle_.done()) return false;
            handle_.promise().continuation = parent;
            return true;
        }
        T await_resume() {
            if constexpr (!std::is_void_v<T>) return std::move(*handle_.promise().value);
        }

      private:
        Handle handle_;
    };
    Awaiter operator co_await() && { return Awaiter(std::exchange(handle_, {})); }

    /// For Scope only: gives the frame away.
    Handle release() { return std::exchange(handle_, {}); }
    explicit operator bool() const { return static_cast<bool>(handle_); }

  private:
    Handle handle_;
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}
}  // namespace detail

}  // namespace orilla::loop
