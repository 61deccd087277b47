// Maps whose entries come in any order. One that is put where it belongs moves all behind it, and a hundred thousand in
// reverse order cost their square; so while a large map is decoded what comes out of order is put at its end, and all is
// sorted once. The sort looks at each byte of the keys a few times at most, whatever they have in common.
#pragma once

#include <vector>

#include "orilla/schema/containers.hpp"

namespace orilla::api::detail {

/// Maps up to this size are kept in order entry by entry.
constexpr uint32_t map_ordered_entries_max = 64;

/// Whether this key had better be put at the end, out of order.
bool map_wants_append(const Block* block, size_t stride, std::string_view key);
/// A new entry at the end, wherever it belongs; its value is zeroed.
std::byte* map_append(Block*& block, size_t stride, Str key);

/// An entry that had a key which was there before.
struct RepeatedKey {
    uint32_t index;  ///< as it was appended
    Str key;
};
/// Puts the entries in order; of those with one key the last one stays. Tells of the repeated ones as they came.
std::vector<RepeatedKey> map_sort(Block*& block, const TypeInfo& value);

}  // namespace orilla::api::detail
