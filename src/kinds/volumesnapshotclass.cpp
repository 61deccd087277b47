// VolumeSnapshotClasses.
#include "orilla/base/text.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_volume_snapshot_class(const VolumeSnapshotClass& one, FieldErrors& errors) {
    const std::string name = lowered(one.driver);
    if (!name.empty()) errors.complain(Path("driver"), one.driver, check_qualified_name(name));
}

Row render_volume_snapshot_class(const VolumeSnapshotClass& one, int64_t now) {
    return {one.metadata.name.view(), one.driver.view(), one.deletion_policy.view(),
            render_age(one.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules volume_snapshot_class_rules = {
    .check = checked<VolumeSnapshotClass, check_volume_snapshot_class>,
    .row = rendered<VolumeSnapshotClass, render_volume_snapshot_class>,
};

}  // namespace orilla::api
