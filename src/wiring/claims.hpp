// What a daemon has alone: its data directory, its network namespace, its bridge, its cgroup root and its run directory. All of
// them are claimed before anything of them is changed, because what a daemon does not know there, it ends. A daemon that has
// just been killed may still be on its way out: each is waited for, for a moment.
#pragma once

#include <functional>
#include <memory>

#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"
#include "serve_config.hpp"

namespace orilla::wiring {

constexpr int64_t claim_wait_ms_max = 3'000;
constexpr int64_t claim_pause_ms = 20;

/// Tries again for as long as the answer is a conflict and the time is not over.
loop::Task<Result<UniqueFd>> wait_for_claim(loop::Loop& loop, std::function<Result<UniqueFd>()> take);

struct Claims {
    std::shared_ptr<UniqueFd> data_dir;  ///< the store lets go of it when it closes
    UniqueFd network;
    UniqueFd cgroups;
    UniqueFd run_dir;
};
/// Whoever uses this run directory, as it is noted on what several could take for theirs: the cgroup root and the bridge.
std::string describe_owner(const std::string& run_dir);
loop::Task<Result<Claims>> claim_everything(loop::Loop& loop, const ServeConfig& config);

}  // namespace orilla::wiring
