#include "regex.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace orilla;
using namespace orilla::gateway;

namespace {
bool fits(std::string_view pattern, std::string_view text) {
    const auto regex = Regex::parse(pattern);
    INFO(pattern << (regex ? "" : ": " + regex.error().message()));
    REQUIRE(regex);
    return regex->fits(text);
}
std::string why_refused(std::string_view pattern) {
    const auto regex = Regex::parse(pattern);
    return regex ? "" : regex.error().message();
}
}  // namespace

TEST_CASE("regex: the whole text has to fit") {
    const struct {
        const char* pattern;
        std::vector<const char*> good, bad;
    } rows[] = {
        {"", {""}, {"a"}},
        {"abc", {"abc"}, {"ab", "abcd", "xabc", ""}},
        {"a.c", {"abc", "a/c"}, {"ac", "a\nc"}},
        {"a|bc|", {"a", "bc", ""}, {"b", "abc"}},
        {"a*", {"", "a", "aaaa"}, {"b", "aab"}},
        {"a+b?", {"a", "aab"}, {"", "b", "abb"}},
        {"(ab)+", {"ab", "abab"}, {"aba", ""}},
        {"(?:ab|c)*d", {"d", "abcd", "cabd"}, {"abab", "ad"}},
        {"(?P<name>a)b", {"ab"}, {"b"}},
        {"a{2}", {"aa"}, {"a", "aaa"}},
        {"a{2,}", {"aa", "aaaaa"}, {"a"}},
        {"a{1,3}", {"a", "aaa"}, {"", "aaaa"}},
        {"a{0}b", {"b"}, {"ab"}},
        {"a{,2}", {"a{,2}"}, {"a"}},
        {"a{x", {"a{x"}, {"a"}},
        {"[a-c]x[^a-c]", {"axd", "cx9"}, {"dxd", "axa"}},
        {"[]a]+", {"]a"}, {"b"}},
        {"[^]]", {"a"}, {"]"}},
        {"[a-]+", {"a-"}, {"b"}},
        {"[\\d.]+", {"1.2"}, {"a"}},
        {"\\d{3}-\\w+\\s\\D\\W\\S", {"123-a_9 x-y"}, {"12-a x-y", "123-a xxy"}},
        {"\\.\\/\\*\\[", {"./*["}, {"a/*["}},
        {"^/a$", {"/a"}, {"/ab"}},
        {"a^b|c$d", {}, {"ab", "a^b", "cd"}},
        {"(^a|b)c$", {"ac", "bc"}, {"c"}},
        {"(?i)/Api/[a-c]", {"/api/B", "/API/a"}, {"/apx/b"}},
        {"(?i)[^a]", {"b"}, {"a", "A"}},
        {"(a*)*b", {"b", "aaab"}, {"aaa"}},
        {"(|a)+", {"", "aa"}, {"b"}},
        {"a*?b??", {"aab", ""}, {"abb"}},
        {"/v[0-9]+/users/.*", {"/v1/users/", "/v22/users/a/b"}, {"/v/users/a", "/v1/user/a"}},
    };
    for (const auto& row : rows) {
        for (const char* text : row.good) {
            INFO(row.pattern << " and " << text);
            CHECK(fits(row.pattern, text));
        }
        for (const char* text : row.bad) {
            INFO(row.pattern << " and " << text);
            CHECK_FALSE(fits(row.pattern, text));
        }
    }
}

TEST_CASE("regex: what takes others for ever takes as many steps as the text has bytes") {
    const std::string text(regex_text_bytes_max, 'a');
    CHECK_FALSE(fits("(a*)*b", text));
    CHECK_FALSE(fits("(a|aa)+b", text));
    CHECK_FALSE(fits("(((a+)+)+)+b", text));
    CHECK(fits("(a|a)*", text));
    CHECK_FALSE(fits("a*", text + "a"));  // too long
    CHECK(fits("a{0,200}", std::string(200, 'a')));
}

TEST_CASE("regex: what is not supported or too large is refused with what it is") {
    const std::string before = "the regular expression is refused: ";
    CHECK(why_refused("a(b") == before + "a ( has no )");
    CHECK(why_refused("a)b") == before + "a ) has no (");
    CHECK(why_refused("[a") == before + "a [ has no ]");
    CHECK(why_refused("[") == before + "a [ has no ]");
    CHECK(why_refused("*a") == before + "nothing is before a *");
    CHECK(why_refused("a|+") == before + "nothing is before a +");
    CHECK(why_refused("a**") == before + "a repetition is repeated without a group");
    CHECK(why_refused("a\\") == before + "it ends with a backslash");
    CHECK(why_refused("[\\") == before + "it ends with a backslash");
    CHECK(why_refused("(a)\\1") == before + "references to groups are not supported");
    CHECK(why_refused("\\bfoo") == before + "\\b is not supported");
    CHECK(why_refused("\\pL") == before + "\\p is not supported");
    CHECK(why_refused("[[:alpha:]]") == before + "classes with names are not supported");
    CHECK(why_refused("(?=a)").find("look-around") != std::string::npos);
    CHECK(why_refused("(?P<a") == before + "a ( has no )");
    CHECK(why_refused("[b-a]") == before + "a range's end is before its beginning");
    CHECK(why_refused("a{3,2}") == before + "a count's end is before its beginning");
    CHECK(why_refused("a{1001}") == before + "a count is over 1000");
    CHECK(why_refused(std::string(40, '(') + std::string(40, ')')) == before + "its groups are nested too deeply");
    CHECK(why_refused("((a{100}){100}){100}") == "the regular expression has more than 500 states");
    CHECK(why_refused("((((){1000}){1000}){1000}){1000}") == "the regular expression has more than 500 states");
    CHECK(why_refused(std::string(2'000, 'a')) == "the regular expression is longer than 1024 bytes");
}
