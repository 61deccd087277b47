#include <catch2/catch.hpp>

#include "orilla/kinds/types.hpp"
#include "orilla/schema/manifest.hpp"
#include "orilla/schema/yaml.hpp"

using namespace orilla;
using namespace orilla::api;

namespace {
std::string yaml(std::string_view json) {
    auto text = render_yaml(json);
    REQUIRE(text);
    return *text;
}

std::string text_in_yaml(std::string_view text) {
    std::string json = "{\"a\":";
    append_json_string(json, text);
    json += "}";
    std::string out = yaml(json);
    auto back = read_documents(out, "x");
    INFO(out);
    REQUIRE(back);
    REQUIRE(back->size() == 1);
    CHECK(back->front().json == json);
    return out.substr(3, out.size() - 4);
}
}  // namespace

TEST_CASE("yaml: keys are sorted, lists are not indented, empty containers are in braces") {
    CHECK(yaml(R"({"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"name":"a","args":["x","z"],"ports":[{"p":1}]},)"
               R"({"name":"b"}],"volumes":[{"emptyDir":{}}],"none":[]},"nested":[[1,2],[]],"m":null,"t":true})") ==
          "apiVersion: v1\nkind: Pod\nm: null\nnested:\n- - 1\n  - 2\n- []\nspec:\n  containers:\n  - args:\n    - x\n   "
          " - z\n"
          "    name: a\n    ports:\n    - p: 1\n  - name: b\n  none: []\n  volumes:\n  - emptyDir: {}\nt: true\n");
}

TEST_CASE("yaml: texts are quoted only where they need it") {
    for (const char* plain :
         {"abc", "a b", "nginx:1.25", "10.42.0.0/24", "-g", "a#b", "2024-01-02T03:04:05x", "2024-01", "500m", "ä"})
        CHECK(text_in_yaml(plain) == plain);
    CHECK(text_in_yaml("true") == "\"true\"");
    CHECK(text_in_yaml("80") == "\"80\"");
    CHECK(text_in_yaml("") == "\"\"");
    CHECK(text_in_yaml("yes") == "\"yes\"");
    CHECK(text_in_yaml("12:30") == "\"12:30\"");
    for (const char* moment : {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05.123456Z", "2024-1-2", "2024-01-02 03:04:05"})
        CHECK(text_in_yaml(moment) == "\"" + std::string(moment) + "\"");
    CHECK(text_in_yaml("a: b") == "'a: b'");
    CHECK(text_in_yaml("it's: x") == "'it''s: x'");
    CHECK(text_in_yaml("*") == "'*'");
    CHECK(text_in_yaml("- a") == "'- a'");
    CHECK(text_in_yaml("a #b") == "'a #b'");
    CHECK(text_in_yaml("tab\there") == "\"tab\\there\"");
}

TEST_CASE("yaml: texts of several lines become blocks that read back") {
    CHECK(text_in_yaml("a\nb\n") == "|\n  a\n  b");
    CHECK(text_in_yaml("a\n\nb") == "|-\n  a\n\n  b");
    for (const char* text :
         {"a\n\n", "  a\nb\n", "\na\n", "a \nb", "\n", "\n\n", "a\n b\n  c\n", "#\n", "a\r\nb\n", "- x\n- y"})
        text_in_yaml(text);
}

TEST_CASE("yaml: a text of several lines reads back wherever it stands") {
    for (const char* text : {"a\nb\n", "\nb\n", "  a\nb\n", "\n\n  a\n b"}) {
        std::string quoted;
        append_json_string(quoted, text);
        for (const char* around :
             {R"([@])", R"([[1,@]])", R"({"a":[@]})", R"({"a":[[@,@]]})", R"([{"a":@}])", R"({"a":[{"b":[@],"c":@}]})"}) {
            std::string json = around;
            for (size_t at; (at = json.find('@')) != json.npos;) json.replace(at, 1, quoted);
            const std::string out = yaml(json);
            INFO(out);
            auto back = read_documents(out, "x");
            REQUIRE(back);
            REQUIRE(back->size() == 1);
            CHECK(back->front().json == json);
        }
    }
    CHECK(yaml(R"({"args":["-c","a\nb\n"]})") == "args:\n- -c\n- |\n  a\n  b\n");
}

TEST_CASE("yaml: control characters are escaped, those that JSON lets through as well") {
    CHECK(text_in_yaml("\x1b[31m") == "\"\\u001b[31m\"");
    CHECK(text_in_yaml("a\x7f") == "\"a\\u007f\"");
    CHECK(text_in_yaml("a\xc2\x9b"
                       "31m\nb") == "\"a\\u009b31m\\nb\"");
    CHECK(text_in_yaml("\xc2\xa0") == "\xc2\xa0");
}

TEST_CASE("yaml: what is no JSON is refused") { CHECK_FALSE(render_yaml("{")); }
