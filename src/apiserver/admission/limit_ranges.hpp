// What LimitRanges give to pods and claims, and what they forbid them. Pure.
#pragma once

#include <string>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::apiserver {

/// Gives containers that say nothing the range's requests and limits, and notes it in an annotation.
void fill_in_limits(api::Pod& pod, const api::LimitRangeSpec& range);

// Each reason once: `minimum cpu usage per Container is 100m, but request is 50m`.

std::vector<std::string> beyond_limits(const api::PodSpec& pod, const api::LimitRangeSpec& range);
std::vector<std::string> beyond_limits(const api::PersistentVolumeClaimSpec& claim, const api::LimitRangeSpec& range);

}  // namespace orilla::apiserver
