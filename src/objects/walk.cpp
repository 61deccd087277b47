#include "orilla/objects/walk.hpp"

namespace orilla::objects {

loop::Task<void> walk(loop::Loop& loop, Objects& objects, const api::KindInfo& kind, std::function<void(ObjectPtr)> look) {
    const store::Listing listing = objects.store().list(kind.resource);
    for (const store::EntryPtr& entry : listing.entries) {
        co_await loop.breathe();
        auto object = objects.decode(kind, entry);
        if (object) look(std::move(*object));
    }
}

}  // namespace orilla::objects
