// Runs mkfs.ext4, of e2fsprogs.
#pragma once

#include <string>

#include "orilla/base/result.hpp"

namespace orilla::node {

/// In a sparse file, which stays sparse. May block.
Result<void> make_ext4(const std::string& file);

}  // namespace orilla::node
