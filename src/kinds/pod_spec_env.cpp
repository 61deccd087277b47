// Where a container's environment comes from, and references to fields of the pod.
#include <algorithm>
#include <array>
#include <span>

#include "pod_spec.hpp"

namespace orilla::api {
namespace {

constexpr std::array<std::string_view, 9> env_fields{
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};
constexpr std::array<std::string_view, 5> volume_fields{"metadata.annotations", "metadata.labels", "metadata.name",
                                                        "metadata.namespace", "metadata.uid"};
constexpr std::array<std::string_view, 6> resource_fields{"limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
                                                          "requests.cpu", "requests.ephemeral-storage", "requests.memory"};

bool contains(std::span<const std::string_view> list, std::string_view value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

/// The key of metadata.labels['KEY'] or metadata.annotations['KEY']; empty otherwise.
std::string_view subscript_of(std::string_view path) {
    for (std::string_view start : {"metadata.labels['", "metadata.annotations['"})
        if (path.starts_with(start) && path.ends_with("']") && path.size() > start.size() + 2)
            return path.substr(start.size(), path.size() - start.size() - 2);
    return {};
}

template <class Selector>
void check_key_reference(const Selector& selector, const Path& path, FieldErrors& errors) {
    if (selector.name.empty()) errors.required(path / "name");
    if (!selector.key.empty()) errors.complain(path / "key", selector.key, check_config_map_key(selector.key));
}

void check_file_key(const FileKeySelector& selector, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    constexpr size_t key_bytes_max = 128;
    if (!selector.path.empty()) check_relative_path(selector.path, path / "path", errors);
    if (!selector.key.empty()) errors.complain(path / "key", selector.key, check_env_name(selector.key));
    if (selector.key.size() > key_bytes_max) errors.too_long(path / "key", key_bytes_max);
    if (selector.volume_name.empty()) return;
    const auto is_it = [&](const Volume& volume) { return volume.name == selector.volume_name; };
    const auto* volume = std::find_if(spec.volumes.begin(), spec.volumes.end(), is_it);
    if (volume == spec.volumes.end()) errors.not_found(path / "volumeName", selector.volume_name);
    else if (!volume->empty_dir) errors.invalid(path / "volumeName", selector.volume_name, "must be a volume of type emptyDir");
}

void check_value_from(const EnvVar& variable, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    const EnvVarSource& source = *variable.value_from;
    int count = static_cast<bool>(source.field_ref) + static_cast<bool>(source.resource_field_ref) +
                static_cast<bool>(source.config_map_key_ref) + static_cast<bool>(source.secret_key_ref) +
                static_cast<bool>(source.file_key_ref);
    if (count == 0)
        return errors.invalid(
            path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
    if (!variable.value.empty()) return errors.invalid(path, "", "may not be specified when `value` is not empty");
    if (count > 1) return errors.invalid(path, "", "may not have more than one field specified at a time");
    if (source.field_ref) check_field_path(*source.field_ref, false, path / "fieldRef", errors);
    if (source.resource_field_ref) check_resource_field(*source.resource_field_ref, false, path / "resourceFieldRef", errors);
    if (source.config_map_key_ref) check_key_reference(*source.config_map_key_ref, path / "configMapKeyRef", errors);
    if (source.secret_key_ref) check_key_reference(*source.secret_key_ref, path / "secretKeyRef", errors);
    if (source.file_key_ref) check_file_key(*source.file_key_ref, spec, path / "fileKeyRef", errors);
}

void check_env_from(const EnvFromSource& source, const Path& path, FieldErrors& errors) {
    if (!source.prefix.empty()) errors.complain(path / "prefix", source.prefix, check_env_name(source.prefix));
    if (!source.config_map_ref && !source.secret_ref)
        return errors.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
    if (source.config_map_ref && source.secret_ref)
        return errors.invalid(path, "", "may not have more than one field specified at a time");
    const Path config_map = path / "configMapRef";
    if (source.config_map_ref && source.config_map_ref->name.empty()) errors.required(config_map / "name");
    const Path secret = path / "secretRef";
    if (source.secret_ref && source.secret_ref->name.empty()) errors.required(secret / "name");
}

}  // namespace

void check_field_path(const ObjectFieldSelector& selector, bool in_volume, const Path& path, FieldErrors& errors) {
    std::string_view field = selector.field_path;
    if (field.empty()) return;  // required by the schema
    if (std::string_view key = subscript_of(field); !key.empty())
        return errors.complain(path / "fieldPath", field, check_qualified_name(key));
    std::span<const std::string_view> supported = env_fields;
    if (in_volume) supported = volume_fields;
    if (contains(supported, field)) return;
    if (contains(env_fields, field) || contains(volume_fields, field))
        return errors.not_supported(path / "fieldPath", field, supported);
    errors.invalid(path / "fieldPath", field, "error converting fieldPath: field label not supported: " + std::string(field));
}

void check_resource_field(const ResourceFieldSelector& selector, bool in_volume, const Path& path, FieldErrors& errors) {
    if (in_volume && selector.container_name.empty()) errors.required(path / "containerName");
    if (!selector.resource.empty() && !contains(resource_fields, selector.resource))
        errors.not_supported(path / "resource", selector.resource, resource_fields);
}

void check_env(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    const Path env = path / "env";
    for (size_t i = 0; i < container.env.size() && !errors.full(); ++i) {
        const EnvVar& variable = container.env[i];
        const Path at = env[i];
        if (!variable.name.empty()) errors.complain(at / "name", variable.name, check_env_name(variable.name));
        if (variable.value_from) check_value_from(variable, spec, at / "valueFrom", errors);
    }
    const Path env_from = path / "envFrom";
    for (size_t i = 0; i < container.env_from.size(); ++i) check_env_from(container.env_from[i], env_from[i], errors);
}

}  // namespace orilla::api
