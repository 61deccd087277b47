// The object store over bytes: etcd's contract behind an interface without SQLite in it, so that a shared store can stand
// behind it later. It promises one global revision that never goes backwards, compare-and-swap on an object's revision,
// and that readers and watchers see every write in revision order and never before it is committed in its class. It
// refuses to grow: history, watchers' lag and resident values are bounded.
//
// All calls are made on the loop's thread. Reads are synchronous and answered from memory. A write counts from the moment
// its task first runs: destroying the task afterwards only gives up the answer. The store outlives its tasks;
// watches that outlive it end.
#pragma once

#include <cstdint>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"
#include "orilla/store/reader.hpp"

namespace orilla::store {

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

class Store : public Reader {
  public:
    // Writes. Errors: already_exists, not_found, conflict, in kubectl's wording; unavailable when the disk is full (then
    // nothing is changed; removals and urgent writes have some space kept for them). A conflict with a write that is still
    // under way is answered after that write can be read.

    virtual Task<Result<EntryPtr>> create(Key key, Durability durability, Value value) = 0;
    virtual Task<Result<EntryPtr>> update(Key key, uint64_t expected_revision, Durability durability, Value value) = 0;
    /// `last_state` is what watchers see last, with the revision of the deletion.
    virtual Task<Result<EntryPtr>> remove(Key key, uint64_t expected_revision, Durability durability, Value last_state) = 0;

    // Life.

    /// Lets go of what only a busy time needs: for whoever sees that one is over.
    virtual Task<void> give_back() = 0;
    /// Writes soft rows now.
    virtual Task<Result<void>> flush() = 0;
    /// Finishes what was accepted, writes soft rows and closes the file. Writes afterwards are refused. A store that is
    /// destroyed without it behaves as after a crash: durable writes are there, the latest soft ones may not be.
    virtual Task<Result<void>> close() = 0;
};

}  // namespace orilla::store
