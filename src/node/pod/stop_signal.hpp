// The signal that asks a container to end, as images and pods name it. Pure.
#pragma once

#include <string_view>

namespace orilla::node {

/// "SIGQUIT", "quit", "RTMIN+3" or "3"; SIGTERM for anything else.
int parse_stop_signal(std::string_view given);

}  // namespace orilla::node
