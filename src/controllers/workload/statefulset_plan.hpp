// StatefulSet: numbered pods, each with a name of its own, made and replaced in order. Decides only, from what is there; see
// statefulset_controller for the acts.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "workload/replicaset_plan.hpp"
#include "workload/revisions.hpp"
#include "workload/statefulset_claims.hpp"

namespace orilla::controllers {

/// At most so many pods are made or stopped in one turn: the rest follows in the next.
constexpr int statefulset_burst_max = 500;

struct StatefulSetObserved {
    std::vector<PodPtr> pods;            ///< its own, and those that it selects and nobody controls
    std::vector<RevisionPtr> revisions;  ///< the same
    ClaimsByName claims;                 ///< those of claims_in_question that there are
    int64_t now_s = 0;
};

struct CreateStatefulPod {
    api::Pod object;
    bool operator==(const CreateStatefulPod&) const = default;
};
/// Somebody took off what tells which one it is.
struct IdentifyPod {
    std::string name;
    bool operator==(const IdentifyPod&) const = default;
};
/// Before its pod.
struct CreateClaim {
    api::PersistentVolumeClaim object;
    std::string pod;
    bool operator==(const CreateClaim&) const = default;
};
/// Whether it goes with the pod, with the StatefulSet, or stays.
struct SetClaimOwners {
    std::string name;
    api::List<api::OwnerReference> owners;
    bool operator==(const SetClaimOwners&) const = default;
};
/// It cannot be made now.
struct RefusePod {
    std::string name;
    std::string why;
    bool operator==(const RefusePod&) const = default;
};
using StatefulSetAction = std::variant<AdoptPod, ReleasePod, AdoptRevision, CreateRevision, RenumberRevision, DeleteRevision,
                                       CreateStatefulPod, IdentifyPod, DeletePod, CreateClaim, SetClaimOwners, RefusePod>;

std::vector<StatefulSetAction> plan_statefulset(const api::StatefulSet& desired, const StatefulSetObserved& seen);
/// `*again_after_s`: when a pod becomes available by waiting (minReadySeconds), else -1.
api::StatefulSetStatus summarise_statefulset(const api::StatefulSet& desired, const StatefulSetObserved& seen,
                                             int64_t* again_after_s);

/// The names of the claims that the next step may have to do with.
std::vector<std::string> claims_in_question(const api::StatefulSet& set, const std::vector<PodPtr>& pods);
/// Claims that are not ours to give to anybody, because somebody else controls them.
std::vector<std::string> contested_claims(const api::StatefulSet& set, const StatefulSetObserved& seen);

/// The number in the name of one of its pods; nothing for other names.
std::optional<int32_t> ordinal_of(std::string_view set, std::string_view pod);
/// Puts the labels on that say which one it is.
void identify(api::Pod& pod, std::string_view set);

}  // namespace orilla::controllers
