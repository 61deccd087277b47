#include "controller_base.hpp"

#include "pod_facts.hpp"

namespace orilla::controllers {

objects::ObjectPtr object_of(objects::Objects& objects, const api::KindInfo& kind, const store::EntryPtr& entry) {
    if (!entry || !entry->json) return nullptr;
    auto decoded = objects.decode(kind, entry);
    return decoded ? *decoded : nullptr;
}

void queue_owner(objects::Objects& objects, const api::KindInfo& kind, std::string_view owner_kind,
                 const store::WatchEvent& event, loop::WorkQueue& queue) {
    for (const auto& entry : {event.entry, event.previous}) {
        const auto object = object_of(objects, kind, entry);
        if (!object) continue;
        const auto* controller = find_controller(object->meta());
        if (controller && controller->kind == owner_kind) queue.add(key_of(object->meta().namespace_, controller->name));
    }
}

}  // namespace orilla::controllers
