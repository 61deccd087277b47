#include "orilla/objects/status_archive.hpp"

#include <charconv>

#include "orilla/kinds/codec.hpp"

namespace orilla::objects {

namespace {
uint64_t revision_of(const api::ObjectMeta& meta) {
    const std::string_view text = meta.resource_version.view();
    uint64_t revision = 0;
    std::from_chars(text.data(), text.data() + text.size(), revision);
    return revision;
}

Task<void> nothing() { co_return; }
}  // namespace

StatusArchive::StatusArchive(loop::Loop& loop, loop::Executor& executor, store::Store& store, Objects& objects,
                             std::string path, MemoryArchiveLimits limits)
    : MemoryArchive(loop, executor, store, "pods", std::move(path), limits), objects_(objects) {}

void StatusArchive::start() { follow_in_background(nothing()); }

/// The status and what says whose and when: the rest is in the store's file.
std::string StatusArchive::render(const store::EntryPtr& entry) {
    const auto object = objects_.decode(api::kind_of<api::Pod>(), entry);
    if (!object) return {};
    const auto& pod = (*object)->as<api::Pod>();
    api::Pod kept;
    kept.metadata.name = pod.metadata.name;
    kept.metadata.namespace_ = pod.metadata.namespace_;
    kept.metadata.uid = pod.metadata.uid;
    kept.metadata.resource_version = api::Str(std::to_string(entry->revision));
    kept.status = pod.status;
    return api::encode(kept);
}

/// Only what is newer: a durable write has the status of its time with it. Nothing but the status is taken, for the rest may
/// come from an older copy of the data directory.
Task<bool> StatusArchive::put_back(std::string line) {
    auto decoded = api::decode_object(api::kind_of<api::Pod>(), line);
    if (!decoded) co_return false;
    const auto& kept = decoded->as<api::Pod>();
    const store::Key key{"pods", kept.metadata.namespace_.str(), kept.metadata.name.str()};
    const store::EntryPtr entry = store_.find(key);
    if (!entry || entry->revision >= revision_of(kept.metadata)) co_return false;
    const auto now = objects_.decode(api::kind_of<api::Pod>(), entry);
    if (!now || (*now)->meta().uid != kept.metadata.uid) co_return false;
    auto object = std::make_shared<api::Object>((*now)->clone());
    object->as<api::Pod>().status = kept.status;
    AWAIT(const auto updated, store_.update(key, entry->revision, store::Durability::soft, value_of(*object)));
    co_return updated.has_value();
}

}  // namespace orilla::objects
