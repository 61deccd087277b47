#include "supervisor/cri_log.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "supervisor/log_pump.hpp"

using namespace orilla::supervisor;

namespace {

std::string render(const std::string& text, size_t buffer_bytes = 4096) {
    std::string out, buffer(buffer_bytes, '\0');
    Slice input{text.data(), text.size()};
    for (int i = 0; i < 1000 && input.size; ++i) {
        const size_t used = render_cri_lines(input, false, "2024-01-01T00:00:00.000000000Z", buffer.data(), buffer.size());
        REQUIRE(used <= buffer.size());
        out.append(buffer, 0, used);
    }
    return out;
}

const std::string full = "2024-01-01T00:00:00.000000000Z stdout F ", partial = "2024-01-01T00:00:00.000000000Z stdout P ";

}  // namespace

TEST_CASE("is_short_of_space: below 5 %, and below 100 MiB of a large file system") {
    CHECK(is_short_of_space(1000, 49, 4096));
    CHECK_FALSE(is_short_of_space(1000, 50, 4096));
    constexpr uint64_t tera_blocks = (uint64_t{1} << 40) / 4096;
    CHECK_FALSE(is_short_of_space(tera_blocks, 25'600, 4096));
    CHECK(is_short_of_space(tera_blocks, 25'599, 4096));
    CHECK_FALSE(is_short_of_space(0, 0, 0));  // a file system that does not tell
}

TEST_CASE("render_cri_lines: whole lines and an open end") {
    CHECK(render("one\n\ntwo\nrest") == full + "one\n" + full + "\n" + full + "two\n" + partial + "rest\n");
}

TEST_CASE("render_cri_lines: a line longer than the buffer continues") {
    CHECK(render("abcdefgh\n", cri_prefix_bytes + 4) == partial + "abc\n" + partial + "def\n" + full + "gh\n");
}

TEST_CASE("render_cri_lines: stops when the next line would not fit") {
    std::string buffer(2 * (cri_prefix_bytes + 2), '\0');
    Slice input{"a\nb\nc\n", 6};
    CHECK(render_cri_lines(input, true, "2024-01-01T00:00:00.000000000Z", buffer.data(), buffer.size()) == buffer.size());
    CHECK(input.size == 2);
}
