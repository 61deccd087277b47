// configMap: the keys of a ConfigMap as files.
#include <fmt/core.h>

#include "volumes/projection.hpp"

namespace orilla::node {
namespace {

bool matches_config_map(const api::Volume& volume) { return bool(volume.config_map); }
void find_config_map(const api::Volume& volume, SourceNames& names) { names.config_maps.insert(volume.config_map->name.str()); }

Result<void> check_config_map(const VolumeContext& context, VolumeWork& work) {
    const auto& from = *context.volume.config_map;
    TRY(work.files, project_config_map(context, from.name.view(), from.optional.value_or(false),
                                       mode_or_default(from.default_mode), from.items));
    return ok();
}

}  // namespace

Result<std::vector<ProjectedFile>> project_config_map(const VolumeContext& context, std::string_view name, bool optional,
                                                      unsigned default_mode, const api::List<api::KeyToPath>& items) {
    const ProjectionSource source{fmt::format("configmap \"{}\"", name), optional, false, default_mode};
    const auto* found = context.sources.config_map(name);
    if (!found && optional) return std::vector<ProjectedFile>();
    if (!found) return Error(Code::not_found, fmt::format("configmap \"{}\" not found", name));
    return project(source, {{&found->data, false}, {&found->binary_data, true}}, items);
}

constinit const VolumeDriver config_map_driver{.field = "configMap",
                                               .matches = matches_config_map,
                                               .projected = true,
                                               .find_sources = find_config_map,
                                               .check = check_config_map,
                                               .prepare = prepare_projection,
                                               .publish = publish_projection};

}  // namespace orilla::node
