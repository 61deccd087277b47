#include "storage/volume_writes.hpp"

namespace orilla::controllers {

loop::Task<Result<void>> edit_volume(objects::Objects& objects, VolumePtr volume,
                                     std::function<Result<void>(api::PersistentVolume&)> edit, objects::Part part) {
    const std::string uid = volume->metadata.uid.str(), name = volume->metadata.name.str();
    std::function<Result<void>(api::PersistentVolume&)> change = [uid, edit = std::move(edit)](api::PersistentVolume& edited) {
        return edited.metadata.uid == uid ? edit(edited) : Result<void>(Error(Code::not_found, "the volume was replaced"));
    };
    auto task = objects.modify<api::PersistentVolume>("", name, std::move(change), part);
    return objects::unless_gone(std::move(task));
}

loop::Task<Result<void>> set_volume_phase(objects::Objects& objects, VolumePtr volume, std::string phase, std::string message) {
    if (volume->status.phase == phase && volume->status.message == message) co_return ok();
    const int64_t now_s = objects.clock().wall_s();
    const auto edit = [phase, message, now_s](api::PersistentVolume& edited) -> Result<void> {
        if (edited.status.phase != phase) edited.status.last_phase_transition_time = api::Time(now_s);
        edited.status.phase = std::string_view(phase);
        edited.status.message = std::string_view(message);
        return ok();
    };
    CO_RETURN_AWAIT(edit_volume(objects, volume, edit, objects::Part::status));
}

}  // namespace orilla::controllers
