#include "config_sources.hpp"

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
using Entries = std::vector<ConfigEntry>;

Options sources(std::vector<std::string> literals, std::vector<std::string> files = {},
                std::vector<std::string> env_files = {}) {
    Options options;
    options.from_literal = std::move(literals);
    options.from_file = std::move(files);
    options.from_env_file = std::move(env_files);
    return options;
}

Entries entries(const Options& options) {
    auto found = read_config_sources(options, "ConfigMap", "c");
    INFO(complaint(found));
    REQUIRE(found);
    return *found;
}

std::string refused_source(const Options& options) { return complaint(read_config_sources(options, "ConfigMap", "c")); }
}  // namespace

TEST_CASE("read_config_sources: literals keep everything behind the first =") {
    CHECK(entries(sources({"a=1", "b=x=y", "c="})) == Entries{{"a", "1"}, {"b", "x=y"}, {"c", ""}});
    CHECK(refused_source(sources({"a"})) == "error: invalid literal source a, expected key=value");
    CHECK(refused_source(sources({"=a"})) == "error: invalid literal source =a, expected key=value");
}

TEST_CASE("read_config_sources: a key given twice is an error that names it, whatever the sources") {
    const std::string twice =
        "error: cannot add key \"a\", another key by that name already exists in Data for ConfigMap \"c\"";
    const Scratch scratch;
    scratch.write("a", "file");
    scratch.write("dir/a", "file");
    scratch.write("env", "a=1\na=2\n");
    CHECK(refused_source(sources({"a=1", "a=2"})) == twice);
    CHECK(refused_source(sources({"a=1", "a=1"})) == twice);
    CHECK(refused_source(sources({"a=1"}, {scratch.path("a")})) == twice);
    CHECK(refused_source(sources({"a=1"}, {scratch.path("dir")})) == twice);
    CHECK(refused_source(sources({}, {scratch.path("a"), scratch.path("dir")})) == twice);
    CHECK(refused_source(sources({}, {}, {scratch.path("env")})) == twice);
}

TEST_CASE("read_config_sources: a file is named by itself or by KEY=FILE") {
    const Scratch scratch;
    const std::string file = scratch.write("one.txt", std::string("\0binary\n", 8));
    CHECK(entries(sources({}, {file, "two=" + file})) ==
          Entries{{"one.txt", std::string("\0binary\n", 8)}, {"two", std::string("\0binary\n", 8)}});
    CHECK(refused_source(sources({}, {"a="})) == "error: file path for key name a missing");
    CHECK(refused_source(sources({}, {"=" + file})) == "error: key name for file path " + file + " missing");
    CHECK(refused_source(sources({}, {"a=b=c"})) == "error: key names or file paths cannot contain '='");
    CHECK(refused_source(sources({}, {"/no/such"})) == "error: error reading /no/such: no such file or directory");
}

TEST_CASE("read_config_sources: a directory gives its regular files by name, and nothing else of it") {
    const Scratch scratch;
    scratch.write("dir/b.conf", "B");
    scratch.write("dir/.hidden", "H");
    scratch.write("dir/a", "A");
    scratch.write("dir/below/c", "C");
    std::filesystem::create_symlink("a", scratch.path("dir/link"));
    CHECK(entries(sources({}, {scratch.path("dir")})) == Entries{{".hidden", "H"}, {"a", "A"}, {"b.conf", "B"}});
    CHECK(refused_source(sources({}, {"k=" + scratch.path("dir")})) == "error: cannot give a key name for a directory path");
    scratch.write("dir/bad name", "x");
    CHECK(refused_source(sources({}, {scratch.path("dir")}))
              .starts_with("error: \"bad name\" is not a valid key name for a ConfigMap"));
}

TEST_CASE("read_config_sources: keys that the API refuses are refused here") {
    for (const char* literal : {"a b=1", "ä=1", ".=1", "..=1", "..data=1", "a/b=1"}) {
        INFO(literal);
        CHECK(refused_source(sources({literal})).find("is not a valid key name for a ConfigMap") != std::string::npos);
    }
    CHECK(refused_source(sources({std::string(254, 'k') + "=1"})) ==
          "error: a key name has 254 characters, at most 253 are allowed");
    CHECK(entries(sources({"A-b_c.9=1"})).size() == 1);
}

TEST_CASE("read_config_sources: endless files are read up to their limit, and many of them up to another") {
    CHECK(refused_source(sources({}, {"a=/dev/zero"})) == "error: /dev/zero has more than 4 MiB, the most that is read");
    CHECK(refused_source(sources({}, {}, {"/dev/zero"})) == "error: /dev/zero has more than 4 MiB, the most that is read");
    const Scratch scratch;
    for (const char* name : {"a", "b", "c"}) scratch.write(name, std::string(size_t{3} << 20, 'x'));
    CHECK(refused_source(sources({}, {scratch.path()})) ==
          "error: the values have more than 8 MiB together, the most that is read");
}

TEST_CASE("read_config_sources: env files stand alone") {
    const Scratch scratch;
    const std::string file = scratch.write("env", "A=1\n");
    CHECK(entries(sources({}, {}, {file})) == Entries{{"A", "1"}});
    CHECK(refused_source(sources({"a=1"}, {}, {file})) ==
          "error: from-env-file cannot be combined with from-file or from-literal");
    CHECK(refused_source(sources({}, {}, {"/no/such"})).starts_with("error: open /no/such: No such file"));
}

TEST_CASE("parse_env_file: comments, blanks and line ends") {
    setenv("ORILLA_TEST_ENV", "ours", 1);
    unsetenv("ORILLA_TEST_UNSET");
    auto found =
        parse_env_file("\xef\xbb\xbf# comment\nA=1\r\n\n  B=two words \nC=x=y\nORILLA_TEST_ENV\nORILLA_TEST_UNSET\nLAST=end");
    REQUIRE(found);
    CHECK(*found == Entries{{"A", "1"},
                            {"B", "two words "},
                            {"C", "x=y"},
                            {"ORILLA_TEST_ENV", "ours"},
                            {"ORILLA_TEST_UNSET", ""},
                            {"LAST", "end"}});
    CHECK(complaint(parse_env_file("9A=1"))
              .starts_with("error: \"9A\" is not a valid key name: a valid environment variable name"));
    CHECK(complaint(parse_env_file("a b=1")).starts_with("error: \"a b\" is not a valid key name"));
    CHECK(complaint(parse_env_file("A=1\nB=\xff")) == "error: env file line 2 contains invalid utf8 bytes");
}
