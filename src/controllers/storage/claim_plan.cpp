#include "storage/claim_plan.hpp"

#include <algorithm>
#include <tuple>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/volume_match.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::controllers {
namespace {

/// Nobody's, or already this claim's.
bool may_be_taken(const api::PersistentVolume& volume, const api::PersistentVolumeClaim& claim) {
    const auto& held = volume.spec.claim_ref;
    return !held || (api::refers_to(*held, claim.metadata) && (held->uid.empty() || held->uid == claim.metadata.uid));
}

std::vector<ClaimAction> plan_bound(const api::PersistentVolumeClaim& claim, const ClaimSeen& seen) {
    const auto lose = [](const char* reason, const char* message) {
        return std::vector<ClaimAction>{LoseClaim{reason, message}};
    };
    if (claim.spec.volume_name.empty())
        return lose("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
    if (!seen.named) return lose("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    if (!may_be_taken(*seen.named, claim))
        return lose("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
    std::vector<ClaimAction> actions = {BindClaim{claim.spec.volume_name.str()}};
    const api::Quantity* have = claim.status.capacity.get("storage");
    if (!have || claim.status.phase != "Bound" || api::requested_bytes(claim.spec) <= have->value()) return actions;
    if (seen.named->spec.csi) actions.emplace_back(ExpandClaim{});
    else
        actions.emplace_back(TellClaim{"Normal", "ExternalExpanding", "waiting for an external controller to expand this PVC"});
    return actions;
}

std::vector<ClaimAction> plan_named(const api::PersistentVolumeClaim& claim, const ClaimSeen& seen) {
    if (!seen.named) return {};  // it may still come
    const std::string name = api::quote(claim.spec.volume_name);
    if (!may_be_taken(*seen.named, claim))
        return {TellClaim{"Warning", "FailedBinding", "volume " + name + " already bound to a different claim."}};
    if (seen.named->spec.claim_ref) return {BindClaim{claim.spec.volume_name.str()}};
    const std::string why = api::find_mismatch(claim, *seen.named);
    if (why.empty()) return {BindClaim{claim.spec.volume_name.str()}};
    return {TellClaim{"Warning", "VolumeMismatch", "Cannot bind to requested volume " + name + ": " + why}};
}

TellClaim tell_wait(const ClaimSeen& seen) {
    if (seen.waiting_pods.empty())
        return {"Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding"};
    std::string pods;
    for (const auto& pod : seen.waiting_pods) pods += (pods.empty() ? "" : ",") + pod;
    const char* noun = seen.waiting_pods.size() == 1 ? "pod " : "pods ";
    return {"Normal", "WaitForPodScheduled", "waiting for " + (noun + pods) + " to be scheduled"};
}

std::vector<ClaimAction> plan_provision(const api::PersistentVolumeClaim& claim, const ClaimSeen& seen) {
    const std::string name(api::class_of(claim));
    if (name.empty())
        return {
            TellClaim{"Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set"}};
    if (!seen.storage_class)
        return {TellClaim{"Warning", "ProvisioningFailed", "storageclass.storage.k8s.io \"" + name + "\" not found"}};
    const std::string provisioner = seen.storage_class->provisioner.str();
    if (provisioner == api::local_provisioner) return {ProvisionVolume{}};
    if (provisioner == api::no_provisioner)
        return {TellClaim{"Warning", "ProvisioningFailed", "no volume plugin matched name: " + provisioner}};
    return {AskProvisioner{provisioner}};
}

std::vector<ClaimAction> plan_open(const api::PersistentVolumeClaim& claim, const ClaimSeen& seen) {
    if (!api::names_class(claim) && !seen.default_class.empty()) return {AssignClass{seen.default_class}};
    for (const auto& volume : seen.kept)
        if (may_be_taken(*volume, claim) && api::capacity_bytes(*volume) >= api::requested_bytes(claim.spec) &&
            !volume->metadata.deletion_timestamp)
            return {BindClaim{volume->metadata.name.str()}};
    const bool waits = seen.storage_class && api::waits_for_consumer(*seen.storage_class);
    if (waits && !claim.metadata.annotations.contains(api::selected_node_annotation)) return {tell_wait(seen)};
    if (const auto* chosen = api::choose_volume(claim, seen.free)) return {BindClaim{chosen->metadata.name.str()}};
    return plan_provision(claim, seen);
}

bool set_annotation(api::ObjectMeta& meta, std::string_view key, std::string_view value) {
    if (const auto* have = meta.annotations.get(key); have && *have == value) return false;
    meta.annotations[key] = value;
    return true;
}

}  // namespace

std::vector<ClaimAction> plan_claim(const api::PersistentVolumeClaim& claim, const ClaimSeen& seen) {
    if (claim.metadata.deletion_timestamp) {
        const bool is_protected = api::has_finalizer(claim.metadata, api::claim_protection_finalizer);
        return is_protected && !seen.used ? std::vector<ClaimAction>{UnprotectClaim{}} : std::vector<ClaimAction>();
    }
    if (claim.metadata.annotations.contains(api::bind_completed_annotation)) return plan_bound(claim, seen);
    return claim.spec.volume_name.empty() ? plan_open(claim, seen) : plan_named(claim, seen);
}

std::string provisioned_name(const api::PersistentVolumeClaim& claim) { return "pvc-" + claim.metadata.uid.str(); }

std::string find_class_flaw(const api::StorageClass& storage_class) {
    if (!storage_class.parameters.empty())
        return "unknown parameter " + api::quote(storage_class.parameters.begin()->key) + ": orilla.dev/local takes none";
    if (!storage_class.mount_options.empty()) return "orilla.dev/local takes no mountOptions";
    return "";
}

api::PersistentVolume make_volume(const api::PersistentVolumeClaim& claim, const api::StorageClass& storage_class,
                                  int64_t bytes, const std::string& node_name) {
    api::PersistentVolume out;
    out.metadata.name = api::Str(provisioned_name(claim));
    out.metadata.annotations[api::provisioned_by_annotation] = api::Str(api::local_provisioner);
    out.metadata.finalizers.push_back(api::Str(api::provisioned_finalizer));
    auto& spec = out.spec;
    spec.capacity["storage"] = api::Quantity::from_bytes(bytes);
    spec.access_modes = claim.spec.access_modes;
    spec.volume_mode = claim.spec.volume_mode;
    spec.claim_ref.ensure() = api::reference_to(api::kind_of<api::PersistentVolumeClaim>(), claim.metadata);
    spec.storage_class_name = storage_class.metadata.name;
    spec.persistent_volume_reclaim_policy = storage_class.reclaim_policy.value_or("Delete");
    spec.csi.ensure().driver = api::Str(api::local_provisioner);
    spec.csi->volume_handle = out.metadata.name;
    if (node_name.empty()) return out;
    api::NodeSelectorRequirement here;
    here.key = "kubernetes.io/hostname";
    here.operator_ = "In";
    here.values.push_back(api::Str(node_name));
    api::NodeSelectorTerm term;
    term.match_expressions.push_back(std::move(here));
    spec.node_affinity.ensure().required.ensure().node_selector_terms.push_back(std::move(term));
    return out;
}

bool write_bound_spec(api::PersistentVolumeClaim& claim, const api::PersistentVolume& volume) {
    bool changed = set_annotation(claim.metadata, api::bind_completed_annotation, "yes");
    if (claim.spec.volume_name == volume.metadata.name) return changed;
    set_annotation(claim.metadata, api::bound_by_controller_annotation, "yes");
    claim.spec.volume_name = volume.metadata.name;
    return true;
}

bool write_bound_status(api::PersistentVolumeClaim& claim, const api::PersistentVolume& volume) {
    auto& status = claim.status;
    // What a bound claim has grown to is not the volume's to say.
    if (status.phase == "Bound" && status.access_modes == volume.spec.access_modes) return false;
    if (status.phase != "Bound") status.capacity = volume.spec.capacity;
    status.phase = "Bound";
    status.access_modes = volume.spec.access_modes;
    return true;
}

}  // namespace orilla::controllers
