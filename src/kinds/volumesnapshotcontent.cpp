// VolumeSnapshotContents.
#include "checks.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "snapshot_spec.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

/// It becomes a directory's name.
void check_handle(const Opt<Str>& handle, const Path& path, FieldErrors& errors) {
    if (!handle) return;
    errors.complain(path, *handle, check_path_segment(*handle));
    errors.complain(path, *handle, check_dns1123_subdomain(*handle));
}

void check_volume_snapshot_content(const VolumeSnapshotContent& content, FieldErrors& errors) {
    const Path spec("spec");
    const Path source = spec / "source";
    const auto& from = content.spec.source;
    if (from.volume_handle.has_value() == from.snapshot_handle.has_value())
        errors.invalid_json(source, "\"object\"", "exactly one of volumeHandle and snapshotHandle must be set");
    if (content.spec.driver == local_provisioner) {
        check_handle(from.volume_handle, source / "volumeHandle", errors);
        check_handle(from.snapshot_handle, source / "snapshotHandle", errors);
    }
    const auto& of = content.spec.volume_snapshot_ref;
    if (of.name.empty() || of.namespace_.empty())
        errors.invalid_json(spec / "volumeSnapshotRef", "\"object\"",
                            "both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set");
}

void check_volume_snapshot_content_update(const VolumeSnapshotContent& updated, const VolumeSnapshotContent& old,
                                          FieldErrors& errors) {
    const Path spec("spec");
    const Path source = spec / "source";
    check_set_once(updated.spec.source.volume_handle, old.spec.source.volume_handle, source, "volumeHandle", errors);
    check_set_once(updated.spec.source.snapshot_handle, old.spec.source.snapshot_handle, source, "snapshotHandle", errors);
    check_set_once(updated.spec.source_volume_mode, old.spec.source_volume_mode, spec, "sourceVolumeMode", errors);
}

void hold_volume_snapshot_content(Object& object) {
    add_finalizer(object.as<VolumeSnapshotContent>().metadata, snapshot_content_finalizer);
}

Row render_volume_snapshot_content(const VolumeSnapshotContent& content, int64_t now) {
    const auto& status = content.status;
    const Cell ready = status.ready_to_use.has_value() ? Cell(*status.ready_to_use) : Cell("");
    const Cell size = status.restore_size.has_value() ? Cell(*status.restore_size) : Cell("");
    return {content.metadata.name.view(),
            ready,
            size,
            content.spec.deletion_policy.view(),
            content.spec.driver.view(),
            content.spec.volume_snapshot_class_name.value_or(""),
            content.spec.volume_snapshot_ref.name.view(),
            content.spec.volume_snapshot_ref.namespace_.view(),
            render_age(content.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules volume_snapshot_content_rules = {
    .check = checked<VolumeSnapshotContent, check_volume_snapshot_content>,
    .check_update = checked_update<VolumeSnapshotContent, check_volume_snapshot_content_update>,
    .prepare_create = hold_volume_snapshot_content,
    .row = rendered<VolumeSnapshotContent, render_volume_snapshot_content>,
};

}  // namespace orilla::api
