#include "links/ip_allocator.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace orilla;
using namespace orilla::network;

namespace {
const Cidr small{Ipv4{0x0a2a0000}, 29};  // .0 base, .1 gateway, .2 to .6 for pods, .7 broadcast
}

TEST_CASE("IpAllocator: gives every address but base, gateway and broadcast, each once") {
    IpAllocator allocator(small, 1);
    std::set<uint32_t> seen;
    while (auto ip = allocator.allocate(0)) seen.insert(ip->value & 0xff);
    CHECK(seen == std::set<uint32_t>{2, 3, 4, 5, 6});
    CHECK(allocator.in_use() == allocator.capacity());
}

TEST_CASE("IpAllocator: a released address rests while others are free") {
    IpAllocator allocator(small, 1);
    const Ipv4 first = *allocator.allocate(0);
    allocator.release(first, 10);
    for (int i = 0; i < 4; ++i) CHECK(*allocator.allocate(20) != first);
    SECTION("and comes back when nothing else is left") { CHECK(*allocator.allocate(20) == first); }
    SECTION("and the one that rested longest comes first") {
        allocator.release(Ipv4{small.base.value + 5}, 30);
        allocator.release(Ipv4{small.base.value + 3}, 40);
        CHECK(*allocator.allocate(50) == first);
        CHECK((allocator.allocate(50)->value & 7) == 5);
    }
}

TEST_CASE("IpAllocator: addresses of pods that are there already are not given out") {
    IpAllocator allocator(small, 1);
    CHECK(allocator.reserve(Ipv4{small.base.value + 3}));
    CHECK_FALSE(allocator.reserve(Ipv4{small.base.value + 3}));
    CHECK_FALSE(allocator.reserve(Ipv4{small.base.value + 1}));
    CHECK_FALSE(allocator.reserve(Ipv4{small.base.value + 7}));
    CHECK((allocator.allocate(0)->value & 7) == 4);
    for (int i = 0; i < 3; ++i) CHECK((allocator.allocate(0)->value & 7) != 3);
    CHECK_FALSE(allocator.allocate(0));
}
