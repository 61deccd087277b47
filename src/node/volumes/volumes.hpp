// A pod's volumes on the host. What they are made of is decided on the loop from the API's objects; they are made on a thread
// that a file system which never answers may keep.
#pragma once

#include <string>
#include <vector>

#include "volumes/driver.hpp"

namespace orilla::node {

/// All volumes of the pod, or those that show what the API says. "MountVolume.SetUp failed for volume ..." when one cannot be
/// made.
Result<std::vector<VolumeWork>> plan_volumes(const api::Pod& pod, const EnvSources& sources, const PodPlacement& placement);
Result<std::vector<VolumeWork>> plan_projected_volumes(const api::Pod& pod, const EnvSources& sources,
                                                       const PodPlacement& placement);
/// The files of a projected volume.
Result<std::vector<ProjectedFile>> plan_volume_files(const api::Pod& pod, const api::Volume& volume, const EnvSources& sources,
                                                     const PodPlacement& placement);
bool is_projected(const api::Volume& volume);
/// Of what a downwardAPI volume shows and may change.
size_t hash_metadata(const api::Pod& pod);

/// Makes the volume ready and fills it. Idempotent; may block.
Result<void> apply_volume(const VolumeWork& work);
/// "MountVolume.SetUp failed for volume ...".
Error failed_volume(Error error, const std::string& name);
/// Takes the mounts below pod_dir away, so that it can be deleted; may block.
/// Is there in the directory of a pod whose containers may mount something in its volumes that stays when they end.
std::string shared_mounts_note(const std::string& pod_dir);
Result<void> unpublish_volumes(const std::string& pod_dir);

}  // namespace orilla::node
