#include "refused_fields.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "orilla/schema/values.hpp"

namespace orilla::api {
namespace {

/// `only`: the one value that is refused; `but`: the one value that is not. Without either the field is refused.
struct Refusal {
    std::string_view type;
    std::string_view field;
    std::string_view reason;
    std::string_view only = {};
    std::string_view but = {};
};

constexpr std::string_view volume_reason =
    "this kind of volume is not supported: use emptyDir, configMap, secret, hostPath, nfs, downwardAPI, projected, "
    "persistentVolumeClaim or ephemeral";
constexpr std::string_view persistent_volume_reason =
    "this kind of volume is not supported: use local, hostPath, nfs, or csi with the driver orilla.dev/local";
constexpr std::string_view attributes_reason = "VolumeAttributesClasses are not served; leave it out";
constexpr std::string_view secret_reason = "the driver orilla.dev/local takes no secrets; leave it out";

/// Sorted by type.
constexpr std::array refusals{
    Refusal{"AppArmorProfile", "localhostProfile", "AppArmor profiles are not applied by this node"},
    Refusal{"AppArmorProfile", "type", "AppArmor profiles are not applied by this node", {}, "Unconfined"},
    Refusal{"CSIPersistentVolumeSource", "controllerExpandSecretRef", secret_reason},
    Refusal{"CSIPersistentVolumeSource", "controllerPublishSecretRef", secret_reason},
    Refusal{"CSIPersistentVolumeSource", "fsType", "the driver orilla.dev/local chooses the file system; leave it out"},
    Refusal{"CSIPersistentVolumeSource", "nodeExpandSecretRef", secret_reason},
    Refusal{"CSIPersistentVolumeSource", "nodePublishSecretRef", secret_reason},
    Refusal{"CSIPersistentVolumeSource", "nodeStageSecretRef", secret_reason},
    Refusal{"CSIPersistentVolumeSource", "readOnly", "set readOnly where the pod names the claim", "true"},
    Refusal{"CSIPersistentVolumeSource", "volumeAttributes", "the driver orilla.dev/local takes none; leave it out"},
    Refusal{"Container", "stdinOnce", "attach is not served, whose end it would follow; leave it out", "true"},
    Refusal{"Container", "volumeDevices", "block volumes are not supported"},
    Refusal{"EmptyDirVolumeSource", "medium", "must be \"\" or \"Memory\": huge pages are not supported", {}, "Memory"},
    Refusal{"GatewaySpec", "allowedListeners", "ListenerSets are not served: name all listeners here"},
    Refusal{"GatewaySpec", "infrastructure", "nothing is made for a Gateway that this could be put on; leave it out"},
    Refusal{"GatewaySpec", "tls", "certificates of clients, and of the gateway towards backends, are not supported"},
    Refusal{"IngressBackend", "resource", "requests go to Services only: name a service"},
    Refusal{"ListenerTLSConfig", "options", "no options are known; leave them out"},
    Refusal{"LocalVolumeSource", "fsType", "block devices are not supported: name a directory, and leave it out"},
    Refusal{"NodeSpec", "configSource", "dynamic node configuration is not supported"},
    Refusal{"PersistentVolumeClaimSpec", "volumeAttributesClassName", attributes_reason},
    Refusal{"PersistentVolumeClaimSpec", "volumeMode", "block volumes are not supported; use Filesystem", "Block"},
    Refusal{"PersistentVolumeSpec", "awsElasticBlockStore", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "azureDisk", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "azureFile", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "cephfs", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "cinder", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "fc", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "flexVolume", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "flocker", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "gcePersistentDisk", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "glusterfs", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "iscsi", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "photonPersistentDisk", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "portworxVolume", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "quobyte", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "rbd", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "scaleIO", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "storageos", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "vsphereVolume", persistent_volume_reason},
    Refusal{"PersistentVolumeSpec", "persistentVolumeReclaimPolicy", "nothing recycles volumes here; use Retain or Delete",
            "Recycle"},
    Refusal{"PersistentVolumeSpec", "volumeAttributesClassName", attributes_reason},
    Refusal{"PersistentVolumeSpec", "volumeMode", "block volumes are not supported; use Filesystem", "Block"},
    Refusal{"PodOS", "name", "pods run on Linux only", {}, "linux"},
    Refusal{"PodSecurityContext", "windowsOptions", "pods run on Linux only"},
    Refusal{"PodSpec", "automountServiceAccountToken", "service account tokens are not issued; set it to false", "true"},
    Refusal{"PodSpec", "ephemeralContainers", "ephemeral containers are not supported"},
    Refusal{"PodSpec", "overhead", "a RuntimeClass alone sets it, and there are none: leave it out"},
    Refusal{"PodSpec", "resourceClaims", "dynamic resource allocation is not supported"},
    Refusal{"PodSpec", "runtimeClassName", "there is one runtime: RuntimeClasses are not served"},
    Refusal{"PodSpec", "schedulingGroup", "scheduling groups are not supported"},
    Refusal{"PodSpec", "serviceAccount", "ServiceAccounts are not served: only \"default\" can be used", {}, "default"},
    Refusal{"PodSpec", "serviceAccountName", "ServiceAccounts are not served: only \"default\" can be used", {}, "default"},
    Refusal{"ResourceRequirements", "claims", "dynamic resource allocation is not supported"},
    Refusal{"SecurityContext", "windowsOptions", "pods run on Linux only"},
    Refusal{"ServiceSpec", "ipFamilyPolicy", "the node has no IPv6 service network", "RequireDualStack"},
    Refusal{"StorageClass", "allowedTopologies", "volumes are made on the one node that there is; leave it out"},
    Refusal{"StorageClass", "reclaimPolicy", "nothing recycles volumes here; use Retain or Delete", "Recycle"},
    Refusal{"Volume", "awsElasticBlockStore", volume_reason},
    Refusal{"Volume", "azureDisk", volume_reason},
    Refusal{"Volume", "azureFile", volume_reason},
    Refusal{"Volume", "cephfs", volume_reason},
    Refusal{"Volume", "cinder", volume_reason},
    Refusal{"Volume", "csi", volume_reason},
    Refusal{"Volume", "fc", volume_reason},
    Refusal{"Volume", "flexVolume", volume_reason},
    Refusal{"Volume", "flocker", volume_reason},
    Refusal{"Volume", "gcePersistentDisk", volume_reason},
    Refusal{"Volume", "gitRepo", volume_reason},
    Refusal{"Volume", "glusterfs", volume_reason},
    Refusal{"Volume", "image", volume_reason},
    Refusal{"Volume", "iscsi", volume_reason},
    Refusal{"Volume", "photonPersistentDisk", volume_reason},
    Refusal{"Volume", "portworxVolume", volume_reason},
    Refusal{"Volume", "quobyte", volume_reason},
    Refusal{"Volume", "rbd", volume_reason},
    Refusal{"Volume", "scaleIO", volume_reason},
    Refusal{"Volume", "storageos", volume_reason},
    Refusal{"Volume", "vsphereVolume", volume_reason},
    Refusal{"VolumeProjection", "clusterTrustBundle", "ClusterTrustBundles are not served; leave it out"},
    Refusal{"VolumeProjection", "podCertificate", "PodCertificateRequests are not served; leave it out"},
    Refusal{"VolumeProjection", "serviceAccountToken", "service account tokens are not issued; leave it out"},
};

constexpr bool by_type(const Refusal& a, const Refusal& b) { return a.type < b.type; }
static_assert(std::is_sorted(refusals.begin(), refusals.end(), by_type));

std::string scalar_text(const FieldInfo& field, const void* object) {
    if (field.shape == Shape::list || field.shape == Shape::map) return {};
    const void* value = field_value(field, object);
    if (value == nullptr) return {};
    switch (field.type->kind) {
        case Kind::string: return static_cast<const Str*>(value)->str();
        case Kind::boolean: return *static_cast<const bool*>(value) ? "true" : "false";
        case Kind::int32: return std::to_string(*static_cast<const int32_t*>(value));
        default: return {};
    }
}

}  // namespace

std::optional<std::string_view> find_refusal(const TypeInfo& parent, const FieldInfo& field, const void* object) {
    auto [first, last] = std::equal_range(refusals.begin(), refusals.end(), Refusal{parent.name, {}, {}}, by_type);
    for (auto it = first; it != last; ++it) {
        if (it->field != field.name) continue;
        if (it->only.empty() && it->but.empty()) return it->reason;
        std::string text = scalar_text(field, object);
        bool refused = it->only.empty() ? !text.empty() && text != it->but : text == it->only;
        return refused ? std::optional(it->reason) : std::nullopt;
    }
    return {};
}

}  // namespace orilla::api
