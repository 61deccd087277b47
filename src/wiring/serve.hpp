// `orilla serve`: builds the object graph, serves, and takes it down again.
#pragma once

#include <string>
#include <vector>

namespace orilla::wiring {

/// Exit status of the daemon.
int run_serve(const std::vector<std::string>& args);

}  // namespace orilla::wiring
