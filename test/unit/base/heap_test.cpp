#include "orilla/base/heap.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

using namespace orilla;

namespace {

const auto page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));

struct Block {
    unsigned char* at = nullptr;
    size_t size = 0;
    unsigned char filled = 0;
};

bool is_whole(const Block& block) {
    for (size_t i = 0; i < block.size; ++i)
        if (block.at[i] != block.filled) return false;
    return true;
}

/// Takes and frees by chance, and looks that no block lies in another.
bool churn(unsigned seed, int rounds) {
    std::mt19937 random(seed);
    std::vector<Block> blocks;
    bool good = true;
    for (int i = 0; i < rounds; ++i) {
        if (blocks.size() > 500 || (!blocks.empty() && random() % 2 == 0)) {
            std::swap(blocks[random() % blocks.size()], blocks.back());
            good = good && is_whole(blocks.back());
            heap::free(blocks.back().at);
            blocks.pop_back();
            continue;
        }
        const size_t size = random() % 8 == 0 ? random() % 9000 : random() % 300;
        const Block block{static_cast<unsigned char*>(heap::allocate(size)), size, static_cast<unsigned char>(random())};
        good = good && block.at && reinterpret_cast<uintptr_t>(block.at) % alignof(std::max_align_t) == 0;
        memset(block.at, block.filled, size);
        blocks.push_back(block);
        if (random() % 1000 == 0) heap::give_back();
    }
    for (const Block& block : blocks) {
        good = good && is_whole(block);
        heap::free(block.at);
    }
    return good;
}

size_t resident_pages(void* begin, size_t bytes) {
    std::vector<unsigned char> in_memory(bytes / page_bytes);
    if (mincore(begin, bytes, in_memory.data()) != 0) return SIZE_MAX;
    size_t count = 0;
    for (const unsigned char page : in_memory) count += page & 1;
    return count;
}

/// How a process ends that does this.
int end_of(void (*act)()) {
    const pid_t pid = fork();
    if (pid == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);  // not the one that reports a failed test
        act();
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("heap: blocks of all sizes stay apart, in one thread and in several") {
    (void)heap::start();
    CHECK(churn(1, 20'000));
    bool good[2] = {};
    std::thread first([&good] { good[0] = churn(2, 20'000); });
    std::thread second([&good] { good[1] = churn(3, 20'000); });
    CHECK(churn(4, 20'000));
    first.join();
    second.join();
    CHECK(good[0]);
    CHECK(good[1]);
}

TEST_CASE("heap: a block may be freed by another thread than took it") {
    if (!heap::start()) return;  // there is only malloc
    std::vector<void*> blocks(1000);
    const auto before = heap::stats().block_bytes;
    std::thread taking([&blocks] {
        for (void*& block : blocks) block = heap::allocate(100);
    });
    taking.join();
    CHECK(heap::stats().block_bytes >= before + blocks.size() * 100);
    for (void* block : blocks) heap::free(block);
    heap::give_back();
    CHECK(heap::stats().block_bytes <= before);
}

TEST_CASE("heap: the lowest free place is taken first, and free pages go back") {
    if (!heap::start()) return;  // there is only malloc
    heap::give_back();
    constexpr size_t count = 4 * heap::slab_bytes / 1024;
    std::vector<char*> blocks(count);
    for (char*& block : blocks) {
        block = static_cast<char*>(heap::allocate(1024));
        memset(block, 1, 1024);
    }
    std::sort(blocks.begin(), blocks.end());
    // In the last slab of them, whole.
    char* const slab =
        reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(blocks.back()) / heap::slab_bytes * heap::slab_bytes) -
        heap::slab_bytes;
    REQUIRE(slab > blocks.front());
    CHECK(resident_pages(slab, heap::slab_bytes) == heap::slab_bytes / page_bytes);
    char* const lowest = blocks.front();
    for (char* block : blocks)
        if (block < slab || block >= slab + heap::slab_bytes || block == slab + page_bytes) heap::free(block);
    heap::give_back();
    CHECK(resident_pages(slab, heap::slab_bytes) == heap::slab_bytes / page_bytes);
    for (char* block : blocks)
        if (block > slab + page_bytes && block < slab + heap::slab_bytes) heap::free(block);
    heap::give_back();
    void* const next = heap::allocate(1024);  // before anybody else, such as a CHECK, takes an empty slab
    CHECK(resident_pages(slab, heap::slab_bytes) == 1);
    // An empty slab is only begun where none of its size has room.
    CHECK((next <= static_cast<void*>(lowest) || next == slab + page_bytes));
    heap::free(next);
    for (char* block : blocks)
        if (block >= slab && block < slab + page_bytes) heap::free(block);
}

TEST_CASE("heap: a large one goes back in parts") {
    if (!heap::start()) return;  // there is only malloc
    constexpr size_t count = 300 * heap::slab_bytes / heap::block_bytes_max;
    std::vector<void*> blocks(count);
    for (void*& block : blocks) memset(block = heap::allocate(heap::block_bytes_max), 1, heap::block_bytes_max);
    void* const last = *std::max_element(blocks.begin(), blocks.end());
    for (void* block : blocks) heap::free(block);
    int parts = 1;
    for (size_t part = heap::give_back_part(0); part != 0; ++parts) part = heap::give_back_part(part);
    CHECK(parts > 2);
    CHECK(resident_pages(reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(last) / page_bytes * page_bytes), page_bytes) ==
          0);
}

TEST_CASE("heap: a block grows and shrinks with what is in it, from one kind of place to another") {
    (void)heap::start();
    auto* text = static_cast<char*>(heap::reallocate(nullptr, 3));
    memcpy(text, "abc", 3);
    for (const size_t size : {20, 5000, 900'000, 6000, 100, 3}) {
        text = static_cast<char*>(heap::reallocate(text, size));
        REQUIRE(text);
        CHECK(std::string(text, 3) == "abc");
    }
    heap::free(text);
    heap::free(nullptr);
}

TEST_CASE("heap: what is freed twice, or was never given out, ends the process") {
    if (!heap::start()) return;  // there is only malloc
    CHECK(end_of([] {
              void* block = heap::allocate(64);
              heap::free(block);
              heap::free(block);
          }) == SIGABRT);
    CHECK(end_of([] {
              void* block = heap::allocate(64);
              heap::free(block);
              heap::give_back();
              heap::free(block);
              heap::give_back();
          }) == SIGABRT);
    CHECK(end_of([] {
              auto* block = static_cast<char*>(heap::allocate(64));
              heap::free(block + 16);
              heap::give_back();
          }) == SIGABRT);
    CHECK(end_of([] { heap::free(heap::allocate(64)); }) == 0);
}
