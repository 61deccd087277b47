#include "storage/volume_controller.hpp"

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/well_known.hpp"
#include "storage/storage_terms.hpp"
#include "storage/volume_writes.hpp"

namespace orilla::controllers {

VolumeController::VolumeController(const Surroundings& with)
    : Controller(with),
      disk_(with.options.volume_disk),
      worker_(with.loop, *this, {.name = "persistentvolume", .concurrency = 2, .backoff_ms_min = 200}) {
    objects_.feed<api::PersistentVolume>().keep(volume_terms);
    follow<api::PersistentVolume>([this](const objects::FeedEvent& event) {
        if (!event.is_deleted()) worker_.queue().add(event.entry->key.name);
    });
    follow<api::PersistentVolumeClaim>([this](const objects::FeedEvent& event) {
        const auto kept = kept_for(event.entry->key.ns, event.entry->key.name);
        for (const auto& volume : objects_.feed<api::PersistentVolume>().find<api::PersistentVolume>(kept))
            worker_.queue().add(volume->metadata.name.str());
    });
}

loop::Task<Result<loop::Outcome>> VolumeController::reconcile(std::string name) {
    const auto volume = objects_.get<api::PersistentVolume>(name);
    if (!volume) co_return loop::Outcome{};
    const auto& held = volume->spec.claim_ref;
    const auto claim = held ? objects_.get<api::PersistentVolumeClaim>(held->namespace_, held->name) : nullptr;
    for (auto& action : plan_volume(*volume, claim.get())) {
        CO_TRY_VOID(apply(volume, std::move(action)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> VolumeController::apply(VolumePtr volume, VolumeAction action) {
    if (const auto* set = std::get_if<SetVolumePhase>(&action)) return set_volume_phase(objects_, volume, set->phase, "");
    if (const auto* removed = std::get_if<DeleteVolume>(&action)) return delete_volume(volume, removed->handle);
    if (auto* failed = std::get_if<FailVolume>(&action)) return fail_volume(volume, std::move(*failed));
    if (std::holds_alternative<UnprotectVolume>(action)) return unprotect(volume);
    const auto edit = [](api::PersistentVolume& edited) -> Result<void> { return unbind(edited), ok(); };
    return edit_volume(objects_, volume, edit, objects::Part::main);
}

loop::Task<Result<void>> VolumeController::delete_volume(VolumePtr volume, std::string handle) {
    if (!disk_) co_return Error(Code::unavailable, "this node has no disk for volumes");
    AWAIT(auto removed, disk_->remove(std::move(handle)));
    if (!removed) {
        CO_TRY_VOID(fail_volume(volume, {"VolumeFailedDelete", removed.error().message()}));
        co_return std::move(removed).error().with_context("delete volume " + volume->metadata.name.str());
    }
    CO_TRY_VOID(unprotect(volume));
    objects::DeleteOptions options;
    options.uid = volume->metadata.uid.str();
    CO_RETURN_AWAIT(
        objects::unless_gone(objects_.remove<api::PersistentVolume>("", volume->metadata.name.str(), std::move(options))));
}

loop::Task<Result<void>> VolumeController::fail_volume(VolumePtr volume, FailVolume action) {
    events_.record(*volume, storage_component, "Warning", action.reason, action.message);
    return set_volume_phase(objects_, volume, "Failed", action.message);
}

loop::Task<Result<void>> VolumeController::unprotect(VolumePtr volume) {
    const auto edit = [](api::PersistentVolume& edited) -> Result<void> {
        for (const auto finalizer : {api::volume_protection_finalizer, api::provisioned_finalizer})
            api::remove_finalizer(edited.metadata, finalizer);
        return ok();
    };
    return edit_volume(objects_, volume, edit, objects::Part::main);
}

}  // namespace orilla::controllers
