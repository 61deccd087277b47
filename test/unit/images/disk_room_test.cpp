#include "disk_room.hpp"

#include <catch2/catch.hpp>

using namespace orilla::images;

TEST_CASE("has_room: a tenth of a small file system stays free, 256 MiB of a large one") {
    constexpr uint64_t mib = 1 << 20, gib = 1 << 30;
    CHECK(has_room(100 * mib, 20 * mib, 10 * mib));
    CHECK_FALSE(has_room(100 * mib, 20 * mib, 10 * mib + 1));
    CHECK_FALSE(has_room(100 * mib, 9 * mib, 1));
    CHECK(has_room(100 * mib, 9 * mib, 0));  // a pull of what is there
    CHECK(has_room(100 * gib, 300 * mib, 44 * mib));
    CHECK_FALSE(has_room(100 * gib, 300 * mib, 45 * mib));
    CHECK(has_room(0, 0, 5 * gib));
}
