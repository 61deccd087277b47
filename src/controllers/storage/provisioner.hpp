// orilla.dev/local: makes the volumes of claims on the node's disk, and removes those whose claims are gone. First the data,
// then the object that names it; what a crash leaves between the two is found at the next start. Claims wait until that has
// been looked for.
#pragma once

#include <string>

#include "controller.hpp"
#include "orilla/objects/volume_disk.hpp"
#include "storage/claim_plan.hpp"

namespace orilla::controllers {

class Provisioner {
  public:
    explicit Provisioner(const Surroundings& with);
    /// Makes the class `local`, when there is none of that name, and takes away volumes that no object names.
    void start() { scope_.spawn(tidy()); }
    /// Tells of its failure.
    loop::Task<Result<void>> provision(ClaimPtr claim, ClassPtr storage_class);
    /// How large it is then.
    loop::Task<Result<int64_t>> grow(std::string handle, int64_t bytes);

  private:
    loop::Task<void> tidy();
    loop::Task<Result<void>> make_class();
    loop::Task<Result<void>> remove_orphans();
    loop::Task<Result<void>> make(ClaimPtr claim, ClassPtr storage_class);
    loop::Task<Result<void>> make_object(ClaimPtr claim, api::PersistentVolume volume);
    void tell(const api::PersistentVolumeClaim& claim, const char* type, const char* reason, const std::string& message);

    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::EventRecorder& events_;
    objects::VolumeDisk* const disk_;
    const std::string node_name_;
    bool is_tidy_ = false;
    loop::Event tidied_;
    loop::Scope scope_;
};

}  // namespace orilla::controllers
