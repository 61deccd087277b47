#include "validate.hpp"

#include <array>

#include "orilla/kinds/validation.hpp"

namespace orilla::api {
namespace {

/// The rules of one kind beyond the tables; all but `check` may be missing.
struct KindRules {
    const TypeInfo* type;
    void (*check)(const Object& object, FieldErrors& errors);
    void (*check_update)(const Object& updated, const Object& old, FieldErrors& errors);
    void (*check_new)(const Object& object, FieldErrors& errors) = nullptr;
};

template <class T, void (*check)(const T&, FieldErrors&)>
void checked(const Object& object, FieldErrors& errors) {
    check(object.as<T>(), errors);
}

template <class T, void (*check)(const T&, const T&, FieldErrors&)>
void checked_update(const Object& updated, const Object& old, FieldErrors& errors) {
    check(updated.as<T>(), old.as<T>(), errors);
}

void check_pod(const Pod& pod, FieldErrors& errors) { check_pod_spec(pod.spec, Path("spec"), errors); }

const std::array<KindRules, 12>& all_rules() {
    static const std::array<KindRules, 12> rules{{
        {&type_info<Pod>(), checked<Pod, check_pod>, checked_update<Pod, check_pod_update>},
        {&type_info<Service>(), checked<Service, check_service>, checked_update<Service, check_service_update>},
        {&type_info<ConfigMap>(), checked<ConfigMap, check_config_map>,
         checked_update<ConfigMap, check_config_map_update>},
        {&type_info<Secret>(), checked<Secret, check_secret>, checked_update<Secret, check_secret_update>},
        {&type_info<Deployment>(), checked<Deployment, check_deployment>,
         checked_update<Deployment, check_deployment_update>},
        {&type_info<ReplicaSet>(), checked<ReplicaSet, check_replica_set>,
         checked_update<ReplicaSet, check_replica_set_update>},
        {&type_info<EndpointSlice>(), checked<EndpointSlice, check_endpoint_slice>,
         checked_update<EndpointSlice, check_endpoint_slice_update>, checked<EndpointSlice, check_slice_addresses>},
        {&type_info<Endpoints>(), checked<Endpoints, check_endpoints>,
         checked_update<Endpoints, check_endpoints_update>, checked<Endpoints, check_endpoints_addresses>},
        {&type_info<Namespace>(), checked<Namespace, check_namespace>, nullptr},
        {&type_info<Node>(), checked<Node, check_node>, nullptr},
        {&type_info<Event>(), checked<Event, check_event>, nullptr},
        {&type_info<Lease>(), checked<Lease, check_lease>, nullptr},
    }};
    return rules;
}

const KindRules* find_rules(const TypeInfo& type) {
    for (const KindRules& rules : all_rules())
        if (rules.type == &type) return &rules;
    return nullptr;
}

Result<void> conclude(const Object& object, FieldErrors& errors) {
    if (errors.empty()) return ok();
    const KindInfo& kind = object.kind();
    const ObjectMeta& meta = object.meta();
    return make_invalid_error(kind.group, kind.kind, meta.name.empty() ? meta.generate_name : meta.name, errors.take());
}

void check_object(const Object& object, FieldErrors& errors) {
    check_meta(object.kind(), object.meta(), errors);
    check_schema(object.type_info(), object.data(), Path(""), errors);
    if (const KindRules* rules = find_rules(object.type_info())) rules->check(object, errors);
}

}  // namespace

Result<void> validate_create(const Object& object) {
    FieldErrors errors;
    check_object(object, errors);
    const KindRules* rules = find_rules(object.type_info());
    if (rules != nullptr && rules->check_new != nullptr) rules->check_new(object, errors);
    return conclude(object, errors);
}

Result<void> validate_update(const Object& updated, const Object& old) {
    FieldErrors errors;
    check_meta_update(updated.meta(), old.meta(), errors);
    check_object(updated, errors);
    const KindRules* rules = find_rules(updated.type_info());
    if (rules != nullptr && rules->check_update != nullptr) rules->check_update(updated, old, errors);
    return conclude(updated, errors);
}

Result<void> validate_status_update(const Object& updated, const Object& old) {
    FieldErrors errors;
    check_meta_update(updated.meta(), old.meta(), errors);
    check_meta(updated.kind(), updated.meta(), errors);
    for (const FieldInfo& field : updated.type_info().fields) {
        if (field.name != "status" || field.type->kind != Kind::object) continue;
        const void* status = field_value(field, updated.data());
        if (status != nullptr) check_status_schema(*field.type, status, Path("status"), errors);
    }
    return conclude(updated, errors);
}

}  // namespace orilla::api
