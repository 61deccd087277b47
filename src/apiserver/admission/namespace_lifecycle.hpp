// What is in a namespace comes and goes with it: nothing is created in one that does not exist or is on its way out, and those
// that every cluster has stay.
#pragma once

#include "orilla/objects/admission.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::apiserver {

class NamespaceLifecycle final : public objects::Admission {
  public:
    explicit NamespaceLifecycle(objects::Objects& objects) : objects_(objects) {}
    bool handles(const api::KindInfo& kind, objects::Operation operation) const override;
    objects::Task<Result<void>> on_create(api::Object& object, const objects::WriteContext& context) override;
    objects::Task<Result<void>> on_delete(const api::Object& old, const objects::WriteContext& context) override;

  private:
    Result<void> check_create(const api::Object& object) const;
    objects::Objects& objects_;
};

}  // namespace orilla::apiserver
