#include "orilla/objects/event_archive.hpp"

#include "orilla/kinds/codec.hpp"

namespace orilla::objects {

namespace {
int64_t last_seen_s(const api::Event& event) {
    if (event.last_timestamp) return event.last_timestamp.unix_s;
    return event.metadata.creation_timestamp.unix_s;
}
}  // namespace

EventArchive::EventArchive(loop::Loop& loop, loop::Executor& executor, store::Store& store, EventRecorder& recorder,
                           std::string path, EventArchiveLimits limits)
    : MemoryArchive(loop, executor, store, "events", std::move(path), limits),
      recorder_(recorder),
      age_s_max_(limits.age_s_max) {}

std::string EventArchive::render(const store::EntryPtr& entry) { return *entry->json; }

/// False when it is too old, of a namespace that is gone, or damaged: then nobody misses it.
Task<bool> EventArchive::put_back(std::string line) {
    auto decoded = api::decode_object(api::kind_of<api::Event>(), line);
    if (!decoded) co_return false;
    auto object = std::make_shared<api::Object>(std::move(*decoded));
    const auto& event = object->as<api::Event>();
    const store::Key key{"events", event.metadata.namespace_.str(), event.metadata.name.str()};
    if (key.name.empty() || !store_.find({"namespaces", "", key.ns})) co_return false;
    if (last_seen_s(event) < loop_.clock().wall_s() - age_s_max_) co_return false;
    AWAIT(const auto created, store_.create(key, store::Durability::memory, value_of(*object)));
    if (!created) co_return false;
    recorder_.adopt(event);
    co_return true;
}

}  // namespace orilla::objects
