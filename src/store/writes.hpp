// A write on its way: as a caller asks for it, as it waits for its answer, and the transaction that it shares with others.
#pragma once

#include <fmt/core.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orilla/loop/loop.hpp"
#include "orilla/store/sqlite_store.hpp"
#include "store_file.hpp"

namespace orilla::store {

/// What a caller asks for.
struct Change {
    WatchEvent::Type type;
    Key key;
    uint64_t expected_revision;
    Durability durability;
    Value value;
};

/// A write between its submission and its answer.
struct Pending {
    explicit Pending(loop::Loop& loop) : settled_event(loop) {}
    WatchEvent::Type type = WatchEvent::Type::added;
    EntryPtr entry;
    Durability durability = Durability::durable;
    bool to_file = false;  ///< counts only once committed
    int64_t row = 0;       ///< where, when it goes to the file
    /// May use what is kept for making room on a full disk.
    bool urgent() const { return type == WatchEvent::Type::deleted || durability == Durability::urgent; }
    enum class Stage { queued, committing, committed } stage = Stage::queued;
    std::optional<Error> error;
    bool settled = false;
    loop::Event settled_event;
};
using PendingPtr = std::shared_ptr<Pending>;

/// One transaction under way. Shared with the executor; the loop looks at `result` only after it.
struct Job {
    Batch batch;
    std::vector<PendingPtr> writes;  ///< empty for a write-behind of soft rows
    std::vector<Key> flushed;        ///< the keys of batch.rows, for a write-behind
    bool partial = false;            ///< a write-behind that left some for the next one
    Result<void> result;
    bool checkpoint_wanted = false;
};
using JobPtr = std::shared_ptr<Job>;

/// How the file writes a key.
inline std::string file_key(const Key& key) { return fmt::format("{}/{}/{}", key.resource, key.ns, key.name); }

/// Whether memory holds the value as well.
inline bool is_resident(const StoreOptions& options, const Key& key, size_t size) {
    return size <= options.resident_bytes_max || !options.payload_resources.contains(key.resource);
}

}  // namespace orilla::store
