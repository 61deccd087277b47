// downwardAPI: what the pod's own object says, as files.
#include "volumes/projection.hpp"

namespace orilla::node {
namespace {

bool matches_downward_api(const api::Volume& volume) { return bool(volume.downward_api); }

Result<void> check_downward_api(const VolumeContext& context, VolumeWork& work) {
    const auto& from = *context.volume.downward_api;
    TRY(work.files, project_downward(context, mode_or_default(from.default_mode), from.items));
    return ok();
}

}  // namespace

Result<std::vector<ProjectedFile>> project_downward(const VolumeContext& context, unsigned default_mode,
                                                    const api::List<api::DownwardAPIVolumeFile>& items) {
    const ProjectionSource source{"downwardAPI", false, false, default_mode};
    std::vector<ProjectedFile> files;
    for (const auto& item : items) {
        std::string value;
        if (item.field_ref) {
            TRY(value, resolve_field_ref(context.pod, item.field_ref->field_path.view(), context.placement));
        } else if (item.resource_field_ref) {
            TRY(value, resolve_resource_ref(context.pod, "", *item.resource_field_ref, context.placement));
        }
        const unsigned mode = item.mode ? static_cast<unsigned>(*item.mode) & 0777U : source.default_mode;
        TRY_VOID(add_projected_file(files, source, item.path.view(), value, mode));
    }
    return files;
}

constinit const VolumeDriver downward_api_driver{.field = "downwardAPI",
                                                 .matches = matches_downward_api,
                                                 .projected = true,
                                                 .check = check_downward_api,
                                                 .prepare = prepare_projection,
                                                 .publish = publish_projection};

}  // namespace orilla::node
