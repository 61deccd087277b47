#include "slots.hpp"

#include <algorithm>

namespace orilla::store {

namespace {
constexpr size_t added_searched_max = 64;  // beyond it is cheaper to put them in order
constexpr size_t buckets_min = 32;         // are not worth making anew

bool is_before(const Slot* slot, NameView name) { return name_of(slot->entry->key) < name; }
bool in_name_order(const Slot* a, const Slot* b) { return is_before(a, name_of(b->entry->key)); }
}  // namespace

const Slot* Slots::find(NameView name) const {
    auto found = slots_.find(name);
    return found == slots_.end() ? nullptr : &*found;
}

void Slots::insert(EntryPtr entry, int64_t row) { added_.push_back(&*slots_.insert(Slot{std::move(entry), row}).first); }

void Slots::erase(const Slot& slot) {
    if (added_.size() > added_searched_max) put_in_order();
    auto added = std::find(added_.begin(), added_.end(), &slot);
    if (added != added_.end()) added_.erase(added);
    else sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), name_of(slot.entry->key), is_before));
    slots_.erase(slots_.find(name_of(slot.entry->key)));
}

void Slots::shrink() {
    if (slots_.bucket_count() > 2 * slots_.size() + buckets_min) slots_.rehash(0);
    sorted_.shrink_to_fit();
    added_.shrink_to_fit();
}

void Slots::move_all() {
    put_in_order();
    std::unordered_set<Slot, Hash, Equal> moved;
    moved.reserve(slots_.size());
    for (const Slot*& slot : sorted_) slot = &*moved.insert(std::move(*slot)).first;
    slots_.swap(moved);
}

std::span<const Slot* const> Slots::in_order(std::string_view ns) const {
    put_in_order();
    if (ns.empty()) return sorted_;
    auto first = std::lower_bound(sorted_.begin(), sorted_.end(), NameView{ns, {}}, is_before);
    auto last = std::partition_point(first, sorted_.end(), [ns](const Slot* slot) { return slot->entry->key.ns == ns; });
    return {first, last};
}

/// Merges from the end, each new name looked up in halves: comparing names costs more than moving pointers.
void Slots::put_in_order() const {
    if (added_.empty()) return;
    std::sort(added_.begin(), added_.end(), in_name_order);
    auto rest = sorted_.size();
    sorted_.resize(rest + added_.size());
    const auto begin = sorted_.begin();
    for (size_t left = added_.size(); left > 0; --left) {
        const Slot* slot = added_[left - 1];
        const auto end = begin + static_cast<ptrdiff_t>(rest);
        const auto place = std::lower_bound(begin, end, name_of(slot->entry->key), is_before);
        std::move_backward(place, end, end + static_cast<ptrdiff_t>(left));
        rest = static_cast<size_t>(place - begin);
        begin[static_cast<ptrdiff_t>(rest + left - 1)] = slot;
    }
    added_.clear();
}

}  // namespace orilla::store
