#include "storage/volume_plan.hpp"

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::controllers {
namespace {

void add_phase(const api::PersistentVolume& volume, std::string_view phase, std::vector<VolumeAction>& actions) {
    if (volume.status.phase != phase) actions.emplace_back(SetVolumePhase{std::string(phase)});
}

/// Of one that no claim has. Whose data is to stay goes as soon as somebody deletes it.
void add_unprotect(const api::PersistentVolume& volume, std::vector<VolumeAction>& actions) {
    if (!volume.metadata.deletion_timestamp) return;
    if (api::has_finalizer(volume.metadata, api::volume_protection_finalizer) ||
        api::has_finalizer(volume.metadata, api::provisioned_finalizer))
        actions.emplace_back(UnprotectVolume{});
}

void add_reclaim(const api::PersistentVolume& volume, std::vector<VolumeAction>& actions) {
    if (volume.spec.persistent_volume_reclaim_policy != "Delete") {
        add_phase(volume, "Released", actions);
        return add_unprotect(volume, actions);
    }
    if (volume.spec.csi) {
        // A failure stays told until it is overcome.
        if (volume.status.phase != "Failed") add_phase(volume, "Released", actions);
        actions.emplace_back(DeleteVolume{volume.spec.csi->volume_handle.str()});
        return;
    }
    if (volume.status.phase != "Failed")
        actions.emplace_back(FailVolume{"VolumeFailedDelete", "error getting deleter volume plugin for volume " +
                                                                  api::quote(volume.metadata.name) +
                                                                  ": no deletable volume plugin matched"});
    add_unprotect(volume, actions);
}

}  // namespace

void unbind(api::PersistentVolume& volume) {
    if (!volume.spec.claim_ref) return;
    volume.spec.claim_ref->uid = api::Str();
    volume.spec.claim_ref->resource_version = api::Str();
    if (volume.metadata.annotations.erase(api::bound_by_controller_annotation) > 0) volume.spec.claim_ref.reset();
}

std::vector<VolumeAction> plan_volume(const api::PersistentVolume& volume, const api::PersistentVolumeClaim* claim) {
    std::vector<VolumeAction> actions;
    const auto& held = volume.spec.claim_ref;
    if (!held || held->uid.empty()) {
        add_phase(volume, "Available", actions);
        add_unprotect(volume, actions);
    } else if (!claim || claim->metadata.uid != held->uid) {
        add_reclaim(volume, actions);
    } else if (claim->spec.volume_name == volume.metadata.name) {
        add_phase(volume, "Bound", actions);
    } else if (!claim->spec.volume_name.empty()) {
        if (volume.metadata.annotations.contains(api::provisioned_by_annotation)) add_reclaim(volume, actions);
        else actions.emplace_back(UnbindVolume{});
    }
    return actions;
}

}  // namespace orilla::controllers
