// Makes the claims of generic ephemeral volumes: POD-VOLUME, owned by the pod, so that garbage collection takes them with it.
// One of that name that is somebody else's is left alone, and told of.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller.hpp"

namespace orilla::controllers {

class EphemeralClaims final : public Controller {
  public:
    explicit EphemeralClaims(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    loop::Task<Result<void>> make(std::shared_ptr<const api::Pod> pod, api::PersistentVolumeClaim claim);
    loop::Worker worker_;
};

/// What is to be made for this volume of the pod.
api::PersistentVolumeClaim make_ephemeral_claim(const api::Pod& pod, const api::Volume& volume);

}  // namespace orilla::controllers
