#include "workload/statefulset_claims.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/kinds/owners.hpp"

namespace orilla::controllers {
namespace {

bool goes_when_deleted(const api::StatefulSet& set) {
    const auto& policy = set.spec.persistent_volume_claim_retention_policy;
    return policy && policy->when_deleted == "Delete";
}
bool goes_when_scaled(const api::StatefulSet& set) {
    const auto& policy = set.spec.persistent_volume_claim_retention_policy;
    return policy && policy->when_scaled == "Delete";
}

bool names(const api::OwnerReference& owner, std::string_view kind, std::string_view name) {
    return owner.kind == kind && owner.name == name;
}

}  // namespace

std::string claim_name(const api::PersistentVolumeClaim& claim_template, std::string_view pod) {
    return claim_template.metadata.name.str() + "-" + std::string(pod);
}

api::PersistentVolumeClaim make_claim(const api::StatefulSet& set, const api::PersistentVolumeClaim& claim_template,
                                      std::string_view pod) {
    api::PersistentVolumeClaim out;
    out.metadata.name = api::Str(claim_name(claim_template, pod));
    out.metadata.namespace_ = set.metadata.namespace_;
    out.metadata.labels = claim_template.metadata.labels;
    out.metadata.annotations = claim_template.metadata.annotations;
    if (set.spec.selector)
        for (const auto& [key, value] : set.spec.selector->match_labels) out.metadata.labels[key] = value;
    out.spec = claim_template.spec;
    out.metadata.owner_references = claim_owners(set, out, {pod, {}, false});
    return out;
}

void mount_claims(const api::StatefulSet& set, api::Pod& pod) {
    api::List<api::Volume> volumes;
    for (const auto& claim : set.spec.volume_claim_templates) {
        api::Volume volume;
        volume.name = claim.metadata.name;
        volume.persistent_volume_claim.ensure().claim_name = api::Str(claim_name(claim, pod.metadata.name));
        volumes.push_back(std::move(volume));
    }
    for (const auto& volume : pod.spec.volumes) {
        const auto same = [&volume](const api::Volume& other) { return other.name == volume.name; };
        if (std::none_of(volumes.begin(), volumes.end(), same)) volumes.push_back(volume);
    }
    pod.spec.volumes = std::move(volumes);
}

api::List<api::OwnerReference> claim_owners(const api::StatefulSet& set, const api::PersistentVolumeClaim& claim,
                                            const ClaimUser& user) {
    const bool to_pod = goes_when_scaled(set) && user.goes_for_good;
    const bool to_set = goes_when_deleted(set) && !to_pod;
    api::List<api::OwnerReference> out;
    for (const auto& owner : claim.metadata.owner_references) {
        // One that names a pod or a set of before stays: it is about to go with it.
        const bool is_pod = names(owner, "Pod", user.pod) && owner.uid == user.pod_uid;
        if (owner.uid != set.metadata.uid && !is_pod) out.push_back(owner);
    }
    if (to_set) out.push_back(make_controller_reference("apps/v1", "StatefulSet", set.metadata));
    if (to_pod) {
        api::ObjectMeta meta;
        meta.name = api::Str(user.pod);
        meta.uid = api::Str(user.pod_uid);
        out.push_back(make_controller_reference("v1", "Pod", meta));
    }
    return out;
}

bool is_contested(const api::StatefulSet& set, const api::PersistentVolumeClaim& claim, std::string_view pod) {
    if (!goes_when_deleted(set) && !goes_when_scaled(set)) return false;
    const auto* owner = find_controller(claim.metadata);
    return owner && owner->uid != set.metadata.uid && !names(*owner, "Pod", pod) &&
           !names(*owner, "StatefulSet", set.metadata.name);
}

std::string why_not_claim(const api::StatefulSet& set, const api::PersistentVolumeClaim& claim, std::string_view pod) {
    const std::string_view name = claim.metadata.name.view();
    if (claim.metadata.deletion_timestamp) return fmt::format("pvc {} is being deleted", name);
    for (const auto& owner : claim.metadata.owner_references) {
        const bool of_old_set = names(owner, "StatefulSet", set.metadata.name) && owner.uid != set.metadata.uid;
        // There is no such pod: it is about to be made.
        if (of_old_set || names(owner, "Pod", pod))
            return fmt::format("pvc {} goes with an earlier {}", name, owner.kind.view());
    }
    return "";
}

}  // namespace orilla::controllers
