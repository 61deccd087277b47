#include "orilla/objects/follower.hpp"

#include "orilla/base/log.hpp"

namespace orilla::objects {
namespace {
constexpr int64_t watch_retry_ms = 100;
}

Follower::Follower(loop::Loop& loop, store::Store& store, std::string resource, Listener listener)
    : loop_(loop), store_(store), resource_(std::move(resource)), listener_(std::move(listener)), changed_(loop), scope_(loop) {}

loop::Task<void> Follower::relist() {
    store::Listing listing = store_.list(resource_);
    revision_ = listing.revision;
    Known before;
    before.swap(known_);
    for (store::EntryPtr& entry : listing.entries) {
        co_await loop_.breathe();
        loop_.note("the list of", resource_);
        store::EntryPtr old;
        if (auto found = before.find(entry->key); found != before.end()) old = std::move(before.extract(found).value());
        known_.insert(entry);
        if (!old) listener_({store::WatchEvent::Type::added, entry, nullptr});
        else if (old->revision != entry->revision) listener_({store::WatchEvent::Type::modified, entry, old});
        entry.reset();
    }
    for (const store::EntryPtr& entry : before) {
        co_await loop_.breathe();
        listener_({store::WatchEvent::Type::deleted, entry, entry});
    }
}

void Follower::take(const store::WatchEvent& event) {
    loop_.note("a change of", resource_);
    revision_ = event.entry->revision;
    remember(event);
    listener_(event);
}

/// As the store holds it: the event's own entry would keep a payload in memory that belongs in the file.
void Follower::remember(const store::WatchEvent& event) {
    known_.erase(event.entry);
    if (event.type == store::WatchEvent::Type::deleted) return;
    store::EntryPtr entry = store_.find(event.entry->key);
    // What is there already may be newer, and is still to be told.
    known_.insert(entry && entry->revision == event.entry->revision ? std::move(entry) : event.entry);
}

loop::Task<void> Follower::follow() {
    for (;;) {
        auto listing = relist();
        co_await std::move(listing);
        auto opened = store_.watch(resource_, {}, revision_);
        // A store that is closing has nothing more to tell.
        if (!opened && opened.error().code() == Code::unavailable) break;
        if (opened) {
            watch_ = std::move(*opened);
            changed_.notify_all();
            for (;;) {
                // A watch that is behind has many at once.
                co_await loop_.breathe();
                auto task = watch_->next();
                auto event = co_await std::move(task);
                if (!event) break;
                take(*event);
            }
            watch_.reset();
        } else {
            log::warning("watch " + resource_ + ": " + opened.error().message());
            co_await loop_.sleep_for(watch_retry_ms);
        }
    }
    ended_ = true;
    changed_.notify_all();
}

loop::Task<void> Follower::catch_up() {
    while (!ended_) {
        co_await loop_.breathe();
        if (!watch_) {
            co_await changed_.wait();
            continue;
        }
        auto event = watch_->try_next();
        if (!event) co_return;
        if (*event) {
            take(**event);
            continue;
        }
        // It has to list again, which `follow` notices in its next step.
        co_await loop_.yield();
    }
}

}  // namespace orilla::objects
