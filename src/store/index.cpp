#include "index.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cassert>
#include <map>

#include "orilla/base/heap.hpp"

namespace orilla::store {

namespace {
size_t resident_size(const EntryPtr& entry) { return entry && entry->json ? entry->json->size() : 0; }
size_t held_bytes(const WatchEvent& event) { return resident_size(event.entry) + resident_size(event.previous); }

constexpr size_t copied_at_once_max = 64;
constexpr size_t compacted_max = 4'000;  // entries of a resource; more would hold up the loop, and fill their pages anyway

/// Copies what only one holds. The places of the old ones are free for others once some have moved.
class Mover {
  public:
    void move(EntryPtr& entry) {
        if (!entry || entry.use_count() != 1) return;
        if (left_.empty()) heap::put_stock_back();
        auto copy = std::make_shared<Entry>(*entry);
        if (copy->json) copy->json = std::make_shared<const std::string>(*copy->json);
        left_.push_back(std::exchange(entry, std::move(copy)));
        if (left_.size() == copied_at_once_max) left_.clear();
    }

  private:
    std::vector<EntryPtr> left_;
};
}  // namespace

// ---- objects ---------------------------------------------------------------------------------------------------------

Resource& Index::resource(std::string_view name) {
    auto found = resources_.find(name);
    if (found == resources_.end()) {
        std::string owned(name);
        auto made = std::make_unique<Resource>(loop_, owned, start_);
        found = resources_.emplace(std::move(owned), std::move(made)).first;
    }
    return *found->second;
}

const Resource* Index::find_resource(std::string_view name) const {
    auto found = resources_.find(name);
    return found == resources_.end() ? nullptr : found->second.get();
}

Result<void> Index::load(EntryPtr entry, int64_t row) {
    Resource& of = resource(entry->key.resource);
    if (of.slots.find(name_of(entry->key)))
        return Error(Code::corrupt, fmt::format("{} {}/{} is there twice, at row {}", entry->key.resource, entry->key.ns,
                                                entry->key.name, row));
    resident_bytes_ += resident_size(entry);
    ++objects_;
    of.slots.insert(std::move(entry), row);
    return ok();
}

void Index::start_at(uint64_t revision) {
    start_ = revision_ = revision;
    for (auto& [name, of] : resources_) of->compacted = revision;
}

const Slot* Index::find_slot(const Key& key) const {
    const Resource* of = find_resource(key.resource);
    return of ? of->slots.find(name_of(key)) : nullptr;
}

EntryPtr Index::find(const Key& key) const {
    const Slot* slot = find_slot(key);
    return slot ? slot->entry : nullptr;
}

Listing Index::list(std::string_view resource, std::string_view ns) const {
    Listing listing;
    listing.revision = revision_;
    const Resource* of = find_resource(resource);
    if (!of) return listing;
    const auto slots = of->slots.in_order(ns);
    listing.entries.reserve(slots.size());
    for (const Slot* slot : slots) listing.entries.push_back(slot->entry);
    return listing;
}

Result<Listing> Index::list_at(std::string_view resource, std::string_view ns, uint64_t revision) const {
    if (revision > revision_) return revision_too_large_error(revision, revision_);
    const Resource* of = find_resource(resource);
    const uint64_t oldest = of ? of->compacted : start_;
    if (revision < oldest) return revision_too_old_error(revision, oldest);
    Listing listing = list(resource, ns);
    listing.revision = revision;
    if (!of || of->history.empty() || of->history.back().entry->revision <= revision) return listing;
    // From now back to then: what was before each change, the latest change first.
    std::map<NameView, EntryPtr> state;  // the names are those of the entries beside them
    for (EntryPtr& entry : listing.entries) state.emplace_hint(state.end(), name_of(entry->key), entry);
    for (auto event = of->history.rbegin(); event != of->history.rend(); ++event) {
        if (event->entry->revision <= revision) break;
        if (!ns.empty() && event->entry->key.ns != ns) continue;
        state.erase(name_of(event->entry->key));
        if (event->previous) state.emplace(name_of(event->previous->key), event->previous);
    }
    listing.entries.clear();
    for (auto& [name, entry] : state) listing.entries.push_back(std::move(entry));
    return listing;
}

size_t Index::count(std::string_view resource, std::string_view ns) const {
    const Resource* of = find_resource(resource);
    if (!of) return 0;
    return ns.empty() ? of->slots.size() : of->slots.in_order(ns).size();
}

void Index::publish(WatchEvent::Type type, EntryPtr entry, EntryPtr kept, int64_t row) {
    Resource& of = resource(entry->key.resource);
    assert(entry->revision > revision_);
    revision_ = entry->revision;
    const Slot* slot = of.slots.find(name_of(entry->key));
    EntryPtr previous = slot ? slot->entry : nullptr;
    resident_bytes_ -= resident_size(previous);
    resident_bytes_ += resident_size(kept);
    if (!kept) {
        assert(slot);
        of.slots.erase(*slot);
        --objects_;
    } else if (slot) {
        slot->entry = std::move(kept);
        slot->row = row;
    } else {
        of.slots.insert(std::move(kept), row);
        ++objects_;
    }
    remember(of, {type, std::move(entry), std::move(previous)});
    of.changed.notify_all();
}

void Index::written(const Key& key, uint64_t revision, bool resident) {
    const Slot* slot = find_slot(key);
    if (!slot || resident || slot->entry->revision != revision || !slot->entry->json) return;
    resident_bytes_ -= resident_size(slot->entry);
    auto lean = std::make_shared<Entry>(*slot->entry);
    lean->json = nullptr;
    slot->entry = std::move(lean);
}

// ---- history ---------------------------------------------------------------------------------------------------------

void Index::remember(Resource& of, WatchEvent event) {
    history_bytes_ += held_bytes(event);
    of.history.push_back(std::move(event));
    history_order_.push_back({&of, loop_.now_ms()});
    // The newest stays whatever its size, so that a watcher that is up to date never loses it.
    while (history_order_.size() > 1 &&
           (history_order_.size() > limits_.history_events_max || history_bytes_ > history_bytes_allowed()))
        forget_oldest();
}

size_t Index::history_bytes_allowed() const {
    const size_t most = limits_.history_bytes_max;
    return std::clamp(resident_bytes_ / 4, std::min(limits_.history_bytes_min, most), most);
}

bool Index::forget_before(int64_t then_ms) {
    while (history_order_.size() > 1 && remembers_much() && history_order_.front().at_ms < then_ms) forget_oldest();
    return remembers_much();
}

void Index::shrink() {
    for (auto& [name, of] : resources_) {
        of->slots.shrink();
        of->history.shrink_to_fit();
    }
    history_order_.shrink_to_fit();
}

void Index::compact_history() {
    Mover mover;
    for (auto& [name, of] : resources_) {
        for (WatchEvent& event : of->history) {
            mover.move(event.entry);
            mover.move(event.previous);
        }
    }
}

void Index::compact(std::string_view name) {
    auto found = resources_.find(name);
    if (found == resources_.end()) return;
    Slots& slots = found->second->slots;
    if (slots.size() > compacted_max) return;
    {
        Mover mover;
        for (const Slot* slot : slots.in_order({})) mover.move(slot->entry);
    }
    heap::put_stock_back();
    slots.move_all();
}

void Index::forget_oldest() {
    Resource& of = *history_order_.front().resource;
    history_order_.pop_front();
    WatchEvent& event = of.history.front();
    history_bytes_ -= held_bytes(event);
    of.compacted = event.entry->revision;
    of.history.pop_front();
    ++of.first_sequence;
}

void Index::shut() {
    shut_ = true;
    for (auto& [name, of] : resources_) of->changed.notify_all();
}

void Index::fill(StoreStats& stats) const {
    stats.objects = objects_;
    stats.resident_bytes = resident_bytes_;
    stats.history_events = history_order_.size();
    stats.history_bytes = history_bytes_;
    stats.watches = watches_;
}

// ---- watches ---------------------------------------------------------------------------------------------------------

/// A place in a resource's history; holds no events itself.
class IndexWatch final : public Watch {
  public:
    IndexWatch(std::shared_ptr<Index> index, Resource& of, std::string_view ns, uint64_t from_revision)
        : index_(std::move(index)), of_(of), ns_(ns), delivered_(from_revision) {
        next_sequence_ = of.first_sequence;
        for (const WatchEvent& event : of.history) {
            if (event.entry->revision > from_revision) break;
            ++next_sequence_;
        }
        ++index_->watches_;
    }
    ~IndexWatch() override { --index_->watches_; }

    std::optional<Result<WatchEvent>> try_next() override {
        if (index_->is_shut()) return Error(Code::unavailable, "the store is closing");
        // Behind the window: something this watch has not seen may be gone.
        if (next_sequence_ < of_.first_sequence) return revision_too_old_error(delivered_, of_.compacted);
        while (next_sequence_ < end()) {
            const WatchEvent& event = of_.history[next_sequence_ - of_.first_sequence];
            ++next_sequence_;
            delivered_ = event.entry->revision;
            if (ns_.empty() || event.entry->key.ns == ns_) return event;
        }
        return std::nullopt;
    }

    Task<Result<WatchEvent>> next() override {
        for (;;) {
            std::optional<Result<WatchEvent>> event = try_next();
            if (event) co_return std::move(*event);
            co_await of_.changed.wait();
        }
    }

    uint64_t revision() const override {
        return next_sequence_ == end() ? std::max(delivered_, index_->revision()) : delivered_;
    }

  private:
    uint64_t end() const { return of_.first_sequence + of_.history.size(); }
    std::shared_ptr<Index> index_;
    Resource& of_;
    std::string ns_;
    uint64_t next_sequence_;
    uint64_t delivered_;
};

Result<std::unique_ptr<Watch>> Index::watch(std::string_view resource_name, std::string_view ns, uint64_t from_revision) {
    if (from_revision > revision_) return revision_too_large_error(from_revision, revision_);
    Resource& of = resource(resource_name);
    if (from_revision < of.compacted) return revision_too_old_error(from_revision, of.compacted);
    return std::unique_ptr<Watch>(std::make_unique<IndexWatch>(shared_from_this(), of, ns, from_revision));
}

}  // namespace orilla::store
