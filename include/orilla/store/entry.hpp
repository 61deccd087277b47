// What a store is asked for and what it tells: keys, objects at a revision, changes, and the refusals in kubectl's wording.
// Values alone, without a store.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::store {

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

// kubectl's wording, for whoever checks a revision or a name itself.
Error not_found_error(const Key& key);
Error already_exists_error(const Key& key);
/// `why` defaults to "the object has been modified; please apply your changes to the latest version and try again".
Error conflict_error(const Key& key, std::string_view why = {});
Error revision_too_old_error(uint64_t asked, uint64_t oldest);
/// 504 with the cause ResourceVersionTooLarge and retryAfterSeconds 1.
Error revision_too_large_error(uint64_t asked, uint64_t current);

}  // namespace orilla::store
