#include "orilla/kinds/volume_match.hpp"

#include <algorithm>
#include <tuple>

#include "orilla/kinds/selectors.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::api {
namespace {

bool has_all_modes(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
    return std::ranges::all_of(claim.spec.access_modes,
                               [&](const auto& mode) { return has_mode(volume.spec.access_modes, mode); });
}

bool is_large_enough(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
    return capacity_bytes(volume) >= requested_bytes(claim.spec);
}

}  // namespace

std::string find_mismatch(const PersistentVolumeClaim& claim, const PersistentVolume& volume) {
    if (volume.metadata.deletion_timestamp) return "the volume is marked for deletion " + quote(volume.metadata.name);
    if (!is_large_enough(volume, claim)) return "requested PV is too small";
    if (class_of(volume) != class_of(claim)) return "storageClassName does not match";
    if (volume.spec.volume_mode.value_or("Filesystem") != claim.spec.volume_mode.value_or("Filesystem"))
        return "incompatible volumeMode";
    return has_all_modes(volume, claim) ? "" : "incompatible accessMode";
}

const PersistentVolume* choose_volume(const PersistentVolumeClaim& claim,
                                      const std::vector<std::shared_ptr<const PersistentVolume>>& free) {
    const PersistentVolume* best = nullptr;
    const auto rank = [](const PersistentVolume& volume) {
        return std::tuple(volume.spec.access_modes.size(), capacity_bytes(volume), volume.metadata.name.view());
    };
    for (const auto& volume : free) {
        if (volume->spec.claim_ref || volume->status.phase != "Available") continue;
        if (claim.spec.selector && !selects(claim.spec.selector, volume->metadata.labels)) continue;
        if (!find_mismatch(claim, *volume).empty()) continue;
        if (!best || rank(*volume) < rank(*best)) best = volume.get();
    }
    return best;
}

}  // namespace orilla::api
