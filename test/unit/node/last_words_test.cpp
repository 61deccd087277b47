#include "pod/last_words.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../../support/await.hpp"
#include "../../support/fake_clock.hpp"

using namespace orilla;
using namespace orilla::node;

namespace {
struct LogFile {
    explicit LogFile(int lines, const std::string& text) {
        std::ofstream out(path);
        for (int i = 0; i < lines; ++i) out << "2024-01-01T00:00:00.000000000Z stdout F " << text << i << "\n";
    }
    ~LogFile() { std::filesystem::remove(path); }
    std::string path = (std::filesystem::temp_directory_path() / ("orilla-words-" + std::to_string(getpid()))).string();
};
}  // namespace

TEST_CASE("read_log_end: eighty lines, or two kilobytes where those are less") {
    const LogFile many(100, "");
    const std::string lines = read_log_end(many.path);
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 80);
    CHECK(lines.starts_with("20\n"));
    CHECK(lines.ends_with("99\n"));
    const LogFile longer(100, std::string(100, 'x'));
    CHECK(read_log_end(longer.path).size() == 2048);
}

TEST_CASE("LastWords: reads once what was expected, and keeps it until it is forgotten") {
    test::FakeClock clock;
    loop::Loop loop{clock};
    loop::InlineExecutor files{loop};
    const LogFile log(1, "bye ");
    LastWords words;
    CHECK_FALSE(test::await(loop, words.read(files, loop)));
    words.expect(log.path);
    CHECK(test::await(loop, words.read(files, loop)));
    CHECK(words.text() == "bye 0\n");
    CHECK_FALSE(test::await(loop, words.read(files, loop)));
    CHECK(words.text() == "bye 0\n");
    words.forget();
    CHECK(words.text().empty());
}
