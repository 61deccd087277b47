// The object store over bytes: etcd's contract behind an interface without SQLite in it, so that a shared store can stand
// behind it later. It promises one global revision that never goes backwards, compare-and-swap on an object's revision,
// and that readers and watchers see every write in revision order and never before it is committed in its class. It
// refuses to grow: history, watchers' lag and resident values are bounded.
//
// All calls are made on the loop's thread. Reads are synchronous and answered from memory. A write counts from the moment
// its task first runs: destroying the task afterwards only gives up the answer. The store outlives its tasks;
// watches that outlive it end.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::store {

using loop::Task;

/// What names an object: `resource` is the plural with its group (`pods`, `deployments.apps`); `ns` is empty for
/// cluster-scoped ones. None of the three contains a slash.
struct Key {
    std::string resource;
    std::string ns;
    std::string name;
    auto operator<=>(const Key&) const = default;
};

struct KeyHash {
    size_t operator()(const Key& key) const {
        const std::hash<std::string_view> hash;
        return (hash(key.resource) * 31 + hash(key.ns)) * 31 + hash(key.name);
    }
};

/// One object at one revision; immutable.
struct Entry {
    Key key;
    uint64_t revision = 0;
    /// The object with its own metadata.resourceVersion in it, so that answers splice the bytes unparsed. Null for a
    /// payload (ConfigMap, Secret) above the resident limit (16 KB), which stays in the file: `Store::load` fetches it.
    std::shared_ptr<const std::string> json;
    size_t size = 0;  ///< bytes of the value, resident or not
};
using EntryPtr = std::shared_ptr<const Entry>;

/// When a write is answered, and what of it survives.
enum class Durability {
    durable,  ///< after its commit reached the disk; survives a power cut
    urgent,   ///< durable, and a step towards removing something: may use the space kept for that on a full disk
    soft,     ///< at once; written behind, coalesced; a power cut may bring back an older state
    memory,   ///< at once; never reaches the file; gone after a restart
};

/// A value as a writer gives it, and the place in it where the store puts the digits of the revision.
struct Value {
    std::string text;
    size_t revision_at = 0;
};
std::string with_revision(const Value& value, uint64_t revision);

/// A consistent snapshot, ordered by namespace and name.
struct Listing {
    std::vector<EntryPtr> entries;
    uint64_t revision = 0;
};

struct WatchEvent {
    enum class Type { added, modified, deleted };
    Type type = Type::added;
    /// Always resident. For `deleted`: the last state, with the revision of the deletion.
    EntryPtr entry;
    /// The state before, null for `added`; for selectors that an object enters or leaves. Its json may be null (large).
    EntryPtr previous;
};

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

class Store {
  public:
    virtual ~Store() = default;

    // Writes. Errors: already_exists, not_found, conflict, in kubectl's wording; unavailable when the disk is full (then
    // nothing is changed; removals and urgent writes have some space kept for them). A conflict with a write that is still
    // under way is answered after that write can be read.

    virtual Task<Result<EntryPtr>> create(Key key, Durability durability, Value value) = 0;
    virtual Task<Result<EntryPtr>> update(Key key, uint64_t expected_revision, Durability durability, Value value) = 0;
    /// `last_state` is what watchers see last, with the revision of the deletion.
    virtual Task<Result<EntryPtr>> remove(Key key, uint64_t expected_revision, Durability durability, Value last_state) = 0;

    // Reads.

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

    // Life.

    /// Lets go of what only a busy time needs: for whoever sees that one is over.
    virtual Task<void> give_back() = 0;
    /// Writes soft rows now.
    virtual Task<Result<void>> flush() = 0;
    /// Finishes what was accepted, writes soft rows and closes the file. Writes afterwards are refused. A store that is
    /// destroyed without it behaves as after a crash: durable writes are there, the latest soft ones may not be.
    virtual Task<Result<void>> close() = 0;
    virtual StoreStats stats() const = 0;
};

// kubectl's wording, for whoever checks a revision or a name itself.
Error not_found_error(const Key& key);
Error already_exists_error(const Key& key);
/// `why` defaults to "the object has been modified; please apply your changes to the latest version and try again".
Error conflict_error(const Key& key, std::string_view why = {});
Error revision_too_old_error(uint64_t asked, uint64_t oldest);
/// 504 with the cause ResourceVersionTooLarge and retryAfterSeconds 1.
Error revision_too_large_error(uint64_t asked, uint64_t current);

}  // namespace orilla::store
