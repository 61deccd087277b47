// What the reference server's plug-ins DefaultStorageClass and PersistentVolumeClaimResize do: a claim that names no class gets
// the default one, and only claims whose class allows it may grow.
#pragma once

#include "orilla/objects/admission.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::apiserver {

class StorageClaims final : public objects::Admission {
  public:
    explicit StorageClaims(objects::Objects& objects) : objects_(objects) {}
    bool handles(const api::KindInfo& kind, objects::Operation operation) const override;
    objects::Task<Result<void>> on_create(api::Object& object, const objects::WriteContext& context) override;
    objects::Task<Result<void>> on_update(api::Object& updated, const api::Object& old,
                                          const objects::WriteContext& context) override;

  private:
    Result<void> check_growth(const api::PersistentVolumeClaim& updated, const api::PersistentVolumeClaim& old) const;
    objects::Objects& objects_;
};

}  // namespace orilla::apiserver
