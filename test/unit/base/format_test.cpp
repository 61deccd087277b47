// What third_party/fmt.cpp compiles of {fmt}, which is the same in every build.
#include <fmt/core.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

TEST_CASE("fmt: a sentence has places for texts and numbers") {
    const std::string name = "web";
    CHECK(fmt::format("pod {} of {} has {} containers", name, std::string_view("default"), 3) ==
          "pod web of default has 3 containers");
    CHECK(fmt::format("{} {} {}", std::numeric_limits<int64_t>::min(), std::numeric_limits<uint64_t>::max(), uint8_t{7}) ==
          "-9223372036854775808 18446744073709551615 7");
    CHECK(fmt::format("{0}/{1} {0}", 'a', true) == "a/true a");
    CHECK(fmt::format("{{\"{}\"}}", "json") == "{\"json\"}");
}

TEST_CASE("fmt: numbers and texts have widths") {
    CHECK(fmt::format("{:02}:{:02}|{:08x}|{:>5}|{:<5}|", 7, 30, 0xabcU, "ab", "cd") == "07:30|00000abc|   ab|cd   |");
}

TEST_CASE("fmt: a text is continued") {
    std::string out = "a";
    fmt::format_to(std::back_inserter(out), "{}{}", "b", 1);
    CHECK(out == "ab1");
}

TEST_CASE("fmt: a number with a fraction is an error and not an empty place") {
    CHECK_THROWS_AS(fmt::format("{}", 0.5), std::runtime_error);
    CHECK_THROWS_AS(fmt::format("{}", 0.5F), std::runtime_error);
    CHECK_THROWS_AS(fmt::format("{}", 0.5L), std::runtime_error);
    CHECK_THROWS_AS(fmt::format("{:.1f}", 0.5), std::runtime_error);
    CHECK_THROWS_AS(fmt::format("{:.1f}", 0.5F), std::runtime_error);
    CHECK_THROWS_AS(fmt::format("{:.1f}", 0.5L), std::runtime_error);
    CHECK_THROWS_AS(fmt::format("{:>8}|{}", 0.5, 1), std::runtime_error);
}
