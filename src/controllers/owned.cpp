#include "owned.hpp"

namespace orilla::controllers {

void queue_owner(const objects::FeedEvent& event, std::string_view owner_kind, loop::WorkQueue& queue) {
    for (const auto& object : event.states()) {
        const auto* controller = api::find_controller(object->meta());
        if (controller && controller->kind == owner_kind) queue.add(key_of(object->meta().namespace_, controller->name));
    }
}

loop::Task<Result<void>> adopt(objects::Objects& objects, const api::KindInfo& kind, std::string ns, std::string name,
                               api::OwnerReference owner) {
    objects::Objects::Change change = [owner = std::move(owner)](api::Object& object) -> Result<void> {
        api::remove_owner(object.meta(), owner.uid);
        if (!api::find_controller(object.meta())) object.meta().owner_references.push_back(owner);
        return ok();
    };
    return objects::unless_gone(objects.modify(kind, std::move(ns), std::move(name), std::move(change)));
}

loop::Task<Result<void>> release(objects::Objects& objects, const api::KindInfo& kind, std::string ns, std::string name,
                                 std::string owner_uid) {
    objects::Objects::Change change = [owner_uid](api::Object& object) -> Result<void> {
        return api::remove_owner(object.meta(), owner_uid), ok();
    };
    return objects::unless_gone(objects.modify(kind, std::move(ns), std::move(name), std::move(change)));
}

}  // namespace orilla::controllers
