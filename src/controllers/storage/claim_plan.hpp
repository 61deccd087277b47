// What is next for one claim, as a pure decision: the volume that it is bound to, the one that is to be made for it, or why it
// waits. The smallest free volume that fits is taken; one that names the claim comes before all others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

using VolumePtr = std::shared_ptr<const api::PersistentVolume>;
using ClaimPtr = std::shared_ptr<const api::PersistentVolumeClaim>;
using ClassPtr = std::shared_ptr<const api::StorageClass>;

/// What stands around a claim.
struct ClaimSeen {
    VolumePtr named;              ///< of spec.volumeName
    std::vector<VolumePtr> kept;  ///< whose claimRef names it
    std::vector<VolumePtr> free;  ///< of its class
    ClassPtr storage_class;
    std::string default_class;              ///< "" when there is none
    std::vector<std::string> waiting_pods;  ///< that use it and have no node
    bool used = false;                      ///< by a pod that has a node
};

struct AssignClass {
    std::string name;
    bool operator==(const AssignClass&) const = default;
};
/// Both sides are written, as far as they say something else.
struct BindClaim {
    std::string volume;
    bool operator==(const BindClaim&) const = default;
};
struct ProvisionVolume {
    bool operator==(const ProvisionVolume&) const = default;
};
struct AskProvisioner {
    std::string provisioner;
    bool operator==(const AskProvisioner&) const = default;
};
/// An event; the claim stays pending.
struct TellClaim {
    std::string type, reason, message;
    bool operator==(const TellClaim&) const = default;
};
struct LoseClaim {
    std::string reason, message;
    bool operator==(const LoseClaim&) const = default;
};
/// It asks for more than it has, and its class lets it.
struct ExpandClaim {
    bool operator==(const ExpandClaim&) const = default;
};
/// Nobody uses it: it may go.
struct UnprotectClaim {
    bool operator==(const UnprotectClaim&) const = default;
};
using ClaimAction =
    std::variant<AssignClass, BindClaim, ProvisionVolume, AskProvisioner, TellClaim, LoseClaim, ExpandClaim, UnprotectClaim>;

std::vector<ClaimAction> plan_claim(const api::PersistentVolumeClaim& claim, const ClaimSeen& seen);

/// pvc-UID, as every provisioner calls it.
std::string provisioned_name(const api::PersistentVolumeClaim& claim);
/// The object for a volume of so many bytes that the node's disk holds under this name.
api::PersistentVolume make_volume(const api::PersistentVolumeClaim& claim, const api::StorageClass& storage_class,
                                  int64_t bytes, const std::string& node_name);
/// Why this class cannot make it; empty when it can.
std::string find_class_flaw(const api::StorageClass& storage_class);

/// What a bound claim says; `changed` tells whether it said something else before.
bool write_bound_spec(api::PersistentVolumeClaim& claim, const api::PersistentVolume& volume);
bool write_bound_status(api::PersistentVolumeClaim& claim, const api::PersistentVolume& volume);

}  // namespace orilla::controllers
