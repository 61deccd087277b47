// Files as block devices. A device lets go of its file by itself when nobody has it open or mounted any more, so that a daemon
// that is killed at any step leaves none behind. All of it may block.
#pragma once

#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::node {

struct LoopDevice {
    UniqueFd fd;
    std::string path;
};

Result<LoopDevice> attach_loop_device(const std::string& file);
/// Of the mounted file's device: it is as large as its file again.
Result<void> refresh_loop_device(unsigned minor);

}  // namespace orilla::node
