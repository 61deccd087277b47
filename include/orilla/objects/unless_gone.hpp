// What a write came to, for those to whom an object that is gone is as good as one that is as wanted.
#pragma once

#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::objects {

/// not_found is fine: somebody else did it.
template <class T>
loop::Task<Result<void>> unless_gone(loop::Task<Result<T>> task) {
    auto done = co_await std::move(task);
    if (!done && done.error().code() != Code::not_found) co_return std::move(done).error();
    co_return ok();
}

}  // namespace orilla::objects
