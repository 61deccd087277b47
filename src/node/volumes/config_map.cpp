// configMap: the keys of a ConfigMap as files.
#include <fmt/core.h>

#include "volumes/projection.hpp"

namespace orilla::node {
namespace {

bool matches_config_map(const api::Volume& volume) { return bool(volume.config_map); }
void find_config_map(const api::Volume& volume, SourceNames& names) { names.config_maps.insert(volume.config_map->name.str()); }

Result<void> check_config_map(const VolumeContext& context, VolumeWork& work) {
    const auto& from = *context.volume.config_map;
    const std::string name(from.name.view());
    const ProjectionSource source{fmt::format("configmap \"{}\"", name), from.optional.value_or(false), false,
                                  mode_or_default(from.default_mode)};
    const auto* found = context.sources.config_map(name);
    if (!found && source.optional) return ok();
    if (!found) return Error(Code::not_found, fmt::format("configmap \"{}\" not found", name));
    TRY(work.files, project(source, {{&found->data, false}, {&found->binary_data, true}}, from.items));
    return ok();
}

}  // namespace

constinit const VolumeDriver config_map_driver{.field = "configMap",
                                               .matches = matches_config_map,
                                               .projected = true,
                                               .find_sources = find_config_map,
                                               .check = check_config_map,
                                               .prepare = prepare_projection,
                                               .publish = publish_projection};

}  // namespace orilla::node
