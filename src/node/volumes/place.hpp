// What drivers make a volume's place with. All of it may block.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/mountinfo.hpp"
#include "orilla/base/result.hpp"

namespace orilla::node {

Result<void> make_volume_directory(const std::string& path, mode_t mode);
/// Nothing where a file system is mounted already. size_bytes 0: the kernel's default.
Result<void> mount_volume_tmpfs(const std::string& path, int64_t size_bytes, mode_t mode);
/// Asks what is mounted there, which may never answer.
bool is_mount_point(const std::string& path);
/// Fine when nothing is mounted there. Asks nobody.
Result<void> unmount_volume(const std::string& path);
/// What somebody has mounted inside of the volumes in a directory: the volumes themselves stay.
Result<void> unmount_below(const std::string& volumes);
/// The same, pure: where, what was mounted last first.
std::vector<std::string> find_mounts_below(const std::vector<MountLine>& mounts, std::string_view volumes);

}  // namespace orilla::node
