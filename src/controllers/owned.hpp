// What all controllers do with objects that they own, and with the status of those that they reconcile.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controller.hpp"
#include "orilla/kinds/owners.hpp"
#include "orilla/objects/terms.hpp"

namespace orilla::controllers {

/// Queues the controller of what has changed, as it is and as it was, when that is an OWNER_KIND.
void queue_owner(const objects::FeedEvent& event, const api::KindInfo& owner_kind, loop::WorkQueue& queue);

/// Queues those of the kind whose selectors match an object that nobody controls: one of them adopts it.
template <class T>
void queue_adopters(objects::Objects& objects, const objects::FeedEvent& event, loop::WorkQueue& queue) {
    const auto& object = event.object();
    if (!object || api::find_controller(object->meta()) || object->meta().labels.empty()) return;
    for (const auto& one : objects::find_selecting<T>(objects, object->meta().namespace_, object->meta().labels))
        queue.add(key_of(one->metadata));
}

/// Runs them side by side, so that their writes share a commit; the first error, when all have ended.
loop::Task<Result<void>> run_together(loop::Loop& loop, std::vector<loop::Task<Result<void>>> tasks);
constexpr size_t writes_together_max = 16;

/// Makes `owner` its controller, unless it has one by now.
loop::Task<Result<void>> adopt(objects::Objects& objects, const api::KindInfo& kind, std::string ns, std::string name,
                               api::OwnerReference owner);
loop::Task<Result<void>> release(objects::Objects& objects, const api::KindInfo& kind, std::string ns, std::string name,
                                 std::string owner_uid);

/// Edits the status as it is now, and again when another write came between; nothing when the object is gone.
template <class T>
loop::Task<Result<void>> edit_status(objects::Objects& objects, std::shared_ptr<const T> object, std::function<void(T&)> edit) {
    std::function<Result<void>(T&)> change = [edit = std::move(edit)](T& edited) -> Result<void> { return edit(edited), ok(); };
    auto writing = objects.modify_status<T>(object->metadata.namespace_.str(), object->metadata.name.str(), std::move(change));
    return objects::unless_gone(std::move(writing));
}

/// Writes a status that differs from the one that was seen.
template <class T, class Status>
loop::Task<Result<void>> write_status(objects::Objects& objects, std::shared_ptr<const T> object, Status status) {
    if (status == object->status) co_return ok();
    std::function<void(T&)> put = [status = std::move(status)](T& edited) { edited.status = status; };
    CO_RETURN_AWAIT(edit_status<T>(objects, std::move(object), std::move(put)));
}

}  // namespace orilla::controllers
