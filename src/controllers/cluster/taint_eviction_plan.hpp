// How long a pod may stay on a node with taints of the effect NoExecute. Decides only.
#pragma once

#include <cstdint>
#include <optional>

#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

/// Seconds from when the taints are seen on: 0 is at once. Nothing: for ever.
std::optional<int64_t> plan_stay_s(const api::Pod& pod, const api::Node& node);
bool has_evicting_taint(const api::Node& node);

}  // namespace orilla::controllers
