// What the gateway's process may still do once it has begun: wait, read and write on what it was given, accept, and connect by
// TCP over IPv4. No files, no other users' processes, no program to run, no way back.
#pragma once

#include "orilla/base/result.hpp"

namespace orilla::gateway {

/// Needs root; for ever.
Result<void> confine_gateway();

}  // namespace orilla::gateway
