// Addresses of one range, given out in turn: the search goes on where it ended, and a released address rests before it is
// used again, because peers still remember who had it. What is in use is told by the owner at start (reserve).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "orilla/base/ipv4.hpp"

namespace orilla::network {

class IpAllocator {
  public:
    static constexpr int64_t rest_ms = 60'000;

    /// Without the range's base, its last address and `reserved_low` addresses after the base.
    IpAllocator(Cidr range, uint32_t reserved_low);
    /// Takes a certain address; false when it is taken or not ours to give.
    bool reserve(Ipv4 ip);
    /// The next free address. When only resting ones are left, the one that rested longest.
    std::optional<Ipv4> allocate(int64_t now_ms);
    void release(Ipv4 ip, int64_t now_ms);
    size_t in_use() const { return used_.size(); }
    size_t capacity() const { return last_ - first_ + 1; }

  private:
    struct Released {
        uint32_t address;
        int64_t at_ms;
    };
    const Released* find_resting(uint32_t address, int64_t now_ms) const;
    uint32_t first_;
    uint32_t last_;
    uint32_t next_;
    std::set<uint32_t> used_;
    std::vector<Released> released_;  ///< lately, each address once
};

}  // namespace orilla::network
