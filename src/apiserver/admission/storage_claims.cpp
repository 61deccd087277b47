#include "admission/storage_claims.hpp"

#include "orilla/kinds/storage_facts.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::apiserver {

bool StorageClaims::handles(const api::KindInfo& kind, objects::Operation operation) const {
    return operation != objects::Operation::remove && &kind == &api::kind_of<api::PersistentVolumeClaim>();
}

objects::Task<Result<void>> StorageClaims::on_create(api::Object& object, const objects::WriteContext&) {
    auto& claim = object.as<api::PersistentVolumeClaim>();
    if (api::names_class(claim)) co_return ok();
    const auto classes = objects_.list<api::StorageClass>();
    if (const auto* chosen = api::choose_default_class(classes)) claim.spec.storage_class_name = chosen->metadata.name;
    co_return ok();
}

objects::Task<Result<void>> StorageClaims::on_update(api::Object& updated, const api::Object& old,
                                                     const objects::WriteContext&) {
    co_return check_growth(updated.as<api::PersistentVolumeClaim>(), old.as<api::PersistentVolumeClaim>());
}

Result<void> StorageClaims::check_growth(const api::PersistentVolumeClaim& updated,
                                         const api::PersistentVolumeClaim& old) const {
    if (api::requested_bytes(updated.spec) <= api::requested_bytes(old.spec)) return ok();
    const auto refuse = [&old](std::string_view why) -> Result<void> {
        return api::make_forbidden_error("", "persistentvolumeclaims", old.metadata.name, why);
    };
    if (old.status.phase != "Bound") return refuse("Only bound persistent volume claims can be expanded");
    const std::string_view name = api::class_of(updated);
    const auto found = name.empty() ? nullptr : objects_.get<api::StorageClass>(name);
    if (found && found->allow_volume_expansion.value_or(false)) return ok();
    return refuse(
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
}

}  // namespace orilla::apiserver
