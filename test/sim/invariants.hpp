// What must be true once the world is good again and time has passed: the store, the host and the kernel's table say the
// same thing, and nothing is left of what is gone.
#pragma once

#include <string>
#include <vector>

#include "daemon.hpp"

namespace orilla::sim {

/// Every sentence is one broken promise; empty when all is well.
std::vector<std::string> find_unsettled(Daemon& daemon, Host& host);

}  // namespace orilla::sim
