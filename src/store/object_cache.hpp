// Decoded objects by key and revision, the least recently used ones dropped: decoding costs 4 us, a reconcile reads many.
#pragma once

#include <list>
#include <unordered_map>

#include "orilla/store/objects.hpp"

namespace orilla::store {

class Objects::Cache {
  public:
    static constexpr size_t objects_max = 1024;
    static constexpr size_t json_bytes_max = 16 * 1024;  ///< of one object; larger ones are decoded each time

    ObjectPtr find(const Entry& entry) {
        auto found = places_.find(&entry.key);
        if (found == places_.end() || found->second->revision != entry.revision) return nullptr;
        used_.splice(used_.begin(), used_, found->second);
        return found->second->object;
    }
    void put(const Entry& entry, ObjectPtr object) {
        drop(entry.key);
        if (entry.size > json_bytes_max) return;
        used_.push_front({entry.key, entry.revision, std::move(object)});
        places_.emplace(&used_.front().key, used_.begin());
        if (used_.size() > objects_max) drop(used_.back().key);
    }
    void drop(const Key& key) {
        auto found = places_.find(&key);
        if (found == places_.end()) return;
        const auto place = found->second;
        places_.erase(found);
        used_.erase(place);
    }

  private:
    struct Item {
        Key key;
        uint64_t revision;
        ObjectPtr object;
    };
    struct Hash {
        size_t operator()(const Key* key) const { return KeyHash()(*key); }
    };
    struct Equal {
        bool operator()(const Key* a, const Key* b) const { return *a == *b; }
    };
    std::list<Item> used_;  ///< the most recently used first
    /// By the keys in `used_`.
    std::unordered_map<const Key*, std::list<Item>::iterator, Hash, Equal> places_;
};

}  // namespace orilla::store
