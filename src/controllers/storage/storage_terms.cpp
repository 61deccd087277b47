#include "storage/storage_terms.hpp"

#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::controllers {
namespace {

std::string term_of(std::string_view what, std::string_view name) { return std::string(what).append("/").append(name); }
std::string term_of(std::string_view what, std::string_view ns, std::string_view name) {
    return term_of(what, ns).append("/").append(name);
}

constexpr std::string_view free_volume = "free", kept_volume = "kept", handle_of = "handle", waiting_claim = "waiting";

}  // namespace

objects::Term free_of_class(std::string_view storage_class) { return {volume_terms, term_of(free_volume, storage_class)}; }
objects::Term kept_for(std::string_view ns, std::string_view claim) { return {volume_terms, term_of(kept_volume, ns, claim)}; }
objects::Term with_handle(std::string_view handle) { return {volume_terms, term_of(handle_of, handle)}; }
objects::Term waiting_of_class(std::string_view storage_class) { return {claim_terms, term_of(waiting_claim, storage_class)}; }

void volume_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto& volume = object.as<api::PersistentVolume>();
    if (const auto& claim = volume.spec.claim_ref) terms.push_back(term_of(kept_volume, claim->namespace_, claim->name));
    else terms.push_back(term_of(free_volume, api::class_of(volume)));
    if (volume.spec.csi) terms.push_back(term_of(handle_of, volume.spec.csi->volume_handle));
}

void claim_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto& claim = object.as<api::PersistentVolumeClaim>();
    if (claim.spec.volume_name.empty()) terms.push_back(term_of(waiting_claim, api::class_of(claim)));
}

}  // namespace orilla::controllers
