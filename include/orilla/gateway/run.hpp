// The gateway's process: the same binary under a hidden first argument. main() asks `run_gateway` before it does anything else,
// and ends with what it returns. It lives on fds that only the daemon hands out, so starting it by hand gets an error.
#pragma once

#include <optional>
#include <string_view>

namespace orilla::gateway {

/// Exit status when `verb` is the gateway's ("gateway"); nothing for any other verb.
std::optional<int> run_gateway(std::string_view verb);

}  // namespace orilla::gateway
