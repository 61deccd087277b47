// StorageClasses.
#include <algorithm>

#include "checks.hpp"
#include "orilla/base/text.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

constexpr size_t parameters_max = 512;
constexpr size_t parameters_bytes_max = size_t{256} << 10;

void check_parameters(const Map<Str>& parameters, const Path& path, FieldErrors& errors) {
    if (parameters.size() > parameters_max) errors.too_many(path, parameters.size(), parameters_max);
    size_t bytes = 0;
    for (const auto& [key, value] : parameters) {
        if (key.empty()) errors.invalid(path, key, "field can not be empty.");
        bytes += key.size() + value.size();
    }
    if (bytes > parameters_bytes_max) errors.too_long(path, parameters_bytes_max);
}

void check_storage_class(const StorageClass& storage_class, FieldErrors& errors) {
    const Path provisioner("provisioner");
    const std::string name = lowered(storage_class.provisioner);
    if (!name.empty()) errors.complain(provisioner, storage_class.provisioner, check_qualified_name(name));
    check_parameters(storage_class.parameters, Path("parameters"), errors);
}

void check_storage_class_update(const StorageClass& updated, const StorageClass& old, FieldErrors& errors) {
    if (!(updated.parameters == old.parameters)) errors.forbidden(Path("parameters"), "updates to parameters are forbidden.");
    if (!(updated.provisioner == old.provisioner))
        errors.forbidden(Path("provisioner"), "updates to provisioner are forbidden.");
    if (!(updated.reclaim_policy == old.reclaim_policy))
        errors.forbidden(Path("reclaimPolicy"), "updates to reclaimPolicy are forbidden.");
    check_immutable(updated.volume_binding_mode, old.volume_binding_mode, Path("volumeBindingMode"),
                    updated.volume_binding_mode.value_or(""), errors);
}

Row render_storage_class(const StorageClass& storage_class, int64_t now) {
    const std::string mark = is_default_class(storage_class) ? " (default)" : "";
    return {storage_class.metadata.name.str() + mark,
            storage_class.provisioner.view(),
            storage_class.reclaim_policy.value_or("Delete"),
            storage_class.volume_binding_mode.value_or("Immediate"),
            storage_class.allow_volume_expansion.value_or(false) ? "true" : "false",
            render_age(storage_class.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules storage_class_rules = {
    .check = checked<StorageClass, check_storage_class>,
    .check_update = checked_update<StorageClass, check_storage_class_update>,
    .shows_deleted = true,
    .row = rendered<StorageClass, render_storage_class>,
};

}  // namespace orilla::api
