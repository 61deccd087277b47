#include "orilla/base/program_pages.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <climits>
#include <fstream>
#include <string>

using namespace orilla;

namespace {
/// What is mapped of the program's text and constants and is in memory now.
size_t resident_kb() {
    char program[PATH_MAX] = {};
    REQUIRE(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
    std::ifstream smaps("/proc/self/smaps");
    size_t total = 0;
    bool is_program = false;
    for (std::string line; std::getline(smaps, line);) {
        const size_t flags = line.find(' ') + 1;
        if (line.find('-') < flags) is_program = line.ends_with(program) && line.compare(flags + 1, 1, "-") == 0;
        if (is_program && line.starts_with("Rss:")) total += std::stoul(line.substr(4));
    }
    return total;
}
}  // namespace

TEST_CASE("let_go_of_program_pages: pages of the program go, and come back when they are needed") {
    const size_t before = resident_kb();
    CHECK(let_go_of_program_pages() > 0);
    CHECK(resident_kb() < before);
}
