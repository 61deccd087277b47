// One Orilla on a cgroup root: a daemon ends the pods below it that it does not know, so a second one would end those of the
// first. While a daemon runs, a lock on the directory keeps others off, in whatever namespaces they are; while none does and
// its pods go on, a note on the directory says whose they are, and goes with the boot as they do.
#pragma once

#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::runtime {

/// Held for as long as the descriptor is open. `root` as in RuntimeOptions; `owner` says in words who asks, the same for each
/// daemon that may take over the pods. conflict when another daemon has it, or when pods of another owner run there.
Result<UniqueFd> claim_cgroup_root(const std::string& root, const std::string& owner);

}  // namespace orilla::runtime
