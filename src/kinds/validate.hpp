// The pieces of validation, one file per concern; validate.cpp puts them together per kind.
#pragma once

#include "orilla/kinds/object.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::api {

/// Required fields, closed enums and refused fields, by the tables. `status` of documents is left out: it is not the
/// client's.
void check_schema(const TypeInfo& type, const void* value, const Path& path, FieldErrors& errors);
/// Of a status: required fields may be empty there, such as the imageID of a container that waits.
void check_status_schema(const TypeInfo& type, const void* status, const Path& path, FieldErrors& errors);

void check_meta(const KindInfo& kind, const ObjectMeta& meta, FieldErrors& errors);
void check_meta_update(const ObjectMeta& updated, const ObjectMeta& old, FieldErrors& errors);
void check_labels(const Map<Str>& labels, const Path& path, FieldErrors& errors);
void check_annotations(const Map<Str>& annotations, const Path& path, FieldErrors& errors);
void check_label_selector(const LabelSelector& selector, const Path& path, FieldErrors& errors);

/// Of a Pod or of a template.
void check_pod_spec(const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_volumes(const List<Volume>& volumes, const Path& path, FieldErrors& errors);
void check_volume_mounts(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_container_fields(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_env(const Container& container, const Path& path, FieldErrors& errors);
void check_probes(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors);
void check_resources(const ResourceRequirements& resources, const Path& path, FieldErrors& errors);
void check_field_path(const ObjectFieldSelector& selector, bool in_volume, const Path& path, FieldErrors& errors);
void check_resource_field(const ResourceFieldSelector& selector, bool in_volume, const Path& path, FieldErrors& errors);

void check_pod_update(const Pod& updated, const Pod& old, FieldErrors& errors);

void check_service(const Service& service, FieldErrors& errors);
void check_service_update(const Service& updated, const Service& old, FieldErrors& errors);
void check_config_map(const ConfigMap& map, FieldErrors& errors);
void check_config_map_update(const ConfigMap& updated, const ConfigMap& old, FieldErrors& errors);
void check_secret(const Secret& secret, FieldErrors& errors);
void check_secret_update(const Secret& updated, const Secret& old, FieldErrors& errors);
void check_namespace(const Namespace& ns, FieldErrors& errors);
void check_node(const Node& node, FieldErrors& errors);
void check_event(const Event& event, FieldErrors& errors);
void check_endpoints(const Endpoints& endpoints, FieldErrors& errors);
/// The addresses of those that are new or change: what an older Orilla let in can still be edited and deleted.
void check_endpoints_addresses(const Endpoints& endpoints, FieldErrors& errors);
void check_endpoints_update(const Endpoints& updated, const Endpoints& old, FieldErrors& errors);
void check_slice_addresses(const EndpointSlice& slice, FieldErrors& errors);
void check_endpoint_slice(const EndpointSlice& slice, FieldErrors& errors);
void check_endpoint_slice_update(const EndpointSlice& updated, const EndpointSlice& old, FieldErrors& errors);
void check_lease(const Lease& lease, FieldErrors& errors);
void check_deployment(const Deployment& deployment, FieldErrors& errors);
void check_deployment_update(const Deployment& updated, const Deployment& old, FieldErrors& errors);
void check_replica_set(const ReplicaSet& set, FieldErrors& errors);
void check_replica_set_update(const ReplicaSet& updated, const ReplicaSet& old, FieldErrors& errors);

/// "field is immutable" unless both are equal.
template <class T>
void check_immutable(const T& updated, const T& old, const Path& path, std::string_view value, FieldErrors& errors) {
    if (!(updated == old)) errors.invalid(path, value, "field is immutable");
}
void check_not_negative(int64_t value, const Path& path, FieldErrors& errors);

}  // namespace orilla::api
