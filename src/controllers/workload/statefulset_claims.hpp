// The claims of a StatefulSet's pods: which there should be, and who owns them, so that they stay or go with the pods or with
// the StatefulSet as its retention policy says. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

using ClaimPtr = std::shared_ptr<const api::PersistentVolumeClaim>;
using ClaimsByName = std::map<std::string, ClaimPtr, std::less<>>;

/// "data-web-0"
std::string claim_name(const api::PersistentVolumeClaim& claim_template, std::string_view pod);
api::PersistentVolumeClaim make_claim(const api::StatefulSet& set, const api::PersistentVolumeClaim& claim_template,
                                      std::string_view pod);
/// The pod's volumes of the templates' names become its claims.
void mount_claims(const api::StatefulSet& set, api::Pod& pod);

/// Whose claim it is.
struct ClaimUser {
    std::string_view pod;
    std::string_view pod_uid;    ///< empty: there is no such pod yet
    bool goes_for_good = false;  ///< its number is not wanted any more
};
/// Whom the claim should belong to.
api::List<api::OwnerReference> claim_owners(const api::StatefulSet& set, const api::PersistentVolumeClaim& claim,
                                            const ClaimUser& user);
/// Why a pod cannot be made with this claim; empty when it can.
std::string why_not_claim(const api::StatefulSet& set, const api::PersistentVolumeClaim& claim, std::string_view pod);
/// Somebody else controls it, and it should be ours.
bool is_contested(const api::StatefulSet& set, const api::PersistentVolumeClaim& claim, std::string_view pod);

}  // namespace orilla::controllers
