// PersistentVolumes.
#include <fmt/core.h>

#include "claim_spec.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "pod_spec.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_capacity(const PersistentVolumeSpec& spec, const Path& path, FieldErrors& errors) {
    static constexpr std::string_view supported[] = {"storage"};
    const Path at = path / "capacity";
    if (spec.capacity.empty()) return errors.required(at);
    for (const auto& [name, amount] : spec.capacity) {
        if (name != supported[0]) errors.not_supported(at, name, supported);
        else if (amount.compare(Quantity()) <= 0) errors.invalid(at.key(name), amount.text, "must be greater than zero");
    }
}

void check_csi(const CSIPersistentVolumeSource& source, const Path& path, FieldErrors& errors) {
    static constexpr std::string_view supported[] = {local_provisioner};
    if (source.driver.empty() || source.volume_handle.empty()) return;  // the tables tell of it
    if (source.driver != local_provisioner) errors.not_supported(path / "driver", source.driver, supported);
    // It becomes a directory's name.
    errors.complain(path / "volumeHandle", source.volume_handle, check_path_segment(source.volume_handle));
    errors.complain(path / "volumeHandle", source.volume_handle, check_dns1123_subdomain(source.volume_handle));
}

void check_volume_source(const PersistentVolumeSpec& spec, const Path& path, FieldErrors& errors) {
    const int sources = bool(spec.host_path) + bool(spec.nfs) + bool(spec.local) + bool(spec.csi);
    if (sources > 1) errors.forbidden(path, "may not specify more than 1 volume type");
    if (sources == 0 && errors.empty()) errors.required(path, "must specify a volume type");
    if (spec.host_path) check_host_directory(spec.host_path->path, path / "hostPath", errors);
    if (spec.nfs) check_nfs(*spec.nfs, path / "nfs", errors);
    if (spec.csi) check_csi(*spec.csi, path / "csi", errors);
    if (!spec.local) return;
    check_host_directory(spec.local->path, path / "local", errors);
    if (!spec.node_affinity || !spec.node_affinity->required)
        errors.required(path / "nodeAffinity", "Local volume requires node affinity");
}

void check_persistent_volume(const PersistentVolume& volume, FieldErrors& errors) {
    const Path path("spec");
    const PersistentVolumeSpec& spec = volume.spec;
    check_access_modes(spec.access_modes, path / "accessModes", "", errors);
    check_capacity(spec, path, errors);
    check_volume_source(spec, path, errors);
    check_class_name(spec.storage_class_name, path / "storageClassName", errors);
}

void hold_volume(Object& object) {
    auto& volume = object.as<PersistentVolume>();
    volume.status.phase = "Pending";
    volume.status.last_phase_transition_time = volume.metadata.creation_timestamp;
    add_finalizer(volume.metadata, volume_protection_finalizer);
}

void check_persistent_volume_update(const PersistentVolume& updated, const PersistentVolume& old, FieldErrors& errors) {
    const PersistentVolumeSpec &now = updated.spec, &before = old.spec;
    const Path spec("spec");
    if (!(now.host_path == before.host_path && now.nfs == before.nfs && now.local == before.local && now.csi == before.csi))
        errors.forbidden(spec / "persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
    check_immutable(now.volume_mode, before.volume_mode, spec / "volumeMode", now.volume_mode.value_or(""), errors);
    if (before.node_affinity && !(now.node_affinity == before.node_affinity))
        errors.invalid_json(spec / "nodeAffinity", "{}", "field is immutable");
}

Row render_persistent_volume(const PersistentVolume& volume, int64_t now) {
    const PersistentVolumeSpec& spec = volume.spec;
    const Quantity* capacity = spec.capacity.get("storage");
    return {volume.metadata.name.view(),
            capacity ? capacity->text.view() : std::string_view(),
            access_modes_text(spec.access_modes),
            spec.persistent_volume_reclaim_policy.view(),
            volume.metadata.deletion_timestamp ? std::string_view("Terminating") : volume.status.phase.view(),
            spec.claim_ref ? fmt::format("{}/{}", spec.claim_ref->namespace_, spec.claim_ref->name) : std::string(),
            class_of(volume),
            spec.volume_attributes_class_name.value_or(unset_text),
            volume.status.reason.view(),
            render_age(volume.metadata.creation_timestamp, now),
            spec.volume_mode.value_or(unset_text)};
}

}  // namespace

const KindRules persistent_volume_rules = {
    .check = checked<PersistentVolume, check_persistent_volume>,
    .check_update = checked_update<PersistentVolume, check_persistent_volume_update>,
    .prepare_create = hold_volume,
    .shows_deleted = true,
    .row = rendered<PersistentVolume, render_persistent_volume>,
};

}  // namespace orilla::api
