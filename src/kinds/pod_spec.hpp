// The parts that pods and templates share, one file a concern.
#pragma once

#include "checks.hpp"

namespace orilla::api {

/// Conditional defaults.
void complete_pod_spec(PodSpec& spec);

/// Of a Pod or of a template.
void check_pod_spec(const PodSpec& spec, const Path& path, FieldErrors& errors);
/// Affinity, topology spread and gates.
void check_placement(const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_volumes(const List<Volume>& volumes, const Path& path, FieldErrors& errors);
/// Below a volume and never outside of it.
void check_relative_path(std::string_view text, const Path& path, FieldErrors& errors);
/// Relative, and without steps back.
void check_descending_path(std::string_view text, const Path& path, FieldErrors& errors);
/// `path` is that of the source; it has a path of its own.
void check_host_directory(std::string_view directory, const Path& path, FieldErrors& errors);
void check_nfs(const NFSVolumeSource& source, const Path& path, FieldErrors& errors);
void check_volume_mounts(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_container_fields(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_env(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_probes(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_resources(const ResourceRequirements& resources, const Path& path, FieldErrors& errors);
/// Of the pod as a whole.
void complete_pod_resources(PodSpec& spec);
void check_pod_resources(const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_resize_policy(const Container& container, const PodSpec& spec, bool is_init, const Path& path, FieldErrors& errors);
/// What a write to the subresource resize may change, and whether it may.
void take_pod_resize(Object& stored, const Object& written);
void check_pod_resize(const Pod& updated, const Pod& old, FieldErrors& errors);
void check_field_path(const ObjectFieldSelector& selector, bool in_volume, const Path& path, FieldErrors& errors);
void check_resource_field(const ResourceFieldSelector& selector, bool in_volume, const Path& path, FieldErrors& errors);

}  // namespace orilla::api
