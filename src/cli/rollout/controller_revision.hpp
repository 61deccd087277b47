// What StatefulSets and DaemonSets share: templates that are kept in ControllerRevisions. Pure.
#pragma once

#include "rollout/kind_rollout.hpp"

namespace orilla::cli {

Revision read_controller_revision(const boost::json::object& kept);
std::string no_last_revision(const std::string& name);
/// Nothing is rolled out by itself with another strategy.
Error no_rolling_update();

}  // namespace orilla::cli
