// What takes time in proportion to a large body, and so must not be done in one go on the loop: JSON is decoded a portion
// a turn, while YAML and patches of documents, which know no portions, go to a thread.
#pragma once

#include <type_traits>
#include <utility>

#include "orilla/loop/io_thread.hpp"

namespace orilla::apiserver {

/// Documents that are patched on the loop: the one there is and the patch together.
constexpr size_t patched_at_once_bytes_max = 64 * 1024;
/// YAML that is read on the loop, without aliases: it takes ten times as long as JSON.
constexpr size_t yaml_at_once_bytes_max = 8 * 1024;

/// Where it is done.
struct LargeWork {
    loop::Loop& loop;
    loop::Executor* executor = nullptr;  ///< null: on the loop
};

/// On the thread for long work, where there is one. `fn` owns all that it looks at: it may outlive the request.
template <class Fn, class T = std::invoke_result_t<Fn>>
loop::Task<T> run_long(LargeWork where, Fn fn) {
    if (!where.executor) co_return fn();
    CO_RETURN_AWAIT(loop::run_on(*where.executor, where.loop, std::move(fn)));
}

}  // namespace orilla::apiserver
