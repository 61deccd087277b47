#include "map_order.hpp"

#include <algorithm>

#include "orilla/base/heap.hpp"

namespace orilla::api::detail {
namespace {

constexpr size_t chunk_bytes = sizeof(uint64_t);

/// An entry, and the part of its key that is being compared.
struct Place {
    uint64_t chunk = 0;  ///< eight bytes, the first one highest, zeros behind the key's end
    uint32_t left = 0;   ///< bytes of the key from the chunk on, chunk_bytes + 1 for more than one chunk
    uint32_t index = 0;
};

/// Places that are alike up to `depth`.
struct Run {
    size_t begin, end, depth;
};

std::byte* entry_at(Block* block, size_t stride, size_t index) { return block->elements() + index * stride; }

std::string_view key_at(const Block* block, size_t stride, size_t index) {
    return reinterpret_cast<const Str*>(block->elements() + index * stride)->view();
}

void read_chunk(Place& place, std::string_view key, size_t depth) {
    const std::string_view rest = key.substr(depth);
    place.chunk = 0;
    for (size_t i = 0; i < chunk_bytes; ++i)
        place.chunk = place.chunk << 8 | (i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0);
    place.left = static_cast<uint32_t>(std::min(rest.size(), chunk_bytes + 1));
}

bool alike(const Place& a, const Place& b) { return a.chunk == b.chunk && a.left == b.left; }

/// By key, then as they came.
bool before(const Place& a, const Place& b) {
    if (a.chunk != b.chunk) return a.chunk < b.chunk;
    return a.left != b.left ? a.left < b.left : a.index < b.index;
}

/// A chunk of every key at a time: those that are alike in it are sorted by the next one.
std::vector<Place> sort_places(const Block* block, size_t stride) {
    std::vector<Place> places(block->size);
    for (uint32_t i = 0; i < block->size; ++i) places[i].index = i;
    std::vector<Run> open = {{0, places.size(), 0}};
    while (!open.empty()) {
        const Run run = open.back();
        open.pop_back();
        for (size_t i = run.begin; i < run.end; ++i) read_chunk(places[i], key_at(block, stride, places[i].index), run.depth);
        const auto at = [&places](size_t i) { return places.begin() + static_cast<std::ptrdiff_t>(i); };
        std::sort(at(run.begin), at(run.end), before);
        for (size_t begin = run.begin, end = begin; begin < run.end; begin = end) {
            while (end < run.end && alike(places[begin], places[end])) ++end;
            if (end - begin > 1 && places[begin].left > chunk_bytes) open.push_back({begin, end, run.depth + chunk_bytes});
        }
    }
    return places;
}

void destroy_entry(std::byte* entry, const TypeInfo& value) {
    reinterpret_cast<Str*>(entry)->~Str();
    destroy_value(value, entry + map_value_offset(value));
}

}  // namespace

bool map_wants_append(const Block* block, size_t stride, std::string_view key) {
    const uint32_t size = block_size(block);
    return size >= map_ordered_entries_max && key < key_at(block, stride, size - 1);
}

std::byte* map_append(Block*& block, size_t stride, Str key) {
    auto* entry = static_cast<std::byte*>(block_insert(block, stride, block_size(block)));
    *reinterpret_cast<Str*>(entry) = std::move(key);
    return entry;
}

std::vector<RepeatedKey> map_sort(Block*& block, const TypeInfo& value) {
    std::vector<RepeatedKey> repeated;
    if (block == nullptr) return repeated;
    const size_t stride = map_stride(value);
    const std::vector<Place> places = sort_places(block, stride);
    Block* sorted = nullptr;
    block_reserve(sorted, stride, block->size);
    for (size_t i = 0; i < places.size(); ++i) {
        std::byte* entry = entry_at(block, stride, places[i].index);
        const Str& key = *reinterpret_cast<const Str*>(entry);
        // Those with one key stand together, the last one behind.
        const bool is_first = sorted->size == 0 || key_at(sorted, stride, sorted->size - 1) != key.view();
        if (!is_first) {
            repeated.push_back({places[i].index, key});
            destroy_entry(entry_at(sorted, stride, --sorted->size), value);
        }
        std::memcpy(entry_at(sorted, stride, sorted->size++), entry, stride);
    }
    heap::free(std::exchange(block, sorted));  // its entries have moved
    std::ranges::sort(repeated, {}, &RepeatedKey::index);
    return repeated;
}

}  // namespace orilla::api::detail
