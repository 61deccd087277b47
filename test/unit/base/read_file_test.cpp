#include "orilla/base/read_file.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "orilla/base/unique_fd.hpp"

using namespace orilla;

TEST_CASE("read_file: the whole of a file, and an endless one up to its limit") {
    CHECK(read_file("/dev/null", 10)->empty());
    CHECK(read_file("/proc/self/cmdline", 4096)->find("base_test") != std::string::npos);
    const auto endless = read_file("/dev/zero", size_t{1} << 20);
    REQUIRE_FALSE(endless);
    CHECK(endless.error().code() == Code::too_large);
    CHECK(endless.error().message() == "/dev/zero has more than 1 MiB, the most that is read");
}

TEST_CASE("read_file: what is not there or no file keeps its errno") {
    CHECK(read_file("/no/such", 10).error().error_number() == ENOENT);
    CHECK(read_file("/tmp", 10).error().error_number() == EISDIR);
}

TEST_CASE("read_fd: a pipe is read to its end, and exactly the limit is not too much") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const UniqueFd from(ends[0]);
    {
        const UniqueFd to(ends[1]);
        REQUIRE(write(to.get(), "12345", 5) == 5);
    }
    CHECK(*read_fd(from.get(), "it", 5) == "12345");
}

TEST_CASE("render_bytes: round numbers in MiB and KiB") {
    CHECK(render_bytes(size_t{8} << 20) == "8 MiB");
    CHECK(render_bytes(4096) == "4 KiB");
    CHECK(render_bytes(1500) == "1500 bytes");
}
