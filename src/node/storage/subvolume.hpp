// Subvolumes of btrfs and their quota groups: a group counts what its subvolume refers to, and limits it. All of it may block.
#pragma once

#include <cstdint>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::node {

struct SubvolumeUse {
    int64_t bytes = 0;      ///< what it refers to, as of the last commit
    int64_t own_bytes = 0;  ///< what no other subvolume refers to
    int64_t bytes_max = 0;  ///< 0: no limit
};

/// Of the whole file system; fine when it is on.
Result<void> enable_subvolume_quota(const std::string& dir);
bool is_subvolume(const std::string& path);
Result<void> make_subvolume(const std::string& path);
/// Of one moment, also while somebody writes to the source.
Result<void> make_subvolume_snapshot(const std::string& source, const std::string& path, bool read_only);
/// With its quota group; what is in it goes later, in the kernel's time.
Result<void> remove_subvolume(const std::string& path);
Result<SubvolumeUse> read_subvolume_use(const UniqueFd& subvolume);
Result<void> limit_subvolume(const UniqueFd& subvolume, int64_t bytes);

}  // namespace orilla::node
