// One resource's objects in memory: found by name in constant time, listed in order. Names are put in order only when a
// listing asks, because most writes come between two listings. Pure book keeping on the loop's thread.
#pragma once

#include <span>
#include <unordered_set>
#include <vector>

#include "orilla/store/store.hpp"

namespace orilla::store {

struct NameView {
    std::string_view ns;
    std::string_view name;
    auto operator<=>(const NameView&) const = default;
};
inline NameView name_of(const Key& key) { return {key.ns, key.name}; }

/// One object, and where it stands in the file.
struct Slot {
    // Mutable, because what identifies it in its set, the name, never changes.
    mutable EntryPtr entry;
    mutable int64_t row = 0;  ///< its row in the file, perhaps of an older revision; 0: it was never written
};

class Slots {
  public:
    /// Null when there is none. Stays where it is until it is erased.
    const Slot* find(NameView name) const;
    /// An object that is not there yet.
    void insert(EntryPtr entry, int64_t row);
    void erase(const Slot& slot);
    size_t size() const { return slots_.size(); }
    /// Gives back what was for more of them.
    void shrink();
    /// Puts all of them into places that are free now; none stays where it was.
    void move_all();
    /// Ordered by namespace and name; one namespace when `ns` is not empty. Valid until the next change.
    std::span<const Slot* const> in_order(std::string_view ns) const;

  private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(NameView name) const { return hash_of(name.ns) * 31 + hash_of(name.name); }
        size_t operator()(const Slot& slot) const { return (*this)(name_of(slot.entry->key)); }
        static size_t hash_of(std::string_view text) { return std::hash<std::string_view>()(text); }
    };
    struct Equal {
        using is_transparent = void;
        static NameView view(const Slot& slot) { return name_of(slot.entry->key); }
        static NameView view(NameView name) { return name; }
        bool operator()(const auto& a, const auto& b) const { return view(a) == view(b); }
    };
    void put_in_order() const;

    std::unordered_set<Slot, Hash, Equal> slots_;
    mutable std::vector<const Slot*> sorted_;
    mutable std::vector<const Slot*> added_;  ///< in slots_, not yet in sorted_
};

}  // namespace orilla::store
