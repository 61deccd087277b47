// Makes bound claims larger: first the data, then the volume, then the claim, so that whoever reads a size finds that there is
// so much. What is under way, and why it does not go on, stands in the claim's status until it is over.
#pragma once

#include "controller.hpp"
#include "storage/claim_plan.hpp"
#include "storage/provisioner.hpp"

namespace orilla::controllers {

/// Pure: what a claim's status says of its growth.
bool write_growth_begun(api::PersistentVolumeClaim& claim, int64_t now_s);
void write_growth_failure(api::PersistentVolumeClaim& claim, std::string_view message, int64_t now_s);
void write_grown(api::PersistentVolumeClaim& claim, const api::Quantity& capacity);

class ClaimGrowth {
  public:
    ClaimGrowth(const Surroundings& with, Provisioner& provisioner)
        : loop_(with.loop),
          objects_(with.objects),
          events_(with.events),
          provisioner_(provisioner),
          node_name_(with.options.node_name) {}
    loop::Task<Result<void>> grow(ClaimPtr claim);

  private:
    loop::Task<Result<void>> begin(ClaimPtr claim);
    loop::Task<Result<void>> fail(ClaimPtr claim, Error why);
    loop::Task<Result<void>> finish(ClaimPtr claim, VolumePtr volume, int64_t bytes);
    void tell_done(const api::PersistentVolumeClaim& claim);

    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::EventRecorder& events_;
    Provisioner& provisioner_;
    const std::string node_name_;
};

}  // namespace orilla::controllers
