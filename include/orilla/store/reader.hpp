// Reading the store: interfaces without a way to write, for who reads past the typed objects. All calls are made on the
// loop's thread; what is not said to wait is answered from memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"
#include "orilla/store/entry.hpp"

namespace orilla::store {

using loop::Task;

/// The changes of one resource after a revision. A watcher that lags behind the bounded history is ended with `expired`
/// instead of holding memory.
class Watch {
  public:
    virtual ~Watch() = default;
    /// The next event if there is one now; an error (expired) ends the watch.
    virtual std::optional<Result<WatchEvent>> try_next() = 0;
    /// Waits for the next event. Cancelling the task loses no event.
    virtual Task<Result<WatchEvent>> next() = 0;
    /// Everything up to this revision has been delivered: what a bookmark says.
    virtual uint64_t revision() const = 0;
};

/// Counters for /metrics, since start.
struct StoreStats {
    uint64_t durable_writes = 0;
    uint64_t soft_writes = 0;    ///< the memory class included
    uint64_t commits = 0;        ///< transactions that reached the disk, write-behind ones included
    uint64_t soft_flushes = 0;   ///< of which write-behind
    uint64_t failed_writes = 0;  ///< refused by a full disk
    size_t objects = 0;
    size_t resident_bytes = 0;  ///< values held in memory, history not included
    size_t history_events = 0;
    size_t history_bytes = 0;
    size_t watches = 0;
};

class Reader {
  public:
    virtual ~Reader() = default;

    /// Null when there is none.
    virtual EntryPtr find(const Key& key) const = 0;
    /// All namespaces when `ns` is empty.
    virtual Listing list(std::string_view resource, std::string_view ns = {}) const = 0;
    /// The state as it was at `revision`; `expired` when history does not reach back, timeout when it is in the future.
    virtual Result<Listing> list_at(std::string_view resource, std::string_view ns, uint64_t revision) const = 0;
    /// How many there are, without listing them; all namespaces when `ns` is empty.
    virtual size_t count(std::string_view resource, std::string_view ns = {}) const = 0;
    /// The value, from memory or from the file; `conflict` when the object has changed since: find it again.
    virtual Task<Result<std::shared_ptr<const std::string>>> load(EntryPtr entry) = 0;
    /// Find and load in one, resident whatever its size; not_found when there is none.
    virtual Task<Result<EntryPtr>> read(Key key) = 0;

    /// The latest revision that readers see.
    virtual uint64_t revision() const = 0;
    /// Changes after `from_revision`; all namespaces when `ns` is empty.
    virtual Result<std::unique_ptr<Watch>> watch(std::string_view resource, std::string_view ns, uint64_t from_revision) = 0;

    /// Waits until every write that was submitted before is answered, and shown unless it was refused. For whoever must
    /// know that nothing more is coming: a reader sees only what is committed.
    virtual Task<void> settle() = 0;
    virtual StoreStats stats() const = 0;
};

}  // namespace orilla::store
