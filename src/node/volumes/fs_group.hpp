// fsGroup: everything in a volume belongs to the pod's group, which may read and write it. All of it may block.
#pragma once

#include <cstdint>
#include <string>

#include "orilla/base/result.hpp"

namespace orilla::node {

/// `only_on_mismatch`: nothing when the volume's root looks right already. Links are changed, never followed: others may write
/// into the volume meanwhile.
Result<void> apply_fs_group(const std::string& root, int64_t gid, bool only_on_mismatch);

}  // namespace orilla::node
