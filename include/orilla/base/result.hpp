// Result<T>: a value or an Error, with the names of std::expected so that it can be swapped for it later. It refuses to
// be ignored ([[nodiscard]]) and to be read without a look: value() of an error is our own bug and stops the program.
#pragma once

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

#include "orilla/base/error.hpp"

namespace orilla {

template <class T>
class [[nodiscard]] Result {
  public:
    using value_type = T;
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    T& value() & { return assert(has_value()), *std::get_if<0>(&state_); }
    const T& value() const& { return assert(has_value()), *std::get_if<0>(&state_); }
    T&& value() && { return assert(has_value()), std::move(*std::get_if<0>(&state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    Error& error() & { return assert(!has_value()), *std::get_if<1>(&state_); }
    const Error& error() const& { return assert(!has_value()), *std::get_if<1>(&state_); }
    Error&& error() && { return assert(!has_value()), std::move(*std::get_if<1>(&state_)); }
    T value_or(T other) && { return has_value() ? std::move(*this).value() : std::move(other); }

  private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    using value_type = void;
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool has_value() const { return !error_.has_value(); }
    explicit operator bool() const { return has_value(); }
    void value() const { assert(has_value()); }
    Error& error() & { return assert(!has_value()), *error_; }
    const Error& error() const& { return assert(!has_value()), *error_; }
    Error&& error() && { return assert(!has_value()), std::move(*error_); }

  private:
    std::optional<Error> error_;
};

/// A Result<void> that went well.
inline Result<void> ok() { return {}; }

}  // namespace orilla

/// Returns the error of `expr` from this function, with context; otherwise goes on. In a coroutine use CO_TRY.
#define ORILLA_JOIN_(a, b) a##b
#define ORILLA_JOIN(a, b) ORILLA_JOIN_(a, b)
#define TRY_VOID(expr)                                           \
    do {                                                         \
        auto try_result_ = (expr);                               \
        if (!try_result_) return std::move(try_result_).error(); \
    } while (0)
/// `TRY(auto fd, open_it(path));` declares fd, or returns the error.
#define TRY(declaration, expr)                                                                             \
    auto ORILLA_JOIN(try_result_, __LINE__) = (expr);                                                      \
    if (!ORILLA_JOIN(try_result_, __LINE__)) return std::move(ORILLA_JOIN(try_result_, __LINE__)).error(); \
    declaration = std::move(ORILLA_JOIN(try_result_, __LINE__)).value()
/// `AWAIT(auto answer, ask(request));` awaits a task. The task is a named local, because g++ 12 destroys some temporaries of
/// co_await expressions twice.
#define AWAIT(declaration, ...)                              \
    auto ORILLA_JOIN(await_task_, __LINE__) = (__VA_ARGS__); \
    declaration = co_await std::move(ORILLA_JOIN(await_task_, __LINE__))
/// The same of a task without a result, or with one that is of no interest.
#define AWAIT_VOID(...)                                     \
    do {                                                    \
        auto await_task_ = (__VA_ARGS__);                   \
        static_cast<void>(co_await std::move(await_task_)); \
    } while (0)
/// Answers with what the task answers.
#define CO_RETURN_AWAIT(...)                       \
    do {                                           \
        auto await_task_ = (__VA_ARGS__);          \
        co_return co_await std::move(await_task_); \
    } while (0)
/// The same inside a coroutine that returns Task<Result<...>>: `CO_TRY(auto body, read_body(stream));` awaits the task.
#define CO_TRY(declaration, task_expr)                                                                        \
    auto ORILLA_JOIN(try_task_, __LINE__) = (task_expr);                                                      \
    auto ORILLA_JOIN(try_result_, __LINE__) = co_await std::move(ORILLA_JOIN(try_task_, __LINE__));           \
    if (!ORILLA_JOIN(try_result_, __LINE__)) co_return std::move(ORILLA_JOIN(try_result_, __LINE__)).error(); \
    declaration = std::move(ORILLA_JOIN(try_result_, __LINE__)).value()
#define CO_TRY_VOID(task_expr)                                      \
    do {                                                            \
        auto try_task_ = (task_expr);                               \
        auto try_result_ = co_await std::move(try_task_);           \
        if (!try_result_) co_return std::move(try_result_).error(); \
    } while (0)
/// For plain Results inside coroutines.
#define CO_CHECK(declaration, expr)                                                                           \
    auto ORILLA_JOIN(try_result_, __LINE__) = (expr);                                                         \
    if (!ORILLA_JOIN(try_result_, __LINE__)) co_return std::move(ORILLA_JOIN(try_result_, __LINE__)).error(); \
    declaration = std::move(ORILLA_JOIN(try_result_, __LINE__)).value()
#define CO_CHECK_VOID(expr)                                         \
    do {                                                            \
        auto try_result_ = (expr);                                  \
        if (!try_result_) co_return std::move(try_result_).error(); \
    } while (0)
