// PersistentVolumeClaims.
#include "orilla/kinds/storage_facts.hpp"

#include "claim_spec.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

constexpr std::string_view claim_kind = "PersistentVolumeClaim", snapshot_kind = "VolumeSnapshot";

template <class Source>
std::string_view group_of(const Source& source) {
    return source.api_group.value_or("");
}

template <class Source>
bool can_be_copied(const Source& source) {
    return (source.kind == claim_kind && group_of(source).empty()) ||
           (source.kind == snapshot_kind && group_of(source) == snapshot_group);
}

template <class Source>
void check_data_source(const Source& source, const Path& path, FieldErrors& errors) {
    if (source.name.empty() || source.kind.empty()) return;  // the tables tell of it
    if (group_of(source).empty() && source.kind != claim_kind)
        errors.invalid(path, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
    else if (!can_be_copied(source))
        errors.forbidden(path, "nothing fills volumes from it; use a PersistentVolumeClaim or a VolumeSnapshot");
}

void check_storage(const PersistentVolumeClaimSpec& spec, const Path& path, FieldErrors& errors) {
    const Path resources = path / "resources";
    const Path storage = resources.key("storage");
    const Quantity* wanted = spec.resources.requests.get("storage");
    if (!wanted) return errors.required(storage);
    if (wanted->compare(Quantity()) <= 0) errors.invalid(storage, wanted->text, "must be greater than zero");
}

void complete_claim(PersistentVolumeClaim& claim) { complete_claim_spec(claim.spec); }

void check_claim(const PersistentVolumeClaim& claim, FieldErrors& errors) {
    check_claim_spec(claim.spec, Path("spec"), errors);
}

void hold_claim(Object& object) {
    auto& claim = object.as<PersistentVolumeClaim>();
    claim.status.phase = "Pending";
    add_finalizer(claim.metadata, claim_protection_finalizer);
}

/// Once is the volume's name given, and a class to a claim that named none; a bound claim may ask for another size.
bool may_become(const PersistentVolumeClaim& updated, const PersistentVolumeClaim& old) {
    PersistentVolumeClaimSpec next = updated.spec;
    if (old.spec.volume_name.empty()) next.volume_name = old.spec.volume_name;
    if (!names_class(old)) next.storage_class_name = old.spec.storage_class_name;
    if (old.status.phase == "Bound" && old.spec.resources.requests.contains("storage"))
        next.resources.requests["storage"] = *old.spec.resources.requests.get("storage");
    return next == old.spec;
}

void check_claim_update(const PersistentVolumeClaim& updated, const PersistentVolumeClaim& old, FieldErrors& errors) {
    const Path spec("spec");
    if (!may_become(updated, old))
        errors.forbidden(spec,
                         "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
                         "claims");
    const Quantity *now = updated.spec.resources.requests.get("storage"), *before = old.spec.resources.requests.get("storage");
    if (!now || !before || now->compare(*before) >= 0) return;
    // Less than was asked for gives up an expansion; less than there is would lose data.
    const Quantity* have = old.status.capacity.get("storage");
    if (have && now->compare(*have) > 0) return;
    const Path resources = spec / "resources";
    const Path requests = resources / "requests";
    errors.forbidden(requests / "storage", "field can not be less than status.capacity");
}

Row render_claim(const PersistentVolumeClaim& claim, int64_t now) {
    const bool bound = !claim.spec.volume_name.empty();
    const Quantity* capacity = bound ? claim.status.capacity.get("storage") : nullptr;
    return {claim.metadata.name.view(),
            claim.metadata.deletion_timestamp ? std::string_view("Terminating") : claim.status.phase.view(),
            claim.spec.volume_name.view(),
            capacity ? capacity->text.view() : std::string_view(),
            bound ? access_modes_text(claim.status.access_modes) : std::string(),
            class_of(claim),
            claim.spec.volume_attributes_class_name.value_or(unset_text),
            render_age(claim.metadata.creation_timestamp, now),
            claim.spec.volume_mode.value_or(unset_text)};
}

}  // namespace

void complete_claim_spec(PersistentVolumeClaimSpec& spec) {
    if (spec.data_source && !spec.data_source_ref) {
        const TypedLocalObjectReference& from = *spec.data_source;
        TypedObjectReference& ref = spec.data_source_ref.ensure();
        ref.api_group = from.api_group;
        ref.kind = from.kind;
        ref.name = from.name;
    } else if (spec.data_source_ref && !spec.data_source && !spec.data_source_ref->namespace_) {
        const TypedObjectReference& ref = *spec.data_source_ref;
        TypedLocalObjectReference& to = spec.data_source.ensure();
        to.api_group = ref.api_group;
        to.kind = ref.kind;
        to.name = ref.name;
    }
}

void check_access_modes(const List<Str>& modes, const Path& path, std::string_view when_missing, FieldErrors& errors) {
    if (modes.empty()) errors.required(path, when_missing);
    if (modes.size() > 1 && has_mode(modes, "ReadWriteOncePod"))
        errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
}

void check_class_name(std::string_view name, const Path& path, FieldErrors& errors) {
    if (!name.empty()) errors.complain(path, name, check_dns1123_subdomain(name));
}

void check_claim_spec(const PersistentVolumeClaimSpec& spec, const Path& path, FieldErrors& errors) {
    check_access_modes(spec.access_modes, path / "accessModes", "at least 1 access mode is required", errors);
    if (spec.selector) check_label_selector(*spec.selector, path / "selector", errors);
    check_storage(spec, path, errors);
    if (spec.storage_class_name) check_class_name(*spec.storage_class_name, path / "storageClassName", errors);
    if (spec.data_source) check_data_source(*spec.data_source, path / "dataSource", errors);
    if (!spec.data_source_ref) return;
    const TypedObjectReference& ref = *spec.data_source_ref;
    const Path at = path / "dataSourceRef";
    check_data_source(ref, at, errors);
    if (ref.namespace_ && !ref.namespace_->empty())
        errors.forbidden(at / "namespace", "a source in another namespace is not supported");
    if (spec.data_source && !(spec.data_source->kind == ref.kind && spec.data_source->name == ref.name &&
                              group_of(*spec.data_source) == group_of(ref)))
        errors.invalid(at, ref.name, "must match dataSource");
}

const KindRules persistent_volume_claim_rules = {
    .complete = completed<PersistentVolumeClaim, complete_claim>,
    .check = checked<PersistentVolumeClaim, check_claim>,
    .check_update = checked_update<PersistentVolumeClaim, check_claim_update>,
    .prepare_create = hold_claim,
    .shows_deleted = true,
    .row = rendered<PersistentVolumeClaim, render_claim>,
};

}  // namespace orilla::api
