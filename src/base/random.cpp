#include "orilla/base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace orilla {

std::string Random::name_suffix(int length) {
    static constexpr char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    std::string out;
    for (int i = 0; i < length; ++i) out += alphabet[below(sizeof alphabet - 1)];
    return out;
}

std::string Random::uuid() {
    static constexpr char hex[] = "0123456789abcdef";
    const uint64_t high = (next() & 0xffffffffffff0fffULL) | 0x4000;                // version 4
    const uint64_t low = (next() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;  // variant 10
    std::string out;
    for (int nibble = 0; nibble < 32; ++nibble) {
        if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) out += '-';
        const uint64_t word = nibble < 16 ? high : low;
        out += hex[(word >> (60 - 4 * (nibble % 16))) & 15];
    }
    return out;
}

uint64_t SystemRandom::next() {
    if (left_ == 0) {
        // At most 256 bytes: getrandom(2) then never returns short. Without randomness no uid may be made up.
        if (getrandom(block_, sizeof block_, 0) != static_cast<ssize_t>(sizeof block_)) abort();
        left_ = sizeof block_ / sizeof block_[0];
    }
    return block_[--left_];
}

}  // namespace orilla
