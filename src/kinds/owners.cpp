#include "orilla/kinds/owners.hpp"

#include <algorithm>

namespace orilla::api {

const OwnerReference* find_controller(const ObjectMeta& meta) {
    for (const auto& reference : meta.owner_references)
        if (reference.controller.value_or(false)) return &reference;
    return nullptr;
}

const OwnerReference* find_controller(const ObjectMeta& meta, const KindInfo& kind) {
    const OwnerReference* found = find_controller(meta);
    if (!found || found->kind != kind.kind) return nullptr;
    const std::string_view version = found->api_version;
    const size_t slash = version.find('/');
    return version.substr(0, slash == std::string_view::npos ? 0 : slash) == kind.group ? found : nullptr;
}

bool is_controlled_by(const ObjectMeta& meta, std::string_view owner_uid) {
    const auto* controller = find_controller(meta);
    return controller && controller->uid == owner_uid;
}

OwnerReference make_controller_reference(std::string_view api_version, std::string_view kind, const ObjectMeta& owner) {
    OwnerReference out;
    out.api_version = api_version;
    out.kind = kind;
    out.name = owner.name;
    out.uid = owner.uid;
    out.controller = true;
    out.block_owner_deletion = true;
    return out;
}

ObjectReference reference_to(const KindInfo& kind, const ObjectMeta& meta) {
    ObjectReference reference;
    reference.kind = Str::intern(kind.kind);
    reference.api_version = Str::intern(kind.api_version);
    reference.namespace_ = meta.namespace_;
    reference.name = meta.name;
    reference.uid = meta.uid;
    reference.resource_version = meta.resource_version;
    return reference;
}

void remove_owner(ObjectMeta& meta, std::string_view uid) {
    auto& owners = meta.owner_references;
    for (size_t i = owners.size(); i-- > 0;)
        if (owners[i].uid == uid) owners.erase(owners.begin() + i);
}

bool has_finalizer(const ObjectMeta& meta, std::string_view name) {
    return std::any_of(meta.finalizers.begin(), meta.finalizers.end(), [name](const Str& one) { return one == name; });
}

void remove_finalizer(ObjectMeta& meta, std::string_view name) {
    for (size_t i = meta.finalizers.size(); i-- > 0;)
        if (meta.finalizers[i] == name) meta.finalizers.erase(meta.finalizers.begin() + i);
}

}  // namespace orilla::api
