// What must be true of StatefulSets and DaemonSets at rest.
#pragma once

#include <string>
#include <vector>

#include "orilla/objects/objects.hpp"

namespace orilla::sim {

void check_stateful_sets(objects::Objects& objects, std::vector<std::string>& out);
void check_daemon_sets(objects::Objects& objects, std::vector<std::string>& out);

}  // namespace orilla::sim
