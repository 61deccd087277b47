// What is next for one volume, as a pure decision: its phase, and what becomes of it when its claim is gone.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "storage/claim_plan.hpp"

namespace orilla::controllers {

struct SetVolumePhase {
    std::string phase;
    bool operator==(const SetVolumePhase&) const = default;
};
/// Its data goes, and then the object.
struct DeleteVolume {
    std::string handle;
    bool operator==(const DeleteVolume&) const = default;
};
struct FailVolume {
    std::string reason, message;
    bool operator==(const FailVolume&) const = default;
};
/// Nothing holds it any more: it may go when somebody deletes it.
struct UnprotectVolume {
    bool operator==(const UnprotectVolume&) const = default;
};
/// Its claim has taken another volume.
struct UnbindVolume {
    bool operator==(const UnbindVolume&) const = default;
};
using VolumeAction = std::variant<SetVolumePhase, DeleteVolume, FailVolume, UnprotectVolume, UnbindVolume>;

/// `claim` is the one that its claimRef names, whatever uid that has; null when there is none.
std::vector<VolumeAction> plan_volume(const api::PersistentVolume& volume, const api::PersistentVolumeClaim* claim);

/// A user's claimRef only loses its uid.
void unbind(api::PersistentVolume& volume);

}  // namespace orilla::controllers
