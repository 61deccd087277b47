#include "storage/snapshot_content_controller.hpp"

#include <fmt/core.h>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/well_known.hpp"
#include "owned.hpp"
#include "storage/storage_terms.hpp"

namespace orilla::controllers {

SnapshotContentController::SnapshotContentController(const Surroundings& with)
    : Controller(with),
      disk_(with.options.volume_disk),
      worker_(with.loop, *this, {.name = "volumesnapshotcontent", .concurrency = 2, .backoff_ms_min = 200}) {
    objects_.feed<api::VolumeSnapshotContent>().keep(content_terms);
    follow<api::VolumeSnapshotContent>([this](const objects::FeedEvent& event) { content_changed(event); });
    follow<api::VolumeSnapshot>([this](const objects::FeedEvent& event) {
        const auto* snapshot = event.as<api::VolumeSnapshot>();
        if (!snapshot) return;
        const auto& source = snapshot->spec.source.volume_snapshot_content_name;
        worker_.queue().add(source ? source->str() : content_name(*snapshot));
    });
}

/// Nobody waits for the copy of one that is to go.
void SnapshotContentController::content_changed(const objects::FeedEvent& event) {
    const std::string_view name = event.entry->key.name;
    const auto* content = event.is_deleted() ? nullptr : event.as<api::VolumeSnapshotContent>();
    const auto copy = copies_.find(name);
    if (copy != copies_.end() && (!content || content->metadata.deletion_timestamp)) copy->second->cancelled = true;
    if (content) worker_.queue().add(std::string(name));
}

loop::Task<Result<loop::Outcome>> SnapshotContentController::reconcile(std::string name) {
    const auto content = objects_.get<api::VolumeSnapshotContent>(name);
    if (!content) co_return loop::Outcome{};
    const auto& of = content->spec.volume_snapshot_ref;
    const auto snapshot = objects_.get<api::VolumeSnapshot>(of.namespace_, of.name);
    const ContentStep step = plan_content(*content, snapshot.get());
    if (step == ContentStep::nothing) co_return loop::Outcome{};
    if (!disk_) co_return Error(Code::unavailable, "this node has no disk for volumes");
    loop::Task<Result<void>> task;
    objects::DeleteOptions options;
    options.uid = content->metadata.uid.str();
    switch (step) {
        case ContentStep::take: task = take(content); break;
        case ContentStep::find: task = find(content); break;
        case ContentStep::remove: task = remove(content); break;
        case ContentStep::unprotect: task = unprotect(content); break;
        default: task = objects::unless_gone(objects_.remove<api::VolumeSnapshotContent>("", name, std::move(options)));
    }
    CO_TRY_VOID(std::move(task));
    co_return loop::Outcome{};
}

loop::Task<Result<void>> SnapshotContentController::take(ContentPtr content) {
    const std::string name = content->metadata.name.str(), handle = snapshot_handle(*content);
    objects::NewVolume wanted;
    wanted.name = handle;
    wanted.source = content->spec.source.volume_handle->str();
    wanted.snapshot = true;
    wanted.progress = std::make_shared<objects::CopyProgress>();
    copies_[name] = wanted.progress;
    AWAIT(auto made, disk_->make(std::move(wanted)));
    copies_.erase(name);
    if (!made) CO_RETURN_AWAIT(fail(content, std::move(made).error(), "SnapshotCreationFailed", "Failed to create snapshot"));
    const objects::DiskVolume data = *made;
    CO_TRY_VOID(note(content, data));
    // Without an object nobody would find it again: it goes with the one that has gone, or at the next start.
    if (!objects_.get<api::VolumeSnapshotContent>(name)) CO_RETURN_AWAIT(disk_->remove(handle));
    CO_RETURN_AWAIT(disk_->keep(handle));
}

loop::Task<Result<void>> SnapshotContentController::find(ContentPtr content) {
    AWAIT(auto found, disk_->find(snapshot_handle(*content)));
    if (found && !found->snapshot)
        found = Error(Code::invalid, fmt::format("{} is a volume, and no snapshot", snapshot_handle(*content)));
    if (!found)
        CO_RETURN_AWAIT(fail(content, std::move(found).error(), "SnapshotContentCheckandUpdateFailed",
                             "Failed to check and update snapshot content"));
    const objects::DiskVolume data = *found;
    CO_RETURN_AWAIT(note(content, data));
}

loop::Task<Result<void>> SnapshotContentController::note(ContentPtr content, objects::DiskVolume data) {
    std::function<void(api::VolumeSnapshotContent&)> tell = [data](auto& edited) {
        auto& status = edited.status;
        status.snapshot_handle = data.name;
        status.creation_time = data.taken_ns;
        status.restore_size = data.bytes;
        status.ready_to_use = true;
        status.error.reset();
    };
    return edit_status<api::VolumeSnapshotContent>(objects_, content, std::move(tell));
}

loop::Task<Result<void>> SnapshotContentController::fail(ContentPtr content, Error why, const char* reason, const char* what) {
    const std::string message = fmt::format("{}: {}", what, why.message());
    events_.record(*content, api::local_provisioner, "Warning", reason, message);
    api::VolumeSnapshotContentStatus now = content->status;
    if (write_snapshot_error(now.error, message, loop_.clock().wall_s())) {
        now.ready_to_use = false;
        CO_TRY_VOID(write_status<api::VolumeSnapshotContent>(objects_, content, now));
    }
    co_return std::move(why).with_context("snapshot content " + content->metadata.name.str());
}

loop::Task<Result<void>> SnapshotContentController::remove(ContentPtr content) {
    const std::string handle = snapshot_handle(*content);
    AWAIT(auto found, disk_->find(handle));
    // A handle that a user wrote down may be a volume's.
    if (found && found->snapshot) {
        AWAIT(auto removed, disk_->remove(handle));
        if (!removed)
            CO_RETURN_AWAIT(fail(content, std::move(removed).error(), "SnapshotDeleteError", "Failed to delete snapshot"));
    } else if (!found && found.error().code() != Code::not_found) {
        co_return std::move(found).error();
    }
    CO_RETURN_AWAIT(unprotect(content));
}

loop::Task<Result<void>> SnapshotContentController::unprotect(ContentPtr content) {
    std::function<Result<void>(api::VolumeSnapshotContent&)> change =
        [uid = content->metadata.uid.str()](api::VolumeSnapshotContent& edited) -> Result<void> {
        if (edited.metadata.uid == uid) api::remove_finalizer(edited.metadata, api::snapshot_content_finalizer);
        return ok();
    };
    return objects::unless_gone(
        objects_.modify<api::VolumeSnapshotContent>("", content->metadata.name.str(), std::move(change)));
}

}  // namespace orilla::controllers
