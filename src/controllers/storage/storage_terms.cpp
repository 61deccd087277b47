#include "storage/storage_terms.hpp"

#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/kinds/well_known.hpp"
#include "storage/snapshot_plan.hpp"

namespace orilla::controllers {
namespace {

std::string term_of(std::string_view what, std::string_view name) { return std::string(what).append("/").append(name); }
std::string term_of(std::string_view what, std::string_view ns, std::string_view name) {
    return term_of(what, ns).append("/").append(name);
}

constexpr std::string_view free_volume = "free", kept_volume = "kept", handle_of = "handle", waiting_claim = "waiting",
                           copying_claim = "copying", taken_snapshot = "taken", snapshot_data = "snapshot";

}  // namespace

objects::Term free_of_class(std::string_view storage_class) { return {volume_terms, term_of(free_volume, storage_class)}; }
objects::Term kept_for(std::string_view ns, std::string_view claim) { return {volume_terms, term_of(kept_volume, ns, claim)}; }
objects::Term with_handle(std::string_view handle) { return {volume_terms, term_of(handle_of, handle)}; }
objects::Term waiting_of_class(std::string_view storage_class) { return {claim_terms, term_of(waiting_claim, storage_class)}; }

objects::Term beginning_with(std::string_view kind, std::string_view ns, std::string_view name) {
    return {claim_terms, term_of(term_of(copying_claim, kind), ns, name)};
}
objects::Term taken_of(std::string_view ns, std::string_view claim) {
    return {snapshot_terms, term_of(taken_snapshot, ns, claim)};
}
objects::Term with_snapshot(std::string_view handle) { return {content_terms, term_of(snapshot_data, handle)}; }

void volume_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto& volume = object.as<api::PersistentVolume>();
    if (const auto& claim = volume.spec.claim_ref) terms.push_back(term_of(kept_volume, claim->namespace_, claim->name));
    else terms.push_back(term_of(free_volume, api::class_of(volume)));
    if (volume.spec.csi) terms.push_back(term_of(handle_of, volume.spec.csi->volume_handle));
}

void claim_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto& claim = object.as<api::PersistentVolumeClaim>();
    if (!claim.spec.volume_name.empty()) return;
    terms.push_back(term_of(waiting_claim, api::class_of(claim)));
    if (const auto& source = claim.spec.data_source)
        terms.push_back(term_of(term_of(copying_claim, source->kind), claim.metadata.namespace_, source->name));
}

void snapshot_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto& snapshot = object.as<api::VolumeSnapshot>();
    const auto& claim = snapshot.spec.source.persistent_volume_claim_name;
    if (claim && !snapshot.status.ready_to_use.value_or(false))
        terms.push_back(term_of(taken_snapshot, snapshot.metadata.namespace_, *claim));
}

void content_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto& content = object.as<api::VolumeSnapshotContent>();
    if (content.spec.driver == api::local_provisioner) terms.push_back(term_of(snapshot_data, snapshot_handle(content)));
}

}  // namespace orilla::controllers
