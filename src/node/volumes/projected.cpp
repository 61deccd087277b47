// projected: several ConfigMaps, Secrets and the pod's own object as one directory. In memory where a Secret is among them.
#include <map>

#include "volumes/place.hpp"
#include "volumes/projection.hpp"

namespace orilla::node {
namespace {

bool matches_projected(const api::Volume& volume) { return bool(volume.projected); }

void find_projected(const api::Volume& volume, SourceNames& names) {
    for (const auto& source : volume.projected->sources) {
        if (source.config_map) names.config_maps.insert(source.config_map->name.str());
        if (source.secret) names.secrets.insert(source.secret->name.str());
    }
}

Result<std::vector<ProjectedFile>> project_source(const VolumeContext& context, const api::VolumeProjection& source,
                                                  unsigned mode) {
    if (source.config_map) {
        const auto& from = *source.config_map;
        return project_config_map(context, from.name.view(), from.optional.value_or(false), mode, from.items);
    }
    if (source.secret) {
        const auto& from = *source.secret;
        return project_secret(context, from.name.view(), from.optional.value_or(false), mode, from.items);
    }
    if (source.downward_api) return project_downward(context, mode, source.downward_api->items);
    return std::vector<ProjectedFile>();
}

using FilesByPath = std::map<std::string, ProjectedFile>;

/// The later source wins, where two of them have a key that the volume does not name. A file where another one needs a
/// directory gives way for the same reason.
void take_file(FilesByPath& files, ProjectedFile file) {
    const std::string path = file.path;
    for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
        files.erase(path.substr(0, slash));
    const std::string inside = path + "/";
    for (auto it = files.lower_bound(inside); it != files.end() && it->first.starts_with(inside);) it = files.erase(it);
    files.insert_or_assign(path, std::move(file));
}

Result<void> check_projected(const VolumeContext& context, VolumeWork& work) {
    const auto& from = *context.volume.projected;
    const unsigned mode = mode_or_default(from.default_mode);
    FilesByPath by_path;
    for (const auto& source : from.sources) {
        TRY(auto files, project_source(context, source, mode));
        for (auto& file : files) take_file(by_path, std::move(file));
        if (source.secret) work.variant = "Memory";
    }
    for (auto& [path, file] : by_path) work.files.push_back(std::move(file));
    return ok();
}

Result<void> prepare_projected(const VolumeWork& work) {
    return work.variant == "Memory" ? prepare_projection_in_memory(work) : prepare_projection(work);
}

}  // namespace

constinit const VolumeDriver projected_driver{.field = "projected",
                                              .matches = matches_projected,
                                              .projected = true,
                                              .find_sources = find_projected,
                                              .check = check_projected,
                                              .prepare = prepare_projected,
                                              .publish = publish_projection,
                                              .unpublish = unmount_volume};

}  // namespace orilla::node
