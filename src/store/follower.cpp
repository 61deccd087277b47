#include "orilla/store/follower.hpp"

#include "orilla/base/log.hpp"

namespace orilla::store {
namespace {
constexpr int64_t watch_retry_ms = 100;
}

Follower::Follower(loop::Loop& loop, Store& store, std::string resource, Listener listener)
    : loop_(loop), store_(store), resource_(std::move(resource)), listener_(std::move(listener)), scope_(loop) {}

void Follower::start() {
    relist();
    scope_.spawn(follow());
}

void Follower::relist() {
    Listing listing = store_.list(resource_);
    revision_ = listing.revision;
    std::unordered_map<Key, EntryPtr, KeyHash> before;
    before.swap(known_);
    for (auto& entry : listing.entries) {
        auto old = before.extract(entry->key);
        known_[entry->key] = entry;
        if (old.empty()) listener_({WatchEvent::Type::added, entry, nullptr});
        else if (old.mapped()->revision != entry->revision) listener_({WatchEvent::Type::modified, entry, old.mapped()});
    }
    for (auto& [key, entry] : before) listener_({WatchEvent::Type::deleted, entry, entry});
}

/// As the store holds it: the event's own entry would keep a payload in memory that belongs in the file.
void Follower::remember(const Key& key) {
    EntryPtr entry = store_.find(key);
    if (entry) known_[key] = std::move(entry);
    else known_.erase(key);
}

loop::Task<void> Follower::follow() {
    for (;;) {
        auto opened = store_.watch(resource_, {}, revision_);
        // A store that is closing has nothing more to tell.
        if (!opened && opened.error().code() == Code::unavailable) co_return;
        if (!opened) {
            log::warning("watch " + resource_ + ": " + opened.error().message());
            co_await loop_.sleep_for(watch_retry_ms);
            relist();
            continue;
        }
        const std::unique_ptr<Watch> watch = std::move(*opened);
        for (;;) {
            auto task = watch->next();
            auto event = co_await std::move(task);
            if (!event) break;
            revision_ = event->entry->revision;
            remember(event->entry->key);
            listener_(*event);
        }
        relist();
    }
}

}  // namespace orilla::store
