#include "orilla/base/heap.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ORILLA_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ORILLA_SANITIZED 1
#endif
#endif

namespace orilla::heap {
namespace {

// 256 MB of addresses; what is beyond is malloc's. Addresses cost nothing until they are used.
constexpr size_t slabs_max = 8192;
constexpr size_t region_bytes = slabs_max * slab_bytes;
constexpr size_t grown_slabs = 16;  // made accessible at a time
constexpr size_t word_bits = 64;
constexpr size_t words_max = slabs_max / word_bits;
constexpr size_t free_slabs_kept_max = 4;        // with their memory: a burst need not take each page anew
constexpr size_t slabs_given_at_once_max = 128;  // 4 MB
constexpr uint32_t grain = 16;                   // every block begins at a multiple of it

/// The sizes of blocks: by 16 up to 128, then four for each doubling, so that at most a fifth of a block is lost.
constexpr size_t size_count = 28;
constexpr std::array<uint16_t, size_count> sizes = {16,   32,   48,   64,   80,   96,   112,  128, 160, 192,
                                                    224,  256,  320,  384,  448,  512,  640,  768, 896, 1024,
                                                    1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096};
static_assert(sizes.back() == block_bytes_max);

constexpr size_t group_count = 2;
constexpr size_t kind_count = group_count * size_count;  // a kind: a size of a group

constexpr size_t size_index(size_t size) {
    if (size <= 128) return size == 0 ? 0 : (size - 1) / grain;
    const auto doubling = static_cast<size_t>(std::bit_width(size - 1)) - 1;  // 7 for 129 .. 256
    const size_t quarter = ((size - 1) >> (doubling - 2)) & 3;
    return 8 + (doubling - 7) * 4 + quarter;
}
static_assert(size_index(128) == 7 && size_index(129) == 8 && size_index(160) == 8 && size_index(161) == 9);
static_assert(size_index(256) == 11 && size_index(257) == 12 && size_index(4096) == 27 && size_index(3585) == 27);

constexpr size_t kind_of(size_t size, Group group) { return static_cast<size_t>(group) * size_count + size_index(size); }
constexpr uint32_t size_of(size_t kind) { return sizes[kind % size_count]; }

/// 2^32 / size, rounded up: exact for every offset in a slab.
constexpr std::array<uint32_t, kind_count> make_inverses() {
    std::array<uint32_t, kind_count> out{};
    for (size_t i = 0; i < kind_count; ++i) out[i] = static_cast<uint32_t>(((uint64_t{1} << 32) + size_of(i) - 1) / size_of(i));
    return out;
}
constexpr std::array<uint32_t, kind_count> inverses = make_inverses();

constexpr uint32_t blocks_in_slab(size_t kind) { return slab_bytes / size_of(kind); }

/// One slab's places; kept apart from them, where an overrun does not reach.
struct Slab {
    uint16_t used = 0;
    uint8_t kind = 0;         ///< meaningful while it is in use
    uint8_t touched = 0;      ///< pages that may have memory, a bit each
    uint16_t first_free = 0;  ///< no word of `free` before it has a bit
    std::array<uint64_t, slab_bytes / grain / word_bits> free{};
};
constexpr size_t page_bytes_min = slab_bytes / 8;  // as many as Slab::touched has bits

/// Blocks that the first thread has at hand.
struct Stock {
    static constexpr uint32_t blocks_max = 16;
    struct Blocks {
        uint32_t count = 0;
        std::array<void*, blocks_max> block{};
    };
    std::array<Blocks, kind_count> of{};
};
/// About 1 KB of each kind.
constexpr uint32_t stocked_max(size_t kind) { return std::clamp<uint32_t>(1024 / size_of(kind), 2, Stock::blocks_max); }

constexpr const char* freed_twice = "orilla: a block was freed that is not in use\n";

[[noreturn]] void fail(const char* what) {
    // Nothing that could allocate.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, what, strlen(what));
    abort();
}

class Region {
  public:
    bool open();
    bool holds(const void* block) const { return reinterpret_cast<uintptr_t>(block) - begin_ < bytes_; }
    size_t kind_of(const void* block) const { return slabs_[(reinterpret_cast<uintptr_t>(block) - begin_) / slab_bytes].kind; }
    /// How many it gave, 0 when it has no room.
    uint32_t take(size_t kind, void** blocks, uint32_t count);
    void put(void* const* blocks, uint32_t count);
    /// From that slab on; the first that was not looked at, 0 after the last one.
    size_t give_back(size_t from);
    Stats stats();

  private:
    struct Word {
        std::array<uint64_t, kind_count> with_room{};  ///< slabs of each kind that have a free place
        uint64_t empty = 0;                            ///< slabs of no kind
    };
    char* place(size_t slab) const { return reinterpret_cast<char*>(begin_) + slab * slab_bytes; }
    Slab* find_slab(size_t kind);
    Slab* begin_slab(size_t kind);
    bool grow();
    void* take_place(Slab& slab);
    void put_one(void* block);
    void end_slab(size_t number);
    void release(size_t number, uint8_t pages);
    uint8_t free_pages(const Slab& slab) const;

    uintptr_t begin_ = 0;
    size_t bytes_ = 0;       ///< none before `open`: nothing is in it
    size_t page_bytes_ = 0;  ///< 16 KB on some boards
    Slab* slabs_ = nullptr;
    std::mutex mutex_;
    Word* words_ = nullptr;
    std::array<uint16_t, kind_count> first_word_{};  ///< before it none has room
    size_t grown_ = 0;
    size_t kept_ = 0;  ///< empty slabs with memory
};

bool Region::open() {
    page_bytes_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    if (page_bytes_ < page_bytes_min || page_bytes_ > slab_bytes) return false;
    void* addresses = mmap(nullptr, region_bytes + slab_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    constexpr size_t words_bytes = words_max * sizeof(Word);
    void* book = mmap(nullptr, words_bytes + slabs_max * sizeof(Slab), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (addresses == MAP_FAILED || book == MAP_FAILED) return false;
    words_ = static_cast<Word*>(book);
    slabs_ = reinterpret_cast<Slab*>(static_cast<char*>(book) + words_bytes);
    begin_ = (reinterpret_cast<uintptr_t>(addresses) + slab_bytes - 1) / slab_bytes * slab_bytes;
    bytes_ = region_bytes;
    // A huge page would be 2 MB for the first byte.
    madvise(reinterpret_cast<void*>(begin_), region_bytes, MADV_NOHUGEPAGE);
    return true;
}

bool Region::grow() {
    if (grown_ == slabs_max || mprotect(place(grown_), grown_slabs * slab_bytes, PROT_READ | PROT_WRITE) != 0) return false;
    for (size_t i = 0; i < grown_slabs; ++i, ++grown_) words_[grown_ / word_bits].empty |= uint64_t{1} << (grown_ % word_bits);
    return true;
}

/// The lowest empty one becomes one of that kind.
Slab* Region::begin_slab(size_t kind) {
    size_t word = 0;
    while (word < grown_ / word_bits && words_[word].empty == 0) ++word;
    if ((word == words_max || words_[word].empty == 0) && !grow()) return nullptr;
    while (words_[word].empty == 0) ++word;
    const auto bit = static_cast<size_t>(std::countr_zero(words_[word].empty));
    Slab& slab = slabs_[word * word_bits + bit];
    words_[word].empty &= ~(uint64_t{1} << bit);
    words_[word].with_room[kind] |= uint64_t{1} << bit;
    first_word_[kind] = std::min(first_word_[kind], static_cast<uint16_t>(word));
    if (slab.touched) --kept_;
    slab.kind = static_cast<uint8_t>(kind);
    slab.used = slab.first_free = 0;
    const uint32_t blocks = blocks_in_slab(kind);
    for (uint32_t i = 0; i < blocks; i += word_bits)
        slab.free[i / word_bits] = blocks - i >= word_bits ? ~uint64_t{0} : (uint64_t{1} << (blocks - i)) - 1;
    return &slab;
}

/// The lowest of that kind that has room.
Slab* Region::find_slab(size_t kind) {
    const size_t end = (grown_ + word_bits - 1) / word_bits;
    for (size_t word = first_word_[kind]; word < end; ++word) {
        first_word_[kind] = static_cast<uint16_t>(word);
        const uint64_t with_room = words_[word].with_room[kind];
        if (with_room != 0) return &slabs_[word * word_bits + static_cast<size_t>(std::countr_zero(with_room))];
    }
    return begin_slab(kind);
}

void* Region::take_place(Slab& slab) {
    while (slab.free[slab.first_free] == 0) ++slab.first_free;
    uint64_t& word = slab.free[slab.first_free];
    const auto bit = static_cast<size_t>(std::countr_zero(word));
    word &= word - 1;
    const size_t number = static_cast<size_t>(&slab - slabs_);
    const size_t offset = (slab.first_free * word_bits + bit) * size_of(slab.kind);
    const size_t first = offset / page_bytes_, last = (offset + size_of(slab.kind) - 1) / page_bytes_;
    slab.touched |= static_cast<uint8_t>((1u << (last + 1)) - (1u << first));
    if (++slab.used == blocks_in_slab(slab.kind))
        words_[number / word_bits].with_room[slab.kind] &= ~(uint64_t{1} << (number % word_bits));
    return place(number) + offset;
}

uint32_t Region::take(size_t kind, void** blocks, uint32_t count) {
    const std::lock_guard lock(mutex_);
    uint32_t got = 0;
    while (got < count) {
        Slab* slab = find_slab(kind);
        if (!slab) break;
        while (got < count && slab->used < blocks_in_slab(kind)) blocks[got++] = take_place(*slab);
    }
    return got;
}

void Region::put(void* const* blocks, uint32_t count) {
    const std::lock_guard lock(mutex_);
    for (uint32_t i = 0; i < count; ++i) put_one(blocks[i]);
}

void Region::put_one(void* block) {
    const auto offset_in_region = reinterpret_cast<uintptr_t>(block) - begin_;
    const size_t number = offset_in_region / slab_bytes;
    Slab& slab = slabs_[number];
    const auto offset = static_cast<uint32_t>(offset_in_region % slab_bytes);
    const auto index = static_cast<uint32_t>(uint64_t{offset} * inverses[slab.kind] >> 32);
    const size_t at = index / word_bits;
    const uint64_t bit = uint64_t{1} << (index % word_bits);
    if (slab.used == 0 || index * size_of(slab.kind) != offset || (slab.free[at] & bit)) fail(freed_twice);
    slab.free[at] |= bit;
    slab.first_free = std::min(slab.first_free, static_cast<uint16_t>(at));
    const size_t word = number / word_bits;
    words_[word].with_room[slab.kind] |= uint64_t{1} << (number % word_bits);
    first_word_[slab.kind] = std::min(first_word_[slab.kind], static_cast<uint16_t>(word));
    if (--slab.used == 0) end_slab(number);
}

void Region::end_slab(size_t number) {
    Slab& slab = slabs_[number];
    Word& word = words_[number / word_bits];
    const uint64_t bit = uint64_t{1} << (number % word_bits);
    word.with_room[slab.kind] &= ~bit;
    word.empty |= bit;
    if (kept_ < free_slabs_kept_max) ++kept_;
    else release(number, slab.touched);
}

void Region::release(size_t number, uint8_t pages) {
    Slab& slab = slabs_[number];
    for (size_t first = 0; first < slab_bytes / page_bytes_; ++first) {
        size_t end = first;
        while (end < slab_bytes / page_bytes_ && (pages >> end & 1)) ++end;
        if (end > first) madvise(place(number) + first * page_bytes_, (end - first) * page_bytes_, MADV_DONTNEED);
        first = end;
    }
    slab.touched &= static_cast<uint8_t>(~pages);
}

/// Those without a block in use.
uint8_t Region::free_pages(const Slab& slab) const {
    unsigned in_use = 0;
    for (uint32_t i = 0; i < blocks_in_slab(slab.kind); ++i) {
        if (slab.free[i / word_bits] >> (i % word_bits) & 1) continue;
        const size_t offset = i * size_of(slab.kind);
        in_use |= 1u << (offset / page_bytes_) | 1u << ((offset + size_of(slab.kind) - 1) / page_bytes_);
    }
    return static_cast<uint8_t>(~in_use);
}

size_t Region::give_back(size_t from) {
    const std::lock_guard lock(mutex_);
    const size_t end = std::min(from + slabs_given_at_once_max, grown_);
    for (size_t number = from; number < end; ++number) {
        Slab& slab = slabs_[number];
        if (slab.touched == 0) continue;
        const bool empty = words_[number / word_bits].empty >> (number % word_bits) & 1;
        if (empty) --kept_;
        release(number, static_cast<uint8_t>(slab.touched & (empty ? 0xff : free_pages(slab))));
    }
    return end < grown_ ? end : 0;
}

Stats Region::stats() {
    const std::lock_guard lock(mutex_);
    Stats out;
    for (size_t number = 0; number < grown_; ++number) {
        if (words_[number / word_bits].empty >> (number % word_bits) & 1) continue;
        ++out.slabs;
        out.block_bytes += size_t{slabs_[number].used} * size_of(slabs_[number].kind);
    }
    return out;
}

// Never destroyed: what ends after main still frees.
#ifdef ORILLA_SANITIZED
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif
constinit Region region;
constinit Stock stock;
constinit thread_local Stock* own_stock = nullptr;
bool started = false;

}  // namespace

bool start() {
    if (is_sanitized || started || !region.open()) return started;
    started = true;
    own_stock = &stock;
    return true;
}

void* allocate(size_t size, Group group) noexcept {
    if (size > block_bytes_max || !started) return malloc(size);
    const size_t kind = kind_of(size, group);
    if (!own_stock) {
        void* block = nullptr;
        return region.take(kind, &block, 1) == 1 ? block : malloc(size);
    }
    Stock::Blocks& blocks = own_stock->of[kind];
    if (blocks.count == 0) {
        // From the end: the lowest place is handed out first.
        const uint32_t wanted = std::max(stocked_max(kind) / 2, uint32_t{1});
        blocks.count = region.take(kind, blocks.block.data(), wanted);
        if (blocks.count == 0) return malloc(size);
        std::reverse(blocks.block.begin(), blocks.block.begin() + blocks.count);
    }
    return blocks.block[--blocks.count];
}

void free(void* block) noexcept {
    if (!region.holds(block)) return ::free(block);
    if (!own_stock) return region.put(&block, 1);
    const size_t kind = region.kind_of(block);
    Stock::Blocks& blocks = own_stock->of[kind];
    const auto end = blocks.block.begin() + blocks.count;
    if (std::find(blocks.block.begin(), end, block) != end) fail(freed_twice);
    if (blocks.count == stocked_max(kind)) {
        const uint32_t half = (blocks.count + 1) / 2;
        region.put(blocks.block.data(), half);
        std::move(blocks.block.begin() + half, blocks.block.begin() + blocks.count, blocks.block.begin());
        blocks.count -= half;
    }
    blocks.block[blocks.count++] = block;
}

void* reallocate(void* block, size_t size, Group group) noexcept {
    if (!block) return allocate(size, group);
    const bool is_small = region.holds(block);
    if (!is_small && (size > block_bytes_max || !started)) return realloc(block, size);
    const size_t had = is_small ? size_of(region.kind_of(block)) : malloc_usable_size(block);
    if (is_small && size <= had && kind_of(size, group) == region.kind_of(block)) return block;
    void* moved = allocate(size, group);
    if (!moved) return nullptr;
    memcpy(moved, block, std::min(had, size));
    free(block);
    return moved;
}

void put_stock_back() {
    if (!own_stock) return;
    for (Stock::Blocks& blocks : own_stock->of) region.put(blocks.block.data(), std::exchange(blocks.count, 0));
}

void give_back() {
    for (size_t part = give_back_part(0); part != 0;) part = give_back_part(part);
}

size_t give_back_part(size_t part) {
    if (part == 0) put_stock_back();
    if (started) part = region.give_back(part);
    if (part == 0) malloc_trim(0);
    return part;
}

Stats stats() { return started ? region.stats() : Stats(); }

}  // namespace orilla::heap

#ifndef ORILLA_SANITIZED
void* operator new(size_t size) {
    if (void* block = orilla::heap::allocate(size)) return block;
    throw std::bad_alloc();
}
void operator delete(void* block) noexcept { orilla::heap::free(block); }
void operator delete(void* block, size_t) noexcept { orilla::heap::free(block); }
#endif
