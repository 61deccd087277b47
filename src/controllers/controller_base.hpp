// What every controller here has in common: a worker, followers that turn changes into keys, the event recorder.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "orilla/loop/work_queue.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/follower.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::controllers {

/// "NS/NAME", the key of every namespaced object.
inline std::string key_of(std::string_view ns, std::string_view name) { return std::string(ns) + "/" + std::string(name); }
inline std::string key_of(const api::ObjectMeta& meta) { return key_of(meta.namespace_, meta.name); }
inline std::string key_of(const store::Key& key) { return key_of(key.ns, key.name); }
inline std::pair<std::string, std::string> split_key(const std::string& key) {
    const size_t slash = key.find('/');
    return {key.substr(0, slash), key.substr(slash + 1)};
}

/// Decodes the object of an event; null when it cannot be read (it is gone, or not resident).
objects::ObjectPtr object_of(objects::Objects& objects, const api::KindInfo& kind, const store::EntryPtr& entry);

/// Queues the controller of the event's object, as it is and as it was, when that is a KIND.
void queue_owner(objects::Objects& objects, const api::KindInfo& kind, std::string_view owner_kind,
                 const store::WatchEvent& event, loop::WorkQueue& queue);

/// Whether the namespace is being deleted: nothing new can be made in it.
inline bool is_ending(objects::Objects& objects, std::string_view ns) {
    const auto found = objects.get<api::Namespace>(ns);
    return !found || found->metadata.deletion_timestamp;
}

/// not_found is fine: somebody else did it.
inline Result<void> unless_gone(Result<void> result) {
    if (!result && result.error().code() == Code::not_found) return ok();
    return result;
}

}  // namespace orilla::controllers
