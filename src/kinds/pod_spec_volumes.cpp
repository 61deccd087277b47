// Volumes and where containers mount them.
#include <algorithm>
#include <set>
#include <string>

#include "claim_spec.hpp"
#include "pod_spec.hpp"

namespace orilla::api {
namespace {

constexpr int32_t file_mode_max = 0777;

bool has_backstep(std::string_view path) {
    for (;;) {
        size_t slash = path.find('/');
        if (path.substr(0, slash) == "..") return true;
        if (slash == path.npos) return false;
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

void check_descending_path(std::string_view text, const Path& path, FieldErrors& errors) {
    if (text.starts_with('/')) errors.invalid(path, text, "must be a relative path");
    if (has_backstep(text)) errors.invalid(path, text, "must not contain '..'");
}

void check_relative_path(std::string_view text, const Path& path, FieldErrors& errors) {
    check_descending_path(text, path, errors);
    // Kubernetes keeps these names for the directories that it swaps.
    if (!has_backstep(text) && text.starts_with("..")) errors.invalid(path, text, "must not start with '..'");
}

namespace {

void check_mode(const Opt<int32_t>& mode, const Path& path, FieldErrors& errors) {
    if (mode && (*mode < 0 || *mode > file_mode_max))
        errors.invalid(path, *mode, "must be a number between 0 and 0777 (octal), both inclusive");
}

void check_items(const List<KeyToPath>& items, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < items.size(); ++i) {
        const Path at = path[i];
        if (!items[i].path.empty()) check_relative_path(items[i].path, at / "path", errors);
        check_mode(items[i].mode, at / "mode", errors);
    }
}

void check_downward_items(const List<DownwardAPIVolumeFile>& files, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < files.size(); ++i) {
        const DownwardAPIVolumeFile& file = files[i];
        const Path at = path[i];
        if (!file.path.empty()) check_relative_path(file.path, at / "path", errors);
        check_mode(file.mode, at / "mode", errors);
        if (file.field_ref && file.resource_field_ref)
            errors.invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
        else if (file.field_ref) check_field_path(*file.field_ref, true, at / "fieldRef", errors);
        else if (file.resource_field_ref) check_resource_field(*file.resource_field_ref, true, at / "resourceFieldRef", errors);
        else errors.required(at, "one of fieldRef and resourceFieldRef is required");
    }
}

/// How many of the references in an object are set.
int count_sources(const TypeInfo& type, const void* object) {
    int count = 0;
    for (const FieldInfo& field : type.fields) count += field.shape == Shape::box && !is_zero_field(field, field.in(object));
    return count;
}

/// Two sources of a volume may not write the same file.
class PathsTaken {
  public:
    void take(std::string_view file, const Path& path, FieldErrors& errors) {
        if (file.empty()) return;
        bool conflicts = taken_.contains(file);
        for (size_t slash = file.find('/'); slash != file.npos; slash = file.find('/', slash + 1))
            conflicts |= taken_.contains(file.substr(0, slash));
        const std::string inside = std::string(file) + "/";
        const auto next = taken_.lower_bound(inside);
        conflicts |= next != taken_.end() && next->starts_with(inside);
        if (conflicts) errors.invalid(path, file, "conflicting duplicate paths");
        else taken_.insert(file);
    }

  private:
    std::set<std::string_view> taken_;
};

void check_projection(const VolumeProjection& source, PathsTaken& taken, const Path& path, FieldErrors& errors) {
    const int sources = count_sources(type_info<VolumeProjection>(), &source);
    if (sources == 0) return errors.required(path, "must specify a projection source");
    if (sources > 1) return errors.forbidden(path, "may not specify more than 1 volume type per source");
    const auto check_map = [&](const Str& name, const List<KeyToPath>& items, const Path& at) {
        if (name.empty()) errors.required(at / "name");
        check_items(items, at / "items", errors);
        for (const KeyToPath& item : items) taken.take(item.path, at, errors);
    };
    if (source.config_map) check_map(source.config_map->name, source.config_map->items, path / "configMap");
    if (source.secret) check_map(source.secret->name, source.secret->items, path / "secret");
    if (!source.downward_api) return;
    const Path at = path / "downwardAPI";
    check_downward_items(source.downward_api->items, at / "items", errors);
    for (const DownwardAPIVolumeFile& item : source.downward_api->items) taken.take(item.path, at, errors);
}

void check_projected(const ProjectedVolumeSource& source, const Path& path, FieldErrors& errors) {
    check_mode(source.default_mode, path / "defaultMode", errors);
    const Path sources = path / "sources";
    PathsTaken taken;
    for (size_t i = 0; i < source.sources.size(); ++i) check_projection(source.sources[i], taken, sources[i], errors);
}

void check_volume(const Volume& volume, const Path& path, FieldErrors& errors) {
    int sources = count_sources(type_info<Volume>(), &volume);
    if (sources == 0) return errors.required(path, "must specify a volume type");
    if (sources > 1) return errors.forbidden(path, "may not specify more than 1 volume type");
    if (volume.host_path) check_host_directory(volume.host_path->path, path / "hostPath", errors);
    if (volume.empty_dir && volume.empty_dir->size_limit.compare(Quantity()) < 0) {
        const Path at = path / "emptyDir";
        errors.forbidden(at / "sizeLimit", "SizeLimit field must be a valid resource quantity");
    }
    if (volume.config_map) {
        const Path at = path / "configMap";
        if (volume.config_map->name.empty()) errors.required(at / "name");
        check_mode(volume.config_map->default_mode, at / "defaultMode", errors);
        check_items(volume.config_map->items, at / "items", errors);
    }
    if (volume.secret) {
        const Path at = path / "secret";
        if (volume.secret->secret_name.empty()) errors.required(at / "secretName");
        check_mode(volume.secret->default_mode, at / "defaultMode", errors);
        check_items(volume.secret->items, at / "items", errors);
    }
    if (volume.ephemeral) {
        const Path at = path / "ephemeral";
        const Path claim = at / "volumeClaimTemplate";
        if (!volume.ephemeral->volume_claim_template) errors.required(claim);
        else check_claim_spec(volume.ephemeral->volume_claim_template->spec, claim / "spec", errors);
    }
    if (volume.downward_api) {
        const Path at = path / "downwardAPI";
        check_mode(volume.downward_api->default_mode, at / "defaultMode", errors);
        check_downward_items(volume.downward_api->items, at / "items", errors);
    }
    if (volume.projected) check_projected(*volume.projected, path / "projected", errors);
}

}  // namespace

void check_host_directory(std::string_view directory, const Path& path, FieldErrors& errors) {
    if (has_backstep(directory)) errors.invalid(path / "path", directory, "must not contain '..'");
}

void check_nfs(const NFSVolumeSource& source, const Path& path, FieldErrors& errors) {
    if (!source.path.empty() && !source.path.view().starts_with('/'))
        errors.invalid(path / "path", source.path, "must be an absolute path");
}

void check_volumes(const List<Volume>& volumes, const Path& path, FieldErrors& errors) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < volumes.size(); ++i) {
        const Path at = path[i];
        if (!volumes[i].name.empty()) {
            errors.complain(at / "name", volumes[i].name, check_dns1123_label(volumes[i].name));
            if (!names.insert(volumes[i].name).second) errors.duplicate(at / "name", volumes[i].name);
        }
        check_volume(volumes[i], at, errors);
    }
}

namespace {
void check_recursive_read_only(const VolumeMount& mount, const Path& path, FieldErrors& errors) {
    static constexpr std::string_view supported[] = {"Disabled", "Enabled", "IfPossible"};
    if (!mount.recursive_read_only) return;
    const std::string_view value = *mount.recursive_read_only;
    if (std::find(std::begin(supported), std::end(supported), value) == std::end(supported))
        errors.not_supported(path, value, supported);
    else if (value != "Disabled" && !mount.read_only) errors.forbidden(path, "may only be specified when readOnly is true");
    else if (value != "Disabled" && mount.mount_propagation.value_or("None") != "None")
        errors.forbidden(path, "may only be specified when mountPropagation is None or not specified");
}
}  // namespace

void check_volume_mounts(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    const Path mounts = path / "volumeMounts";
    std::set<std::string_view> paths;
    for (size_t i = 0; i < container.volume_mounts.size(); ++i) {
        const VolumeMount& mount = container.volume_mounts[i];
        const Path at = mounts[i];
        bool found = false;
        for (const Volume& volume : spec.volumes) found |= volume.name == mount.name;
        if (!found && !mount.name.empty()) errors.not_found(at / "name", mount.name);
        if (!mount.mount_path.empty() && !paths.insert(mount.mount_path).second)
            errors.invalid(at / "mountPath", mount.mount_path, "must be unique");
        check_recursive_read_only(mount, at / "recursiveReadOnly", errors);
        const bool privileged = container.security_context && container.security_context->privileged.value_or(false);
        if (!privileged && mount.mount_propagation == std::string_view("Bidirectional"))
            errors.forbidden(at / "mountPropagation",
                             "Bidirectional mount propagation is available only to privileged containers");
        if (!mount.sub_path.empty()) check_relative_path(mount.sub_path, at / "subPath", errors);
        if (mount.sub_path_expr.empty()) continue;
        if (!mount.sub_path.empty())
            errors.invalid(at / "subPathExpr", mount.sub_path_expr, "subPathExpr and subPath are mutually exclusive");
        check_relative_path(mount.sub_path_expr, at / "subPathExpr", errors);
    }
}

}  // namespace orilla::api
