// What the API says, as files: rendered to a list (pure), and swapped in whole through a ..data symlink, so that a container
// never sees half an update.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "volumes/driver.hpp"

namespace orilla::node {

struct ProjectionSource {
    std::string what;  ///< configmap "x"
    bool optional = false;
    bool base64 = false;
    unsigned default_mode = 0644;
};
using ProjectionMaps = std::vector<std::pair<const api::Map<api::Str>*, bool>>;  ///< data, and whether it is base64

unsigned mode_or_default(const api::Opt<int32_t>& mode);
/// Refuses a path that leads out of the volume.
Result<void> add_projected_file(std::vector<ProjectedFile>& files, const ProjectionSource& source, std::string_view path,
                                std::string_view value, unsigned mode);
/// All keys, or those that `items` names.
Result<std::vector<ProjectedFile>> project(const ProjectionSource& source, const ProjectionMaps& maps,
                                           const api::List<api::KeyToPath>& items);

/// What the pod's own object says.
Result<std::vector<ProjectedFile>> project_downward(const VolumeContext& context, unsigned default_mode,
                                                    const api::List<api::DownwardAPIVolumeFile>& items);
/// A ConfigMap's or a Secret's; none where it is absent and may be.
Result<std::vector<ProjectedFile>> project_config_map(const VolumeContext& context, std::string_view name, bool optional,
                                                      unsigned default_mode, const api::List<api::KeyToPath>& items);
Result<std::vector<ProjectedFile>> project_secret(const VolumeContext& context, std::string_view name, bool optional,
                                                  unsigned default_mode, const api::List<api::KeyToPath>& items);

/// A directory on the node's disk.
Result<void> prepare_projection(const VolumeWork& work);
/// One in memory alone: for what must never be on flash.
Result<void> prepare_projection_in_memory(const VolumeWork& work);
Result<void> publish_projection(const VolumeWork& work);
/// Swaps `files` in as the content of `dir`; does nothing when they are there already.
Result<void> write_atomically(const std::string& dir, const std::vector<ProjectedFile>& files, int64_t gid);

}  // namespace orilla::node
