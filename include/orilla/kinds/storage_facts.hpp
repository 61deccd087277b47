// Small questions about claims, volumes and classes that admission, controllers, scheduler and node ask.
#pragma once

#include <string>
#include <string_view>

#include "orilla/kinds/default_class.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::api {

/// The class of a claim or volume, the older annotation first; "" for none.
std::string_view class_of(const PersistentVolumeClaim& claim);
std::string_view class_of(const PersistentVolume& volume);
/// A claim may name no class at all and still get the default one; "" asks for none.
bool names_class(const PersistentVolumeClaim& claim);
bool is_default_class(const StorageClass& storage_class);
bool waits_for_consumer(const StorageClass& storage_class);
/// POD-VOLUME: the claim of a generic ephemeral volume.
std::string ephemeral_claim_name(const Pod& pod, const Volume& volume);
/// 0 when it says nothing.
int64_t requested_bytes(const PersistentVolumeClaimSpec& spec);
int64_t capacity_bytes(const PersistentVolume& volume);
bool has_mode(const List<Str>& modes, std::string_view mode);
/// RWO,ROX: in kubectl's order, each once.
std::string access_modes_text(const List<Str>& modes);
/// Its claim is the one that the volume's claimRef names, whatever uid that has.
bool refers_to(const ObjectReference& reference, const ObjectMeta& claim);
/// The one with a uid: bound, not only kept for it.
bool is_bound_to(const PersistentVolume& volume, const ObjectMeta& claim);

}  // namespace orilla::api
