#include "logs/log_stream.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>

#include "orilla/base/clock.hpp"
#include "support/await.hpp"

using namespace orilla;
using namespace orilla::node;

namespace {
/// The text from where `tail` lines begin.
std::string tail_of(const std::string& text, int64_t lines) {
    FILE* file = tmpfile();
    REQUIRE(fwrite(text.data(), 1, text.size(), file) == text.size());
    fflush(file);
    const auto offset = find_tail_offset(fileno(file), lines);
    fclose(file);
    REQUIRE(offset);
    return text.substr(static_cast<size_t>(*offset));
}

std::string read_all(const std::string& path, LogSource source) {
    SystemClock clock;
    loop::Loop loop(clock);
    LogQuery query;
    query.path = path;
    query.source = source;
    loop::InlineExecutor files(loop);
    auto stream = test::await(loop, LogStream::open(loop, files, query, [] { return true; }));
    REQUIRE(stream);
    std::string out;
    REQUIRE(test::await(loop, (*stream)->next(&out)));
    return out;
}
}  // namespace

TEST_CASE("find_tail_offset: counts lines of output, not entries") {
    const std::string one = "t stdout F one\n", two = "t stdout P tw\nt stdout F o\n", open = "t stdout P thr\n";
    CHECK(tail_of(one + two, 1) == two);
    CHECK(tail_of(one + two, 2) == one + two);
    CHECK(tail_of(one + two, 9) == one + two);
    CHECK(tail_of(one + two + open, 1) == open);
    CHECK(tail_of(one + two + open, 2) == two + open);
    CHECK(tail_of(one + two, 0).empty());
    CHECK(tail_of("", 3).empty());
}

TEST_CASE("parse_log_line: what is not an entry is none") {
    const auto line = parse_log_line("2024-01-01T00:00:00.0Z stderr F a b");
    REQUIRE(line);
    CHECK(line->text == "a b");
    CHECK(!line->partial);
    for (const char* text : {"", "x", "a b", "a b c", "a b X c"}) CHECK(!parse_log_line(text));
}

TEST_CASE("a log stream gives one of the two streams, or both") {
    char path[] = "/tmp/orilla-log-XXXXXX";
    const int fd = mkstemp(path);
    const std::string text =
        "2024-01-01T00:00:00.0Z stdout P one, \n2024-01-01T00:00:00.0Z stderr F bad\n2024-01-01T00:00:00.0Z stdout F two\n";
    REQUIRE(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    close(fd);
    CHECK(read_all(path, LogSource::all) == "one, bad\ntwo\n");
    CHECK(read_all(path, LogSource::standard_output) == "one, two\n");
    CHECK(read_all(path, LogSource::standard_error) == "bad\n");
    unlink(path);
}
