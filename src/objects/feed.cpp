#include "orilla/objects/feed.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/log.hpp"

namespace orilla::objects {
namespace {
constexpr int64_t watch_retry_ms = 100;

bool key_before(const store::EntryPtr& a, const store::EntryPtr& b) { return a->key < b->key; }
}  // namespace

// ---- changes ---------------------------------------------------------------------------------------------------------

const ObjectPtr& FeedEvent::read(const store::EntryPtr& of, Decoded& decoded) const {
    if (decoded.tried || !of || !of->json) return decoded.object;
    decoded.tried = true;
    if (auto object = objects_.decode(kind_, of)) decoded.object = std::move(*object);
    return decoded.object;
}

std::vector<ObjectPtr> FeedEvent::states() const {
    std::vector<ObjectPtr> out;
    if (object()) out.push_back(object());
    if (before() && before() != object()) out.push_back(before());
    return out;
}

// ---- following -------------------------------------------------------------------------------------------------------

Feed::Feed(loop::Loop& loop, Objects& objects, const api::KindInfo& kind)
    : loop_(loop), objects_(objects), kept_(kind), kind_(kind), resource_(kind.resource), changed_(loop), scope_(loop) {}

loop::Task<void> Feed::relist() {
    store::Listing listing = objects_.store().list(resource_);
    revision_ = listing.revision;
    std::vector<store::EntryPtr> vanished;
    for (const Record& record : records_)
        if (!std::binary_search(listing.entries.begin(), listing.entries.end(), record.entry, key_before))
            vanished.push_back(record.entry);
    std::sort(vanished.begin(), vanished.end(), key_before);
    for (store::EntryPtr& entry : listing.entries) {
        co_await loop_.breathe();
        loop_.note("the list of", resource_);
        const store::EntryPtr old = find_known(entry->key);
        const auto type = old ? store::WatchEvent::Type::modified : store::WatchEvent::Type::added;
        if (!old || old->revision != entry->revision) tell(FeedEvent(objects_, kind_, {type, std::move(entry), old}));
        entry.reset();
    }
    for (const store::EntryPtr& entry : vanished) {
        co_await loop_.breathe();
        tell(FeedEvent(objects_, kind_, {store::WatchEvent::Type::deleted, entry, entry}));
    }
}

void Feed::take(const store::WatchEvent& event) {
    loop_.note("a change of", resource_);
    revision_ = event.entry->revision;
    tell(FeedEvent(objects_, kind_, event));
}

void Feed::tell(const FeedEvent& event) {
    if (event.is_deleted()) drop(event.entry->key);
    else put(event);
    // By number: a listener may bring another one.
    for (size_t i = 0; i < followers_.size(); ++i)
        if (followers_[i]) followers_[i]->listener_(event);
}

loop::Task<void> Feed::follow() {
    for (;;) {
        AWAIT_VOID(relist());
        auto opened = objects_.store().watch(resource_, {}, revision_);
        // A store that is closing has nothing more to tell.
        if (!opened && opened.error().code() == Code::unavailable) break;
        if (opened) {
            watch_ = std::move(*opened);
            changed_.notify_all();
            for (;;) {
                // A watch that is behind has many at once.
                co_await loop_.breathe();
                AWAIT(auto event, watch_->next());
                if (!event) break;
                take(*event);
            }
            watch_.reset();
        } else {
            log::warning(fmt::format("watch {}: {}", resource_, opened.error().message()));
            co_await loop_.sleep_for(watch_retry_ms);
        }
    }
    ended_ = true;
    changed_.notify_all();
}

loop::Task<void> Feed::catch_up() {
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

// ---- what there is ---------------------------------------------------------------------------------------------------

store::EntryPtr Feed::find_known(const store::Key& key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? nullptr : found->entry;
}

std::vector<store::EntryPtr> Feed::known() const {
    std::vector<store::EntryPtr> out;
    out.reserve(records_.size());
    for (const Record& record : records_) out.push_back(record.entry);
    std::sort(out.begin(), out.end(), key_before);
    return out;
}

void Feed::put(const FeedEvent& event) {
    // As the store holds it: the event's own entry would keep a payload in memory that belongs in the file. What is there
    // already may be newer, and is still to be told.
    store::EntryPtr entry = objects_.store().find(event.entry->key);
    if (!entry || entry->revision != event.entry->revision) entry = event.entry;
    auto record = records_.find(entry->key);
    if (record == records_.end()) record = records_.insert(Record{std::move(entry), {}}).first;
    else record->entry = std::move(entry);
    if (!terms_of_.empty()) index(*record, event.object());
}

void Feed::drop(const store::Key& key) {
    const auto found = records_.find(key);
    if (found == records_.end()) return;
    for (Bucket* bucket : found->buckets) leave_bucket(*found, bucket);
    records_.erase(found);
}

// ---- indexes ---------------------------------------------------------------------------------------------------------

/// Those of the object's terms, made where they are new.
std::vector<Feed::Bucket*> Feed::buckets_of(const api::Object& object) {
    std::vector<std::string> terms;
    for (const TermsOf of : terms_of_) of(object, terms);
    std::vector<Bucket*> out;
    out.reserve(terms.size());
    for (std::string& term : terms) out.push_back(&*buckets_.try_emplace(std::move(term)).first);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

/// An object that cannot be read is in none.
void Feed::index(const Record& record, const ObjectPtr& object) {
    std::vector<Bucket*> buckets;
    if (object) buckets = buckets_of(*object);
    if (buckets == record.buckets) return;
    const auto by_key = [](const Record* a, const Record* b) { return a->entry->key < b->entry->key; };
    std::vector<Bucket*> left;
    std::set_difference(record.buckets.begin(), record.buckets.end(), buckets.begin(), buckets.end(), std::back_inserter(left));
    for (Bucket* bucket : buckets) {
        Records& records = bucket->second;
        const auto place = std::lower_bound(records.begin(), records.end(), &record, by_key);
        if (place == records.end() || *place != &record) records.insert(place, &record);
    }
    record.buckets = std::move(buckets);
    for (Bucket* bucket : left) leave_bucket(record, bucket);
}

void Feed::leave_bucket(const Record& record, Bucket* bucket) {
    const auto by_key = [](const Record* a, const Record* b) { return a->entry->key < b->entry->key; };
    Records& records = bucket->second;
    const auto place = std::lower_bound(records.begin(), records.end(), &record, by_key);
    if (place != records.end() && *place == &record) records.erase(place);
    if (records.empty()) buckets_.erase(buckets_.find(std::string_view(bucket->first)));
}

void Feed::keep(TermsOf of) {
    if (std::find(terms_of_.begin(), terms_of_.end(), of) != terms_of_.end()) return;
    terms_of_.push_back(of);
    for (const Record& record : records_)
        index(record, FeedEvent(objects_, kind_, {store::WatchEvent::Type::added, record.entry, nullptr}).object());
}

std::vector<ObjectPtr> Feed::find_any(const Term& term) {
    keep(term.of);
    std::vector<ObjectPtr> out;
    const auto found = buckets_.find(std::string_view(term.text));
    if (found == buckets_.end()) return out;
    out.reserve(found->second.size());
    for (const Record* record : found->second) {
        auto object = objects_.decode(kind_, record->entry);
        if (object) out.push_back(std::move(*object));
    }
    return out;
}

size_t Feed::count(const Term& term) {
    keep(term.of);
    const auto found = buckets_.find(std::string_view(term.text));
    return found == buckets_.end() ? 0 : found->second.size();
}

// ---- followers -------------------------------------------------------------------------------------------------------

Follower::Follower(Objects& objects, const api::KindInfo& kind, Listener listener)
    : feed_(objects.share_feed(kind)), listener_(std::move(listener)) {}

Follower::~Follower() { feed_->leave(*this); }

void Follower::stop() {
    feed_->leave(*this);
    scope_.reset();
    told_ = true;
    feed_->changed_.notify_all();
}

void Feed::join(Follower& follower) { followers_.push_back(&follower); }

/// Its place stays empty: somebody may just be telling all of them.
void Feed::leave(Follower& follower) {
    std::replace(followers_.begin(), followers_.end(), &follower, static_cast<Follower*>(nullptr));
}

void Follower::start() {
    feed_->join(*this);
    if (!std::exchange(feed_->started_, true)) {
        told_ = true;
        return feed_->scope_.spawn(feed_->follow());
    }
    scope_ = std::make_unique<loop::Scope>(feed_->loop_);
    scope_->spawn(tell_known(feed_->known()));
}

/// Also of what has changed meanwhile, which the listener may only know as a change.
loop::Task<void> Follower::tell_known(std::vector<store::EntryPtr> known) {
    for (const store::EntryPtr& entry : known) {
        co_await feed_->loop_.breathe();
        feed_->loop_.note("the list of", feed_->resource_);
        store::EntryPtr now = feed_->find_known(entry->key);
        if (now) listener_(FeedEvent(feed_->objects_, feed_->kind_, {store::WatchEvent::Type::added, std::move(now), nullptr}));
    }
    told_ = true;
    feed_->changed_.notify_all();
}

loop::Task<void> Follower::catch_up() {
    while (!told_) co_await feed_->changed_.wait();
    AWAIT_VOID(feed_->catch_up());
}

}  // namespace orilla::objects
