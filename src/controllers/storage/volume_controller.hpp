// Applies plan_volume: the phases of volumes, and the end of those whose claims are gone.
#pragma once

#include <string>

#include "controller.hpp"
#include "orilla/objects/volume_disk.hpp"
#include "storage/volume_plan.hpp"

namespace orilla::controllers {

class VolumeController final : public Controller {
  public:
    explicit VolumeController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string name) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    loop::Task<Result<void>> apply(VolumePtr volume, VolumeAction action);
    loop::Task<Result<void>> delete_volume(VolumePtr volume, std::string handle);
    loop::Task<Result<void>> fail_volume(VolumePtr volume, FailVolume action);
    loop::Task<Result<void>> unprotect(VolumePtr volume);

    objects::VolumeDisk* const disk_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
