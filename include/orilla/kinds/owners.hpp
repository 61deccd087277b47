// Who owns an object and what holds it: metadata.ownerReferences and metadata.finalizers. And what refers to it otherwise.
#pragma once

#include <string_view>

#include "orilla/kinds/kinds.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::api {

/// The ownerReference with controller: true, or null.
const OwnerReference* find_controller(const ObjectMeta& meta);
/// The same when it is of this kind, in whatever version.
const OwnerReference* find_controller(const ObjectMeta& meta, const KindInfo& kind);
bool is_controlled_by(const ObjectMeta& meta, std::string_view owner_uid);
OwnerReference make_controller_reference(std::string_view api_version, std::string_view kind, const ObjectMeta& owner);
/// As involvedObject, claimRef and active lists hold it, at its present revision.
ObjectReference reference_to(const KindInfo& kind, const ObjectMeta& meta);
void remove_owner(ObjectMeta& meta, std::string_view uid);
bool has_finalizer(const ObjectMeta& meta, std::string_view name);
void remove_finalizer(ObjectMeta& meta, std::string_view name);

}  // namespace orilla::api
