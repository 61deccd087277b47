#include "orilla/objects/term_index.hpp"

#include <algorithm>

namespace orilla::objects {

TermIndex::TermIndex(loop::Loop& loop, Objects& objects, const api::KindInfo& kind, TermsOf terms_of)
    : objects_(objects),
      kind_(kind),
      terms_of_(terms_of),
      follower_(loop, objects.store(), std::string(kind.resource), [this](const store::WatchEvent& event) { changed(event); }) {}

void TermIndex::changed(const store::WatchEvent& event) {
    if (event.type == store::WatchEvent::Type::deleted) drop(event.entry->key);
    else put(event.entry);
    for (const Listener& listener : listeners_) listener(event);
}

/// Those of the object's terms, made where they are new. An object that cannot be read is in none.
std::vector<TermIndex::Bucket*> TermIndex::buckets_of(const store::EntryPtr& entry) {
    std::vector<Bucket*> out;
    if (!entry->json) return out;
    const auto object = objects_.decode(kind_, entry);
    if (!object) return out;
    std::vector<std::string> terms;
    terms_of_(**object, terms);
    for (std::string& term : terms) {
        auto found = buckets_.find(term);
        if (found == buckets_.end()) {
            auto bucket = std::make_unique<Bucket>();
            bucket->term = std::move(term);
            const std::string_view name = bucket->term;
            found = buckets_.emplace(name, std::move(bucket)).first;
        }
        out.push_back(found->second.get());
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

void TermIndex::put(const store::EntryPtr& entry) {
    Record& record = records_[entry->key];
    std::vector<Bucket*> buckets = buckets_of(entry);
    record.entry = entry;  // of the same name: the order of the sets stays
    std::vector<Bucket*> left;
    std::set_difference(record.buckets.begin(), record.buckets.end(), buckets.begin(), buckets.end(), std::back_inserter(left));
    for (Bucket* bucket : buckets) bucket->records.insert(&record);
    record.buckets = std::move(buckets);
    for (Bucket* bucket : left) leave(record, bucket);
}

void TermIndex::drop(const store::Key& key) {
    const auto found = records_.find(key);
    if (found == records_.end()) return;
    for (Bucket* bucket : found->second.buckets) leave(found->second, bucket);
    records_.erase(found);
}

void TermIndex::leave(const Record& record, Bucket* bucket) {
    bucket->records.erase(&record);
    if (bucket->records.empty()) buckets_.erase(std::string_view(bucket->term));
}

std::vector<ObjectPtr> TermIndex::find_any(std::string_view term) {
    std::vector<ObjectPtr> out;
    const auto found = buckets_.find(term);
    if (found == buckets_.end()) return out;
    out.reserve(found->second->records.size());
    for (const Record* record : found->second->records) {
        auto object = objects_.decode(kind_, record->entry);
        if (object) out.push_back(std::move(*object));
    }
    return out;
}

size_t TermIndex::count(std::string_view term) const {
    const auto found = buckets_.find(term);
    return found == buckets_.end() ? 0 : found->second->records.size();
}

}  // namespace orilla::objects
