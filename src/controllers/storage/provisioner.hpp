// orilla.dev/local: makes the volumes of claims on the node's disk, and removes those whose claims are gone. First the data,
// then the object that names it; what a crash leaves between the two is found at the next start. Claims wait until that has
// been looked for.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "controller.hpp"
#include "orilla/objects/volume_disk.hpp"
#include "storage/claim_plan.hpp"
#include "storage/copy_source.hpp"

namespace orilla::controllers {

class Provisioner {
  public:
    explicit Provisioner(const Surroundings& with);
    /// Makes the classes `local`, when there are none of that name, and takes away volumes that no object names.
    void start() { scope_.spawn(tidy()); }
    /// Tells of its failure.
    loop::Task<Result<void>> provision(ClaimPtr claim, ClassPtr storage_class);
    /// Its claim is not wanted any more: a copy that is under way ends.
    void give_up(const std::string& claim);
    /// How large it is then.
    loop::Task<Result<int64_t>> grow(std::string handle, int64_t bytes);

  private:
    loop::Task<void> tidy();
    loop::Task<Result<void>> make_classes();
    loop::Task<Result<void>> remove_orphans();
    loop::Task<Result<void>> make(ClaimPtr claim, ClassPtr storage_class);
    loop::Task<Result<void>> make_data(ClaimPtr claim, int64_t bytes, std::optional<CopySource> source);
    struct Copy {
        std::shared_ptr<objects::CopyProgress> progress = std::make_shared<objects::CopyProgress>();
        bool ended = false;
    };
    loop::Task<void> tell_progress(ClaimPtr claim, CopySource source, std::shared_ptr<const Copy> copy);
    loop::Task<Result<void>> make_object(ClaimPtr claim, api::PersistentVolume volume);
    void tell(const api::PersistentVolumeClaim& claim, const char* type, const char* reason, const std::string& message);

    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::EventRecorder& events_;
    objects::VolumeDisk* const disk_;
    const std::string node_name_;
    std::map<std::string, std::shared_ptr<Copy>> copies_;  ///< under way, by NS/NAME of the claim
    bool is_tidy_ = false;
    loop::Event tidied_;
    loop::Scope scope_;
};

}  // namespace orilla::controllers
