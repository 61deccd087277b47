#include "volumes/volumes.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "orilla/base/file_system.hpp"
#include "volumes/place.hpp"

namespace orilla::node {

Error failed_volume(Error error, const std::string& name) {
    return std::move(error).with_context(fmt::format("MountVolume.SetUp failed for volume \"{}\" ", name));
}

namespace {

int64_t group_of(const api::Pod& pod) {
    return pod.spec.security_context && pod.spec.security_context->fs_group ? *pod.spec.security_context->fs_group : -1;
}

Result<VolumeWork> plan_volume(const VolumeContext& context) {
    VolumeWork work;
    work.driver = &find_driver(context.volume);
    work.name = context.volume.name.str();
    work.path = find_volume_path(context.volume, context.placement.pod_dir);
    work.gid = group_of(context.pod);
    TRY_VOID(work.driver->check(context, work));
    return work;
}

Result<std::vector<VolumeWork>> plan_some(const api::Pod& pod, const EnvSources& sources, const PodPlacement& placement,
                                          bool projected_only) {
    std::vector<VolumeWork> out;
    for (const auto& volume : pod.spec.volumes) {
        if (projected_only && !is_projected(volume)) continue;
        auto work = plan_volume({pod, volume, sources, placement});
        if (!work) return failed_volume(std::move(work).error(), volume.name.str());
        out.push_back(std::move(*work));
    }
    return out;
}

}  // namespace

Result<std::vector<VolumeWork>> plan_volumes(const api::Pod& pod, const EnvSources& sources, const PodPlacement& placement) {
    return plan_some(pod, sources, placement, false);
}

Result<std::vector<VolumeWork>> plan_projected_volumes(const api::Pod& pod, const EnvSources& sources,
                                                       const PodPlacement& placement) {
    return plan_some(pod, sources, placement, true);
}

Result<std::vector<ProjectedFile>> plan_volume_files(const api::Pod& pod, const api::Volume& volume, const EnvSources& sources,
                                                     const PodPlacement& placement) {
    TRY(VolumeWork work, plan_volume({pod, volume, sources, placement}));
    return std::move(work.files);
}

bool is_projected(const api::Volume& volume) { return find_driver(volume).projected; }

size_t hash_metadata(const api::Pod& pod) {
    std::string text;
    for (const auto* map : {&pod.metadata.labels, &pod.metadata.annotations}) {
        for (const auto& [key, value] : *map) text.append(key.view()).append("=").append(value.view()).append("\n");
        text += '\n';
    }
    return std::hash<std::string>()(text);
}

Result<void> apply_volume(const VolumeWork& work) {
    auto made = work.driver->prepare(work);
    if (made && work.driver->publish) made = work.driver->publish(work);
    if (!made) return failed_volume(std::move(made).error(), work.name);
    return ok();
}

std::string shared_mounts_note(const std::string& pod_dir) { return pod_dir + "/shares-mounts"; }

Result<void> unpublish_volumes(const std::string& pod_dir) {
    const std::string volumes = pod_dir + "/volumes";
    // Whoever removes the volume would remove what is mounted in it.
    if (access(shared_mounts_note(pod_dir).c_str(), F_OK) == 0) TRY_VOID(unmount_below(volumes));
    for (const auto& name : list_names(volumes))
        for (const auto* driver : volume_drivers())
            if (driver->unpublish) TRY_VOID(driver->unpublish(fmt::format("{}/{}", volumes, name)));
    return ok();
}

}  // namespace orilla::node
