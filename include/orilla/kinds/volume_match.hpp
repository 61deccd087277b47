// Which volume can be a claim's: what the controller that binds and the scheduler that foresees it decide alike. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::api {

/// Why the volume cannot be this claim's; empty when it can.
std::string find_mismatch(const PersistentVolumeClaim& claim, const PersistentVolume& volume);
/// The smallest that fits of those that nobody has; null when none does.
const PersistentVolume* choose_volume(const PersistentVolumeClaim& claim,
                                      const std::vector<std::shared_ptr<const PersistentVolume>>& free);

}  // namespace orilla::api
