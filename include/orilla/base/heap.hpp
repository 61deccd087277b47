// The heap of a daemon that runs for years on little memory: small blocks of one size lie together, and the lowest free
// place is taken first, so that what a burst took can be given back when it is over. malloc, which puts a block that stays
// wherever one was free, kept two thirds of it.
//
// It promises to end the process when a block is freed twice or was never given out. It stands behind operator new once
// `start` was called; until then, and for large blocks, that is malloc. Under a sanitizer it is not there at all.
#pragma once

#include <cstddef>

namespace orilla::heap {

/// By the thread that allocates most, which gets its own small stock; others take a lock for each block. False where it
/// cannot be: under a sanitizer, and where a page is larger than a slab.
bool start();

/// Gives free pages back to the kernel, malloc's included. Takes time by what is free, some 2 us for each place.
void give_back();
/// The same in parts of some slabs, for who has others waiting: from `part` 0 on, each gives the next part, 0 at the end.
size_t give_back_part(size_t part);

/// For tests and /metrics.
struct Stats {
    size_t slabs = 0;        ///< of slab_bytes, with at least one block
    size_t block_bytes = 0;  ///< given out, the stock of the first thread included
};
Stats stats();
inline constexpr size_t slab_bytes = 32 * 1024;
inline constexpr size_t block_bytes_max = 4096;  ///< larger ones are malloc's

/// Blocks of different groups never share a page: what is let go of as a whole then leaves whole pages.
enum class Group : unsigned char { common, decoded };

/// What operator new does; null when there is no memory. Before `start`: malloc.
void* allocate(size_t size, Group group = Group::common) noexcept;
/// Of the same group, what malloc gave before `start` excepted.
void* reallocate(void* block, size_t size, Group group = Group::common) noexcept;
void free(void* block) noexcept;

/// The first thread's stock goes back: what it takes next comes from the lowest places. For whoever copies what is there,
/// to bring it together.
void put_stock_back();

}  // namespace orilla::heap
