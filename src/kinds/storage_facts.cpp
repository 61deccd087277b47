#include "orilla/kinds/storage_facts.hpp"

#include "orilla/kinds/well_known.hpp"

namespace orilla::api {
namespace {

bool is_true(const ObjectMeta& meta, std::string_view annotation) {
    const Str* value = meta.annotations.get(annotation);
    return value && *value == "true";
}

}  // namespace

std::string_view class_of(const PersistentVolumeClaim& claim) {
    if (const Str* older = claim.metadata.annotations.get(older_storage_class_annotation)) return older->view();
    return claim.spec.storage_class_name.value_or("");
}

std::string_view class_of(const PersistentVolume& volume) {
    if (const Str* older = volume.metadata.annotations.get(older_storage_class_annotation)) return older->view();
    return volume.spec.storage_class_name;
}

bool names_class(const PersistentVolumeClaim& claim) {
    return claim.spec.storage_class_name.has_value() || claim.metadata.annotations.contains(older_storage_class_annotation);
}

bool is_default_class(const StorageClass& storage_class) {
    return is_true(storage_class.metadata, default_class_annotation) ||
           is_true(storage_class.metadata, older_default_class_annotation);
}

bool waits_for_consumer(const StorageClass& storage_class) {
    return storage_class.volume_binding_mode == "WaitForFirstConsumer";
}

std::string ephemeral_claim_name(const Pod& pod, const Volume& volume) {
    return pod.metadata.name.str() + "-" + volume.name.str();
}

int64_t requested_bytes(const PersistentVolumeClaimSpec& spec) {
    const Quantity* storage = spec.resources.requests.get("storage");
    return storage ? storage->value() : 0;
}

int64_t capacity_bytes(const PersistentVolume& volume) {
    const Quantity* storage = volume.spec.capacity.get("storage");
    return storage ? storage->value() : 0;
}

bool has_mode(const List<Str>& modes, std::string_view mode) {
    for (const Str& one : modes)
        if (one == mode) return true;
    return false;
}

std::string access_modes_text(const List<Str>& modes) {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {
        {"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}};
    std::string text;
    for (const auto& [mode, word] : words)
        if (has_mode(modes, mode)) text.append(text.empty() ? "" : ",").append(word);
    return text;
}

bool refers_to(const ObjectReference& reference, const ObjectMeta& claim) {
    return reference.name == claim.name && reference.namespace_ == claim.namespace_;
}

bool is_bound_to(const PersistentVolume& volume, const ObjectMeta& claim) {
    return volume.spec.claim_ref && refers_to(*volume.spec.claim_ref, claim) && volume.spec.claim_ref->uid == claim.uid;
}

}  // namespace orilla::api
