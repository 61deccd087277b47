#include "storage/claim_controller.hpp"

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "owned.hpp"
#include "storage/storage_terms.hpp"
#include "storage/volume_writes.hpp"

namespace orilla::controllers {
ClaimController::ClaimController(const Surroundings& with)
    : Controller(with),
      provisioner_(with),
      growth_(with, provisioner_),
      worker_(with.loop, *this, {.name = "persistentvolumeclaim", .concurrency = 4, .backoff_ms_min = 200}) {
    objects_.feed<api::PersistentVolume>().keep(volume_terms);
    objects_.feed<api::PersistentVolumeClaim>().keep(claim_terms);
    objects_.feed<api::Pod>().keep(objects::claim_user_terms);
    follow<api::StorageClass>([this](const objects::FeedEvent& event) { class_changed(event); });
    follow<api::PersistentVolume>([this](const objects::FeedEvent& event) { volume_changed(event); });
    follow<api::PersistentVolumeClaim>([this](const objects::FeedEvent& event) { claim_changed(event); });
    follow<api::VolumeSnapshot>([this](const objects::FeedEvent& event) {
        queue_copies(api::kind_of<api::VolumeSnapshot>().kind, event.entry->key.ns, event.entry->key.name);
    });
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
}

void ClaimController::start() {
    Controller::start();
    provisioner_.start();
}

// ---- what has changed ------------------------------------------------------------------------------------------------

void ClaimController::volume_changed(const objects::FeedEvent& event) {
    for (const auto& state : event.states()) {
        const auto& volume = state->as<api::PersistentVolume>();
        if (const auto& held = volume.spec.claim_ref) worker_.queue().add(key_of(held->namespace_, held->name));
    }
    const auto* now = event.is_deleted() ? nullptr : event.as<api::PersistentVolume>();
    if (now && !now->spec.claim_ref && now->status.phase == "Available") queue_waiting(api::class_of(*now));
}

void ClaimController::claim_changed(const objects::FeedEvent& event) {
    const std::string key = key_of(event.entry->key);
    const auto* claim = event.is_deleted() ? nullptr : event.as<api::PersistentVolumeClaim>();
    if (!claim || claim->metadata.deletion_timestamp) provisioner_.give_up(key);
    worker_.queue().add(key);
    queue_copies(api::kind_of<api::PersistentVolumeClaim>().kind, event.entry->key.ns, event.entry->key.name);
}

/// Those that wait for what they begin with.
void ClaimController::queue_copies(std::string_view kind, std::string_view ns, std::string_view name) {
    auto& claims = objects_.feed<api::PersistentVolumeClaim>();
    for (const auto& claim : claims.find<api::PersistentVolumeClaim>(beginning_with(kind, ns, name)))
        worker_.queue().add(key_of(claim->metadata));
}

void ClaimController::class_changed(const objects::FeedEvent& event) {
    queue_waiting(event.entry->key.name);
    const auto* now = event.is_deleted() ? nullptr : event.as<api::StorageClass>();
    if (now && api::is_default_class(*now)) queue_waiting("");
}

void ClaimController::queue_waiting(std::string_view storage_class) {
    auto& claims = objects_.feed<api::PersistentVolumeClaim>();
    for (const auto& claim : claims.find<api::PersistentVolumeClaim>(waiting_of_class(storage_class)))
        worker_.queue().add(key_of(claim->metadata.namespace_, claim->metadata.name));
}

/// A pod that comes may be what a claim waits for; one that goes may have been its last user.
void ClaimController::pod_changed(const objects::FeedEvent& event) {
    const auto* pod = event.as<api::Pod>();
    if (!pod || event.type == store::WatchEvent::Type::modified) return;
    for (const auto& claim : objects::claims_of(*pod)) worker_.queue().add(key_of(pod->metadata.namespace_, claim));
}

// ---- claims ----------------------------------------------------------------------------------------------------------

ClaimSeen ClaimController::observe(const api::PersistentVolumeClaim& claim) {
    ClaimSeen seen;
    const std::string_view ns = claim.metadata.namespace_, name = claim.metadata.name, storage_class = api::class_of(claim);
    auto& volumes = objects_.feed<api::PersistentVolume>();
    if (!claim.spec.volume_name.empty()) {
        seen.named = objects_.get<api::PersistentVolume>(claim.spec.volume_name);
    } else {
        seen.kept = volumes.find<api::PersistentVolume>(kept_for(ns, name));
        seen.free = volumes.find<api::PersistentVolume>(free_of_class(storage_class));
    }
    if (!storage_class.empty()) seen.storage_class = objects_.get<api::StorageClass>(storage_class);
    if (!api::names_class(claim)) {
        const auto classes = objects_.list<api::StorageClass>();
        if (const auto* chosen = api::choose_default_class(classes)) seen.default_class = chosen->metadata.name.str();
    }
    for (const auto& pod : objects_.feed<api::Pod>().find<api::Pod>(objects::using_claim(ns, name))) {
        if (pod->spec.node_name.empty()) seen.waiting_pods.push_back(pod->metadata.name.str());
        else seen.used = true;
    }
    return seen;
}

loop::Task<Result<loop::Outcome>> ClaimController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    AWAIT_VOID(objects_.feed<api::Pod>().catch_up());
    AWAIT_VOID(objects_.feed<api::PersistentVolume>().catch_up());
    const auto claim = objects_.get<api::PersistentVolumeClaim>(ns, name);
    if (!claim) co_return loop::Outcome{};
    const ClaimSeen seen = observe(*claim);
    for (auto& action : plan_claim(*claim, seen)) {
        CO_TRY_VOID(apply(claim, seen.storage_class, std::move(action)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> ClaimController::apply(ClaimPtr claim, ClassPtr storage_class, ClaimAction action) {
    loop::Task<Result<void>> task;
    if (const auto* told = std::get_if<TellClaim>(&action)) {
        events_.record(*claim, storage_component, told->type, told->reason, told->message);
        co_return ok();
    }
    if (const auto* bound = std::get_if<BindClaim>(&action)) {
        task = bind(claim, bound->volume);
    } else if (std::holds_alternative<ProvisionVolume>(action)) {
        task = provisioner_.provision(claim, storage_class);
    } else if (const auto* asked = std::get_if<AskProvisioner>(&action)) {
        task = ask_provisioner(claim, asked->provisioner);
    } else if (std::holds_alternative<ExpandClaim>(action)) {
        task = growth_.grow(claim);
    } else if (auto* lost = std::get_if<LoseClaim>(&action)) {
        task = lose(claim, std::move(*lost));
    } else if (auto* assigned = std::get_if<AssignClass>(&action)) {
        task = edit_claim(claim, [name = assigned->name](auto& edited) {
            if (!api::names_class(edited)) edited.spec.storage_class_name = std::string_view(name);
        });
    } else {
        task = edit_claim(claim, [](auto& edited) { api::remove_finalizer(edited.metadata, api::claim_protection_finalizer); });
    }
    co_return co_await std::move(task);
}

loop::Task<Result<void>> ClaimController::edit_claim(ClaimPtr claim, std::function<void(api::PersistentVolumeClaim&)> edit) {
    const std::string ns = claim->metadata.namespace_.str(), name = claim->metadata.name.str();
    std::function<Result<void>(api::PersistentVolumeClaim&)> change =
        [uid = claim->metadata.uid.str(), edit = std::move(edit)](api::PersistentVolumeClaim& edited) -> Result<void> {
        if (edited.metadata.uid == uid) edit(edited);
        return ok();
    };
    return objects::unless_gone(objects_.modify<api::PersistentVolumeClaim>(ns, name, std::move(change)));
}

/// The volume first: whoever has it is decided there.
loop::Task<Result<void>> ClaimController::bind(ClaimPtr claim, std::string volume) {
    CO_TRY_VOID(bind_volume(claim, volume));
    const auto bound = objects_.get<api::PersistentVolume>(volume);
    if (!bound || !api::is_bound_to(*bound, claim->metadata)) co_return Error(Code::conflict, "volume " + volume + " has gone");
    CO_TRY_VOID(set_volume_phase(objects_, bound, "Bound", ""));
    CO_RETURN_AWAIT(bind_claim(claim, bound));
}

loop::Task<Result<void>> ClaimController::bind_volume(ClaimPtr claim, std::string volume) {
    const auto found = objects_.get<api::PersistentVolume>(volume);
    if (!found || api::is_bound_to(*found, claim->metadata)) co_return ok();
    std::function<Result<void>(api::PersistentVolume&)> take = [claim](api::PersistentVolume& edited) -> Result<void> {
        auto& held = edited.spec.claim_ref;
        const bool is_free = !held || (api::refers_to(*held, claim->metadata) && held->uid.empty());
        if (!is_free) return Error(Code::conflict, "volume " + edited.metadata.name.str() + " was taken meanwhile");
        if (!held) edited.metadata.annotations[api::bound_by_controller_annotation] = "yes";
        held.ensure() = api::reference_to(api::kind_of<api::PersistentVolumeClaim>(), claim->metadata);
        return ok();
    };
    CO_RETURN_AWAIT(edit_volume(objects_, found, std::move(take), objects::Part::main));
}

loop::Task<Result<void>> ClaimController::bind_claim(ClaimPtr claim, VolumePtr volume) {
    api::PersistentVolumeClaim wanted = *claim;
    if (write_bound_spec(wanted, *volume)) {
        CO_TRY_VOID(edit_claim(claim, [volume](auto& edited) {
            if (edited.spec.volume_name.empty() || edited.spec.volume_name == volume->metadata.name)
                write_bound_spec(edited, *volume);
        }));
    }
    if (!write_bound_status(wanted, *volume)) co_return ok();
    std::function<void(api::PersistentVolumeClaim&)> edit = [volume](api::PersistentVolumeClaim& edited) {
        if (edited.spec.volume_name == volume->metadata.name) write_bound_status(edited, *volume);
    };
    CO_RETURN_AWAIT(edit_status<api::PersistentVolumeClaim>(objects_, claim, std::move(edit)));
}

loop::Task<Result<void>> ClaimController::ask_provisioner(ClaimPtr claim, std::string provisioner) {
    events_.record(*claim, storage_component, "Normal", "ExternalProvisioning",
                   "Waiting for a volume to be created either by the external provisioner '" + provisioner +
                       "' or manually by the system administrator. If volume creation is delayed, please verify that the "
                       "provisioner is running and correctly registered.");
    return edit_claim(claim, [provisioner](auto& edited) {
        for (const auto key : {api::storage_provisioner_annotation, api::older_storage_provisioner_annotation})
            edited.metadata.annotations[key] = std::string_view(provisioner);
    });
}

loop::Task<Result<void>> ClaimController::lose(ClaimPtr claim, LoseClaim action) {
    if (claim->status.phase == "Lost") co_return ok();
    events_.record(*claim, storage_component, "Warning", action.reason, action.message);
    std::function<void(api::PersistentVolumeClaim&)> edit = [](api::PersistentVolumeClaim& edited) {
        edited.status.phase = "Lost";
    };
    CO_RETURN_AWAIT(edit_status<api::PersistentVolumeClaim>(objects_, claim, std::move(edit)));
}

}  // namespace orilla::controllers
