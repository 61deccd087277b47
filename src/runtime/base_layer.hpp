// The lowest layer of every container's root: the directories and files that something is mounted over. An image that lacks
// them would otherwise get them in its writable layer, one write to the flash each, at every start.
#pragma once

#include <string>

#include "orilla/base/result.hpp"

namespace orilla::runtime {

/// Makes what is missing; writes nothing when all is there. Read-only for containers, as every lower layer.
Result<void> make_base_layer(const std::string& path);

}  // namespace orilla::runtime
