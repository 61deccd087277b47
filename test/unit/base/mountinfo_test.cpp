#include "orilla/base/mountinfo.hpp"

#include <catch2/catch.hpp>

using namespace orilla;

TEST_CASE("parse_mountinfo: numbers, mount points with blanks, and who is shared") {
    const auto mounts = parse_mountinfo(
        "36 35 98:0 /mnt1 / rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
        "37 36 98:0 /x /a\\040b\\134c rw shared:7 master:1 - ext3 /dev/root rw\n"
        "38 36 0:5 / /shared: rw - tmpfs shared:1 rw\n"
        "not a mount\n");
    CHECK(mounts == std::vector<MountLine>{{36, "/", false}, {37, "/a b\\c", true}, {38, "/shared:", false}});
}

TEST_CASE("parse_mountinfo: whatever it is given, nothing is read beyond its end") {
    for (const char* text : {"", "\n\n", "1", "1 2", "1 2 3 / ", "1 2 3 / /a", "1 2 3 / /a\\04", "1 2 3 / /a rw shared:"})
        for (const auto& mount : parse_mountinfo(text)) CHECK(mount.id == 1);
}

TEST_CASE("read_mountinfo: there is a root") {
    const auto mounts = read_mountinfo();
    REQUIRE(mounts);
    CHECK_FALSE(mounts->empty());
}
