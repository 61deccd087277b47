// The published state, in memory: every object at its latest revision and a bounded window of what changed. Pure book
// keeping on the loop's thread; it promises that what it shows is one consistent revision, and that the window never
// holds more than its limits. It knows nothing of commits: whoever calls `publish` does so in revision order.
#pragma once

#include <deque>
#include <map>

#include "orilla/loop/loop.hpp"
#include "orilla/store/store.hpp"
#include "slots.hpp"

namespace orilla::store {

/// One resource's objects and its part of the window.
struct Resource {
    Resource(loop::Loop& loop, std::string resource_name, uint64_t start)
        : name(std::move(resource_name)), compacted(start), changed(loop) {}
    std::string name;
    Slots slots;
    std::deque<WatchEvent> history;
    uint64_t first_sequence = 0;  ///< of history.front(), counting every event this resource ever had
    uint64_t compacted;           ///< history holds everything after this revision
    loop::Event changed;
};

struct IndexLimits {
    size_t history_events_max;
    size_t history_bytes_max;
    size_t history_bytes_min = SIZE_MAX;  ///< allowed however little there is; never beyond the maximum
    size_t history_old_bytes_max = SIZE_MAX;
};

class Index : public std::enable_shared_from_this<Index> {
  public:
    Index(loop::Loop& loop, IndexLimits limits) : loop_(loop), limits_(limits) {}

    /// Before the first use: an object from a row of the file, `corrupt` when there is one of this name already; then the
    /// revision that everything so far belongs to.
    Result<void> load(EntryPtr entry, int64_t row);
    void start_at(uint64_t revision);

    const Slot* find_slot(const Key& key) const;
    EntryPtr find(const Key& key) const;
    Listing list(std::string_view resource, std::string_view ns) const;
    Result<Listing> list_at(std::string_view resource, std::string_view ns, uint64_t revision) const;
    size_t count(std::string_view resource, std::string_view ns = {}) const;
    uint64_t revision() const { return revision_; }

    /// Shows a change to readers and watchers. `kept` is what readers hold from now on (without its value when that
    /// stays in the file), null after a deletion; `row` where the file holds it.
    void publish(WatchEvent::Type type, EntryPtr entry, EntryPtr kept, int64_t row);
    /// A revision that was given away but never became a change.
    void skip_to(uint64_t revision) { revision_ = revision; }
    /// The value of this revision is in the file now: lets go of it when `resident` is false.
    void written(const Key& key, uint64_t revision, bool resident);

    Result<std::unique_ptr<Watch>> watch(std::string_view resource, std::string_view ns, uint64_t from_revision);

    /// Drops what was remembered before `then_ms` as far as it is too much for old changes. False when nothing is.
    bool forget_before(int64_t then_ms);
    bool remembers_much() const { return history_bytes_ > limits_.history_old_bytes_max; }

    /// What resources took that had more objects.
    void shrink();
    /// Brings together what nobody else holds: history, and the objects of one resource; what has gone from between them
    /// left holes.
    void compact_history();
    void compact(std::string_view name);

    void fill(StoreStats& stats) const;
    /// Ends every watch with `unavailable`; they notice when they next look. Watches keep the index itself alive.
    void shut();
    bool is_shut() const { return shut_; }

  private:
    friend class IndexWatch;
    Resource& resource(std::string_view name);
    const Resource* find_resource(std::string_view name) const;
    void remember(Resource& resource, WatchEvent event);
    void forget_oldest();
    size_t history_bytes_allowed() const;

    loop::Loop& loop_;
    IndexLimits limits_;
    std::map<std::string, std::unique_ptr<Resource>, std::less<>> resources_;
    struct Remembered {
        Resource* resource;
        int64_t at_ms;
    };
    std::deque<Remembered> history_order_;  ///< whose event is the oldest, the next oldest ...
    uint64_t start_ = 0;
    uint64_t revision_ = 0;
    size_t objects_ = 0;
    size_t resident_bytes_ = 0;
    size_t history_bytes_ = 0;
    size_t watches_ = 0;
    bool shut_ = false;
};

}  // namespace orilla::store
