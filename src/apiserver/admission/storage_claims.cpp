// What the reference server's plug-ins DefaultStorageClass and PersistentVolumeClaimResize do: a claim that names no class gets
// the default one, and only claims whose class allows it may grow.
#include "admission/plugins.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::apiserver {

namespace {
class StorageClaims final : public objects::Admission {
  public:
    explicit StorageClaims(objects::Objects& objects) : objects_(objects) {}

    bool handles(const objects::WriteInfo& write) const override {
        return write.operation != objects::Operation::remove && &write.kind == &api::kind_of<api::PersistentVolumeClaim>();
    }
    objects::Task<Result<void>> on_create(api::Object& object, const objects::AdmissionRequest&) override {
        auto& claim = object.as<api::PersistentVolumeClaim>();
        if (api::names_class(claim)) co_return ok();
        const auto classes = objects_.list<api::StorageClass>();
        if (const auto* chosen = api::choose_default_class(classes)) claim.spec.storage_class_name = chosen->metadata.name;
        co_return ok();
    }
    objects::Task<Result<void>> on_update(api::Object& updated, const api::Object& old,
                                          const objects::AdmissionRequest&) override {
        co_return check_growth(updated.as<api::PersistentVolumeClaim>(), old.as<api::PersistentVolumeClaim>());
    }

  private:
    Result<void> check_growth(const api::PersistentVolumeClaim& updated, const api::PersistentVolumeClaim& old) const {
        if (api::requested_bytes(updated.spec) <= api::requested_bytes(old.spec)) return ok();
        const auto refuse = [&old](std::string_view why) -> Result<void> {
            return api::make_forbidden_error("", "persistentvolumeclaims", old.metadata.name, why);
        };
        if (old.status.phase != "Bound") return refuse("Only bound persistent volume claims can be expanded");
        const std::string_view name = api::class_of(updated);
        const auto found = name.empty() ? nullptr : objects_.get<api::StorageClass>(name);
        if (found && found->allow_volume_expansion.value_or(false)) return ok();
        return refuse(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
            "resize");
    }
    objects::Objects& objects_;
};
}  // namespace

Plugin make_storage_claims(objects::Objects& objects, const AdmissionOptions&) {
    return std::make_unique<StorageClaims>(objects);
}

}  // namespace orilla::apiserver
