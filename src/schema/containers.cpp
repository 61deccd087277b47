#include "orilla/schema/containers.hpp"

#include <algorithm>
#include <new>

#include "orilla/base/heap.hpp"

namespace orilla::api::detail {
namespace {
Block* make_block(size_t stride, uint32_t capacity) {
    auto* block = static_cast<Block*>(heap::allocate(sizeof(Block) + stride * capacity, heap::Group::decoded));
    if (block == nullptr) throw std::bad_alloc();
    block->size = 0;
    block->capacity = capacity;
    return block;
}

void free_entries(Block* block, const TypeInfo& value) {
    size_t stride = map_stride(value);
    for (uint32_t i = 0; i < block->size; ++i) {
        std::byte* entry = block->elements() + i * stride;
        reinterpret_cast<Str*>(entry)->~Str();
        destroy_value(value, entry + map_value_offset(value));
    }
}
}  // namespace

void block_reserve(Block*& block, size_t stride, uint32_t capacity) {
    if (block == nullptr) {
        if (capacity > 0) block = make_block(stride, capacity);
        return;
    }
    if (capacity <= block->capacity) return;
    auto* grown = static_cast<Block*>(heap::reallocate(block, sizeof(Block) + stride * capacity, heap::Group::decoded));
    if (grown == nullptr) throw std::bad_alloc();
    grown->capacity = capacity;
    block = grown;
}

void block_trim(Block*& block, size_t stride) {
    if (block == nullptr || block->size == block->capacity) return;
    auto* trimmed = static_cast<Block*>(heap::reallocate(block, sizeof(Block) + stride * block->size, heap::Group::decoded));
    if (trimmed == nullptr) return;
    trimmed->capacity = trimmed->size;
    block = trimmed;
}

void* block_insert(Block*& block, size_t stride, uint32_t index) {
    uint32_t size = block_size(block);
    // Lists of the API are short: the first element gets a block of its own size, later growth is by half.
    if (block == nullptr || size == block->capacity) block_reserve(block, stride, size == 0 ? 1 : size + size / 2 + 1);
    std::byte* at = block->elements() + index * stride;
    std::memmove(at + stride, at, (size - index) * stride);
    std::memset(at, 0, stride);
    ++block->size;
    return at;
}

void block_erase(Block*& block, size_t stride, uint32_t index, uint32_t count) {
    std::byte* at = block->elements() + index * stride;
    std::memmove(at, at + count * stride, (block->size - index - count) * stride);
    block->size -= count;
    if (block->size == 0) heap::free(std::exchange(block, nullptr));
}

void list_free(Block* block, const TypeInfo& element) {
    if (element.owns_memory)
        for (uint32_t i = 0; i < block->size; ++i) destroy_value(element, block->elements() + i * element.size);
    heap::free(block);
}

Block* list_copy(const Block* block, const TypeInfo& element) {
    if (block->size == 0) return nullptr;
    Block* copy = make_block(element.size, block->size);
    for (; copy->size < block->size; ++copy->size)
        copy_value(element, copy->elements() + copy->size * element.size, block->elements() + copy->size * element.size);
    return copy;
}

bool list_equal(const Block* a, const Block* b, const TypeInfo& element) {
    if (block_size(a) != block_size(b)) return false;
    for (uint32_t i = 0; i < block_size(a); ++i)
        if (!equal_values(element, a->elements() + i * element.size, b->elements() + i * element.size)) return false;
    return true;
}

size_t map_value_offset(const TypeInfo& value) { return std::max<size_t>(sizeof(Str), value.align); }

size_t map_stride(const TypeInfo& value) {
    const size_t align = std::max<size_t>(alignof(Str), value.align);
    return map_value_offset(value) + (value.size + align - 1) / align * align;
}

void map_free(Block* block, const TypeInfo& value) {
    free_entries(block, value);
    heap::free(block);
}

Block* map_copy(const Block* block, const TypeInfo& value) {
    if (block->size == 0) return nullptr;
    size_t stride = map_stride(value);
    Block* copy = make_block(stride, block->size);
    for (; copy->size < block->size; ++copy->size) {
        const std::byte* from = block->elements() + copy->size * stride;
        std::byte* to = copy->elements() + copy->size * stride;
        new (to) Str(*reinterpret_cast<const Str*>(from));
        copy_value(value, to + map_value_offset(value), from + map_value_offset(value));
    }
    return copy;
}

bool map_equal(const Block* a, const Block* b, const TypeInfo& value) {
    if (block_size(a) != block_size(b)) return false;
    size_t stride = map_stride(value);
    for (uint32_t i = 0; i < block_size(a); ++i) {
        const std::byte* left = a->elements() + i * stride;
        const std::byte* right = b->elements() + i * stride;
        if (*reinterpret_cast<const Str*>(left) != *reinterpret_cast<const Str*>(right)) return false;
        if (!equal_values(value, left + map_value_offset(value), right + map_value_offset(value))) return false;
    }
    return true;
}

uint32_t map_lower_bound(const Block* block, size_t stride, std::string_view key) {
    uint32_t low = 0, high = block_size(block);
    auto key_at = [&](uint32_t i) { return reinterpret_cast<const Str*>(block->elements() + i * stride)->view(); };
    // Documents that we wrote ourselves come in order: try the end first.
    if (high > 0 && key_at(high - 1) < key) return high;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (key_at(middle) < key) low = middle + 1;
        else high = middle;
    }
    return low;
}

void* box_make(const TypeInfo& type) {
    void* value = std::calloc(1, std::max<size_t>(type.size, 1));
    if (value == nullptr) throw std::bad_alloc();
    return value;
}

void box_free(void* value, const TypeInfo& type) {
    destroy_value(type, value);
    heap::free(value);
}

void* box_copy(const void* value, const TypeInfo& type) {
    void* copy = heap::allocate(std::max<size_t>(type.size, 1), heap::Group::decoded);
    if (copy == nullptr) throw std::bad_alloc();
    copy_value(type, copy, value);
    return copy;
}

}  // namespace orilla::api::detail
