#include "volume_needs.hpp"

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/volume_match.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/objects/terms.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::scheduler {
namespace {

bool is_used_by_another(objects::Objects& objects, const api::Pod& pod, std::string_view claim) {
    const auto users = objects.feed<api::Pod>().find<api::Pod>(objects::using_claim(pod.metadata.namespace_, claim));
    for (const auto& user : users)
        if (user->metadata.uid != pod.metadata.uid && !user->spec.node_name.empty() && !is_finished(*user)) return true;
    return false;
}

void free_volume_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto& volume = object.as<api::PersistentVolume>();
    if (!volume.spec.claim_ref) terms.emplace_back(api::class_of(volume));
}

/// Nobody makes a volume for it: one has to be there, kept for it or free.
bool has_volume(objects::Objects& objects, const api::PersistentVolumeClaim& claim) {
    auto& volumes = objects.feed<api::PersistentVolume>();
    const objects::Term of_its_class{free_volume_terms, std::string(api::class_of(claim))};
    return api::choose_volume(claim, volumes.find<api::PersistentVolume>(of_its_class)) != nullptr;
}

void add_open_claim(objects::Objects& objects, const api::PersistentVolumeClaim& claim, VolumeNeeds& needs) {
    const auto storage_class = objects.get<api::StorageClass>(api::class_of(claim));
    if (!storage_class || !api::waits_for_consumer(*storage_class) || !claim.spec.volume_name.empty()) {
        needs.refusal = "pod has unbound immediate PersistentVolumeClaims";
        return;
    }
    needs.waiting.push_back(claim.metadata.name.str());
    // Once it is asked for, the claim's own controller has the word.
    const bool is_asked = claim.metadata.annotations.contains(api::selected_node_annotation);
    if (!is_asked && storage_class->provisioner == api::no_provisioner) needs.has_no_volume |= !has_volume(objects, claim);
}

/// The ephemeral volume that has this claim, or null.
const api::Volume* find_ephemeral(const api::Pod& pod, std::string_view claim) {
    for (const auto& volume : pod.spec.volumes)
        if (volume.ephemeral && api::ephemeral_claim_name(pod, volume) == claim) return &volume;
    return nullptr;
}

void add_claim(objects::Objects& objects, const api::Pod& pod, const std::string& name, VolumeNeeds& needs) {
    const auto claim = objects.get<api::PersistentVolumeClaim>(pod.metadata.namespace_, name);
    const std::string called = "persistentvolumeclaim " + api::quote(name);
    const api::Volume* ephemeral = find_ephemeral(pod, name);
    if (!claim && ephemeral) {
        needs.refusal = "waiting for ephemeral volume controller to create the " + called;
    } else if (!claim) {
        needs.refusal = called + " not found";
    } else if (ephemeral && !api::is_controlled_by(claim->metadata, pod.metadata.uid)) {
        const std::string ns = pod.metadata.namespace_.str() + "/";
        needs.refusal = "PVC " + ns + name + " was not created for pod " + ns + pod.metadata.name.str() + " (pod is not owner)";
    } else if (claim->metadata.deletion_timestamp) {
        needs.refusal = called + " is being deleted";
    } else if (!claim->metadata.annotations.contains(api::bind_completed_annotation)) {
        add_open_claim(objects, *claim, needs);
    } else if (auto volume = objects.get<api::PersistentVolume>(claim->spec.volume_name)) {
        needs.bound.push_back(std::move(volume));
    } else {
        needs.refusal = called + " bound to non-existent persistentvolume " + api::quote(claim->spec.volume_name);
    }
    const bool alone = claim && api::has_mode(claim->spec.access_modes, "ReadWriteOncePod");
    if (alone && is_used_by_another(objects, pod, name)) needs.is_taken = true;
}

}  // namespace

VolumeNeeds find_volume_needs(objects::Objects& objects, const api::Pod& pod) {
    VolumeNeeds needs;
    for (const auto& name : objects::claims_of(pod)) {
        add_claim(objects, pod, name, needs);
        if (!needs.refusal.empty()) break;
    }
    return needs;
}

}  // namespace orilla::scheduler
