// Writes of volumes that several controllers make.
#pragma once

#include <functional>
#include <string>

#include "controller.hpp"
#include "storage/claim_plan.hpp"

namespace orilla::controllers {

constexpr std::string_view storage_component = "persistentvolume-controller";

/// Nothing when it is gone, or another of its name is there.
loop::Task<Result<void>> edit_volume(objects::Objects& objects, VolumePtr volume,
                                     std::function<Result<void>(api::PersistentVolume&)> edit, objects::Part part);
loop::Task<Result<void>> set_volume_phase(objects::Objects& objects, VolumePtr volume, std::string phase, std::string message);

}  // namespace orilla::controllers
