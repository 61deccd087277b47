#include "garbage.hpp"

#include <fmt/core.h>
#include <set>

#include "cgroup_files.hpp"
#include "orilla/base/log.hpp"

namespace orilla::runtime {

Garbage::Garbage(loop::Loop& loop, loop::Executor& files, std::string scratch_root, Cgroups& cgroups, PodTable& pods,
                 Sandboxes& sandboxes, Removal& removal)
    : loop_(loop),
      files_(files),
      scratch_root_(std::move(scratch_root)),
      cgroups_(cgroups),
      pods_(pods),
      sandboxes_(sandboxes),
      removal_(removal) {}

loop::Task<Result<void>> Garbage::collect(std::vector<std::string> known_pod_ids) {
    const std::set<std::string> known(known_pod_ids.begin(), known_pod_ids.end());
    std::vector<std::string> unknown;
    for (const auto& [id, pod] : pods_.all())
        if (!known.contains(id)) unknown.push_back(id);
    for (const auto& id : unknown) {
        AWAIT(auto removed, sandboxes_.remove(id));
        if (!removed) log::warning(removed.error().message());
    }
    for (const auto& name : cgroups_.list(pods_cgroup)) {
        AWAIT(auto removed, collect_cgroup(std::string(pods_cgroup) + "/" + name));
        if (!removed) log::warning(removed.error().message());
    }
    AWAIT_VOID(collect_scratch());
    co_return ok();
}

/// Looks again before each attempt: pods start meanwhile.
loop::Task<Result<void>> Garbage::collect_cgroup(std::string path) {
    constexpr int attempts_max = 400;
    constexpr int64_t pause_ms = 50;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        if (pods_.wants_cgroup(path)) co_return ok();
        CO_CHECK_VOID(cgroups_.kill(path));
        CO_CHECK(const bool removed, cgroups_.remove(path));
        if (removed) co_return ok();
        co_await loop_.sleep_for(pause_ms);
    }
    co_return Error(Code::timeout, fmt::format("processes in cgroup {} do not die", path));
}

loop::Task<void> Garbage::collect_scratch() {
    if (scratch_root_.empty()) co_return;
    AWAIT(const auto names, loop::run_on(files_, loop_, [root = scratch_root_] { return list_directories(root); }));
    for (const auto& name : names) {
        const std::string path = scratch_root_ + "/" + name;
        if (pods_.wants_scratch(path)) continue;
        AWAIT(auto removed, removal_.remove_tree(path));
        if (!removed) log::warning(removed.error().message());
    }
}

}  // namespace orilla::runtime
