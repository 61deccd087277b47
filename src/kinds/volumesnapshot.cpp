// VolumeSnapshots.
#include "checks.hpp"
#include "orilla/kinds/well_known.hpp"
#include "rules.gen.hpp"
#include "snapshot_spec.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_volume_snapshot(const VolumeSnapshot& snapshot, FieldErrors& errors) {
    const Path spec("spec");
    const auto& source = snapshot.spec.source;
    if (source.persistent_volume_claim_name.has_value() == source.volume_snapshot_content_name.has_value())
        errors.invalid_json(spec / "source", "\"object\"",
                            "exactly one of volumeSnapshotContentName and persistentVolumeClaimName must be set");
    if (snapshot.spec.volume_snapshot_class_name && snapshot.spec.volume_snapshot_class_name->empty())
        errors.invalid(spec / "volumeSnapshotClassName", "", "volumeSnapshotClassName must not be the empty string when set");
}

void check_volume_snapshot_update(const VolumeSnapshot& updated, const VolumeSnapshot& old, FieldErrors& errors) {
    const Path spec("spec");
    const Path source = spec / "source";
    const auto &now = updated.spec.source, &before = old.spec.source;
    check_set_once(now.persistent_volume_claim_name, before.persistent_volume_claim_name, source, "persistentVolumeClaimName",
                   errors);
    check_set_once(now.volume_snapshot_content_name, before.volume_snapshot_content_name, source, "volumeSnapshotContentName",
                   errors);
}

void hold_volume_snapshot(Object& object) {
    ObjectMeta& meta = object.as<VolumeSnapshot>().metadata;
    add_finalizer(meta, snapshot_source_finalizer);
    add_finalizer(meta, snapshot_bound_finalizer);
}

Row render_volume_snapshot(const VolumeSnapshot& snapshot, int64_t now) {
    const VolumeSnapshotStatus& status = snapshot.status;
    const Cell ready = status.ready_to_use.has_value() ? Cell(*status.ready_to_use) : Cell("");
    return {snapshot.metadata.name.view(),
            ready,
            snapshot.spec.source.persistent_volume_claim_name.value_or(""),
            snapshot.spec.source.volume_snapshot_content_name.value_or(""),
            status.restore_size.text.view(),
            snapshot.spec.volume_snapshot_class_name.value_or(""),
            status.bound_volume_snapshot_content_name.value_or(""),
            status.creation_time ? render_age(status.creation_time, now) : std::string(),
            render_age(snapshot.metadata.creation_timestamp, now)};
}

}  // namespace

void check_set_once(const Opt<Str>& now, const Opt<Str>& before, const Path& source, std::string_view field,
                    FieldErrors& errors) {
    if (!before) return;
    const std::string name(field);
    if (!now) errors.invalid_json(source, "\"object\"", name + " is required once set");
    else if (!(now == before)) errors.invalid(source / field, *now, name + " is immutable");
}

const KindRules volume_snapshot_rules = {
    .check = checked<VolumeSnapshot, check_volume_snapshot>,
    .check_update = checked_update<VolumeSnapshot, check_volume_snapshot_update>,
    .prepare_create = hold_volume_snapshot,
    .row = rendered<VolumeSnapshot, render_volume_snapshot>,
};

}  // namespace orilla::api
