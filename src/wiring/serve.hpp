// `orilla serve`: builds the object graph, serves, and takes it down again.
#pragma once

#include <string>
#include <vector>

#include "orilla/apiserver/server.hpp"

namespace orilla::wiring {

struct ServeFlag {
    std::string name, value, help;  ///< "data-dir", "PATH", what it is
};
/// What `orilla serve` takes.
std::vector<ServeFlag> serve_flags();
/// Exit status of the daemon.
int run_serve(const std::vector<std::string>& args, const apiserver::BuildInfo& build);

}  // namespace orilla::wiring
