#include "removal.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "pod_dir.hpp"
#include "supervisor_process.hpp"

namespace orilla::runtime {

namespace {
constexpr int64_t cgroup_removal_ms_max = 20'000;
constexpr int64_t cgroup_removal_pause_ms_max = 50;
}  // namespace

loop::Task<Result<void>> Removal::remove_tree(std::string path) { return run_remove_tree(loop_, image_, std::move(path)); }

loop::Task<Result<void>> Removal::remove_pod_dir(std::string dir) {
    unmount_pod_dir(dir);
    return remove_tree(std::move(dir));
}

loop::Task<Result<void>> Removal::remove_cgroup(std::string path) {
    const int64_t deadline_ms = loop_.now_ms() + cgroup_removal_ms_max;
    for (int64_t pause_ms = 1;; pause_ms = std::min(pause_ms * 2, cgroup_removal_pause_ms_max)) {
        CO_CHECK_VOID(cgroups_.kill(path));
        CO_CHECK(const bool removed, cgroups_.remove(path));
        if (removed) co_return ok();
        if (loop_.now_ms() >= deadline_ms)
            co_return Error(Code::timeout, fmt::format("processes in cgroup {} do not die", path));
        co_await loop_.sleep_for(pause_ms);
    }
}

}  // namespace orilla::runtime
