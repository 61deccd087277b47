// Decoded objects by key and revision, the least recently used ones dropped: decoding costs 4 us, a reconcile reads many.
// What is bounded is their texts, which take about as much memory as what they decode to; thousands of pods have room.
// A large one is lent until the loop's next turn only: all watches that look at a change do so in one.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <unordered_map>

#include "orilla/objects/objects.hpp"

namespace orilla::objects {

class Objects::Cache {
  public:
    explicit Cache(loop::Loop& loop) : loop_(loop) {}
    static constexpr size_t json_bytes_total_max = 8 * 1024 * 1024;
    static constexpr size_t json_bytes_max = 16 * 1024;  ///< of one object; larger ones are only lent

    /// As an object of this kind: the same bytes are another one in another version, or once their kind was added anew.
    ObjectPtr find(const store::Entry& entry, const api::KindInfo& kind) {
        if (entry.size > json_bytes_max) return find_lent(entry, kind);
        auto found = places_.find(&entry.key);
        if (found == places_.end() || !found->second->is(entry, kind)) return nullptr;
        used_.splice(used_.begin(), used_, found->second);
        found->second->round = round_;
        return found->second->object;
    }
    void put(const store::Entry& entry, ObjectPtr object) {
        drop(entry.key);
        if (entry.size > json_bytes_max) return lend(entry, std::move(object));
        if (is_rarely_read(object->kind())) return;
        used_.push_front({entry.key, entry.revision, entry.size, round_, std::move(object)});
        places_.emplace(&used_.front().key, used_.begin());
        json_bytes_ += entry.size;
        while (json_bytes_ > json_bytes_total_max) drop(used_.back().key);
    }
    /// Also one that is not current: a watcher may decode older states.
    void lend(const store::Entry& entry, ObjectPtr object) {
        if (!*lent_) loop_.post([lent = lent_] { lent->reset(); });
        lent_->emplace(Item{entry.key, entry.revision, entry.size, round_, std::move(object)});
    }
    /// Drops what nobody has asked for since the last time.
    void age() {
        while (!used_.empty() && used_.back().round != round_) drop(used_.back().key);
        ++round_;
    }
    /// Nobody is to get one of this kind any more, and it may end.
    void drop_kind(const api::KindInfo& kind) {
        for (auto item = used_.begin(); item != used_.end();) {
            const auto place = item++;
            if (&place->object->kind() == &kind) drop(place->key);
        }
        if (*lent_ && &(*lent_)->object->kind() == &kind) lent_->reset();
    }
    void drop(const store::Key& key) {
        auto found = places_.find(&key);
        if (found == places_.end()) return;
        const auto place = found->second;
        json_bytes_ -= place->json_bytes;
        places_.erase(found);
        used_.erase(place);
    }

  private:
    struct Item {
        store::Key key;
        uint64_t revision;
        size_t json_bytes;
        uint32_t round;  ///< when it was last asked for
        ObjectPtr object;
        bool is(const store::Entry& entry, const api::KindInfo& kind) const {
            return revision == entry.revision && &object->kind() == &kind;
        }
    };
    /// There are many of them, and nothing reconciles them.
    static bool is_rarely_read(const api::KindInfo& kind) { return kind.payload == api::Payload::passing; }
    struct Hash {
        size_t operator()(const store::Key* key) const { return store::KeyHash()(*key); }
    };
    struct Equal {
        bool operator()(const store::Key* a, const store::Key* b) const { return *a == *b; }
    };
    ObjectPtr find_lent(const store::Entry& entry, const api::KindInfo& kind) const {
        const bool is_it = *lent_ && (*lent_)->is(entry, kind) && (*lent_)->key == entry.key;
        return is_it ? (*lent_)->object : nullptr;
    }
    loop::Loop& loop_;
    std::shared_ptr<std::optional<Item>> lent_ = std::make_shared<std::optional<Item>>();
    std::list<Item> used_;  ///< the most recently used first
    size_t json_bytes_ = 0;
    uint32_t round_ = 0;
    /// By the keys in `used_`.
    std::unordered_map<const store::Key*, std::list<Item>::iterator, Hash, Equal> places_;
};

}  // namespace orilla::objects
