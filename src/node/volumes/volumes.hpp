// A pod's volumes on the host: POD_DIR/volumes/NAME. What the API projects (configMap, secret, downwardAPI) is rendered
// to a list of files (pure) and swapped in whole through a ..data symlink, so that a container never sees half an
// update. Secrets and memory emptyDirs live on a tmpfs, never on flash.
#pragma once

#include <string>
#include <vector>

#include "pod/container_spec.hpp"

namespace orilla::node {

struct ProjectedFile {
    std::string path;  ///< relative, without ..
    std::string content;
    unsigned mode = 0644;
    bool operator==(const ProjectedFile&) const = default;
};

/// The files of a projected volume. A source that is absent and not optional is Code::not_found, in the kubelet's words.
Result<std::vector<ProjectedFile>> plan_volume_files(const api::Pod& pod, const api::Volume& volume,
                                                     const EnvSources& sources, const PodPlacement& placement);
bool is_projected(const api::Volume& volume);
/// Of what a downwardAPI volume shows and may change.
size_t hash_metadata(const api::Pod& pod);

/// Makes every volume of the pod ready. Idempotent.
Result<void> apply_volumes(const api::Pod& pod, const EnvSources& sources, const PodPlacement& placement);
/// Rewrites the projected volumes whose files changed.
Result<void> update_projected_volumes(const api::Pod& pod, const EnvSources& sources, const PodPlacement& placement);
/// Takes the tmpfs mounts away, so that the directory can be deleted.
Result<void> unmount_volumes(const std::string& pod_dir);

/// Swaps `files` in as the content of `dir`; does nothing when they are there already.
Result<void> write_atomically(const std::string& dir, const std::vector<ProjectedFile>& files, int64_t gid);

}  // namespace orilla::node
