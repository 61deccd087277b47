#include "local_zone.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

using orilla::wiring::find_local_zone;

namespace {
constexpr int64_t july_s = 1'782'864'000;  // 2026
}

TEST_CASE("find_local_zone: TZ by name and by rule, else the box's own, else UTC") {
    char path[] = "/tmp/local_zone.XXXXXX";
    const int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    close(fd);
    CHECK(find_local_zone(nullptr, "/nowhere").offset_s(july_s) == 0);
    CHECK(find_local_zone(nullptr, path).offset_s(july_s) == 0);
    std::ofstream(path) << "TZif2 some binary\nCET-1CEST,M3.5.0,M10.5.0/3\n";
    CHECK(find_local_zone(nullptr, path).offset_s(july_s) == 7200);
    CHECK(find_local_zone("Asia/Kolkata", path).offset_s(july_s) == 19'800);
    CHECK(find_local_zone(":Asia/Kolkata", path).offset_s(july_s) == 19'800);
    CHECK(find_local_zone("EST5", path).offset_s(july_s) == -18'000);
    CHECK(find_local_zone("", path).offset_s(july_s) == 0);
    unlink(path);
}
