#include "orilla/base/base64.hpp"
#include "orilla/schema/codec.hpp"
#include "volumes/volumes.hpp"

namespace orilla::node {
namespace {

bool is_safe_path(std::string_view path) {
    if (path.empty() || path.front() == '/') return false;
    while (!path.empty()) {
        const size_t slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (part == ".." || part.empty()) return false;
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return true;
}

struct Source {
    std::string what;  ///< configmap "x"
    bool optional = false;
    bool base64 = false;
    unsigned default_mode = 0644;
};

Result<void> add_file(std::vector<ProjectedFile>& files, const Source& source, std::string_view path,
                      std::string_view value, unsigned mode) {
    if (!is_safe_path(path)) return Error(Code::invalid, source.what + ": path \"" + std::string(path) + "\" leads out of the volume");
    ProjectedFile file{std::string(path), std::string(value), mode};
    if (source.base64) {
        TRY(file.content, decode_base64(value));
    }
    files.push_back(std::move(file));
    return ok();
}

using DataMaps = std::vector<std::pair<const api::Map<api::Str>*, bool>>;  ///< data, and whether it is base64

/// All keys, or those that `items` names.
Result<std::vector<ProjectedFile>> project(const Source& source, const DataMaps& maps,
                                           const api::List<api::KeyToPath>& items) {
    std::vector<ProjectedFile> files;
    if (items.empty()) {
        for (const auto& [map, base64] : maps) {
            Source one = source;
            one.base64 = base64;
            for (const auto& [key, value] : *map)
                TRY_VOID(add_file(files, one, key.view(), value.view(), source.default_mode));
        }
        return files;
    }
    for (const auto& item : items) {
        bool found = false;
        for (const auto& [map, base64] : maps) {
            const api::Str* value = map->get(item.key.view());
            if (!value) continue;
            Source one = source;
            one.base64 = base64;
            const unsigned mode = item.mode ? static_cast<unsigned>(*item.mode) : source.default_mode;
            TRY_VOID(add_file(files, one, item.path.view(), value->view(), mode));
            found = true;
        }
        if (!found && !source.optional)
            return Error(Code::not_found, "references non-existent " + source.what + " key: " + std::string(item.key.view()));
    }
    return files;
}

unsigned mode_or_default(const api::Opt<int32_t>& mode) { return mode ? static_cast<unsigned>(*mode) & 0777U : 0644U; }

Result<std::vector<ProjectedFile>> downward_files(const api::Pod& pod, const api::DownwardAPIVolumeSource& source,
                                                  const PodPlacement& placement) {
    std::vector<ProjectedFile> files;
    const Source what{"downwardAPI", false, false, mode_or_default(source.default_mode)};
    for (const auto& item : source.items) {
        std::string value;
        if (item.field_ref) {
            TRY(value, resolve_field_ref(pod, item.field_ref->field_path.view(), placement));
        } else if (item.resource_field_ref) {
            TRY(value, resolve_resource_ref(pod, "", *item.resource_field_ref, placement));
        }
        const unsigned mode = item.mode ? static_cast<unsigned>(*item.mode) & 0777U : what.default_mode;
        TRY_VOID(add_file(files, what, item.path.view(), value, mode));
    }
    return files;
}

}  // namespace

bool is_projected(const api::Volume& volume) { return volume.config_map || volume.secret || volume.downward_api; }

size_t hash_metadata(const api::Pod& pod) {
    std::string text;
    for (const auto* map : {&pod.metadata.labels, &pod.metadata.annotations}) {
        for (const auto& [key, value] : *map) text.append(key.view()).append("=").append(value.view()).append("\n");
        text += '\n';
    }
    return std::hash<std::string>()(text);
}

Result<std::vector<ProjectedFile>> plan_volume_files(const api::Pod& pod, const api::Volume& volume,
                                                     const EnvSources& sources, const PodPlacement& placement) {
    if (volume.downward_api) return downward_files(pod, *volume.downward_api, placement);
    if (volume.config_map) {
        const auto& from = *volume.config_map;
        const std::string name(from.name.view());
        const Source source{"configmap \"" + name + "\"", from.optional.value_or(false), false, mode_or_default(from.default_mode)};
        auto found = sources.config_map(name);
        if (!found && source.optional) return std::vector<ProjectedFile>();
        if (!found) return Error(Code::not_found, "configmap \"" + name + "\" not found");
        return project(source, {{&found->data, false}, {&found->binary_data, true}}, from.items);
    }
    const auto& from = *volume.secret;
    const std::string name(from.secret_name.view());
    const Source source{"secret \"" + name + "\"", from.optional.value_or(false), true, mode_or_default(from.default_mode)};
    auto found = sources.secret(name);
    if (!found && source.optional) return std::vector<ProjectedFile>();
    if (!found) return Error(Code::not_found, "secret \"" + name + "\" not found");
    return project(source, {{&found->data, true}}, from.items);
}

}  // namespace orilla::node
