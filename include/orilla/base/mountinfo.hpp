// What /proc/PID/mountinfo says of the mounts of a namespace (proc(5)): as much of it as is asked for here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla {

struct MountLine {
    uint64_t id = 0;
    std::string mount_point;
    bool shared = false;  ///< what is mounted below it is seen elsewhere, too
    bool operator==(const MountLine&) const = default;
};

constexpr size_t mountinfo_bytes_max = size_t{8} << 20;

/// In the kernel's order: a mount comes after the one that it is on. Lines of another form are left out.
std::vector<MountLine> parse_mountinfo(std::string_view text);
/// Of the calling thread. May block.
Result<std::vector<MountLine>> read_mountinfo();

}  // namespace orilla
