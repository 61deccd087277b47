#include "print/output.hpp"

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
Options printing(const std::string& output) {
    Options options;
    options.output = output;
    return options;
}
}  // namespace

TEST_CASE("pretty_json: keys are sorted, four blanks a level, HTML is escaped, as kubectl prints") {
    CHECK(pretty_json(R"({"kind":"A","a":[1,{"z":"<&>","b":null}],"e":{},"l":[]})") ==
          "{\n    \"a\": [\n        1,\n        {\n            \"b\": null,\n            \"z\": \"\\u003c\\u0026\\u003e\"\n        }\n    ],\n"
          "    \"e\": {},\n    \"kind\": \"A\",\n    \"l\": []\n}\n");
}

TEST_CASE("pretty_json: goes as deep as the server does") {
    const std::string deep = std::string(100, '[') + "1" + std::string(100, ']');
    CHECK(pretty_json(deep).starts_with("[\n    [\n"));
    CHECK(parse_object("{\"a\":" + deep + "}"));
}

TEST_CASE("render_object: yaml, json and jsonpath") {
    const std::string text = R"({"kind":"A","items":[{"name":"x"},{"name":"y"}]})";
    CHECK(*render_object(text, printing("yaml")) == "items:\n- name: x\n- name: \"y\"\nkind: A\n");
    CHECK(*render_object(text, printing("jsonpath={range .items[*]}{.name}{\"\\n\"}{end}")) == "x\ny\n");
    CHECK(*render_object(text, printing("jsonpath={.nosuch}")) == "");
    CHECK(complaint(render_object(text, printing("jsonpath={.items[0"))).starts_with("error: error parsing jsonpath"));
}

TEST_CASE("check_output: only what the verb can print") {
    CHECK(check_output(printing(""), "json,yaml"));
    CHECK(check_output(printing("json"), "json,yaml"));
    CHECK(check_output(printing("jsonpath={.a}"), "json,jsonpath"));
    CHECK(complaint(check_output(printing("jsonpath"), "json,jsonpath")) == "error: template format specified but no template given");
    CHECK(complaint(check_output(printing("jsonpath="), "json,jsonpath")) == "error: template format specified but no template given");
    for (const char* bad : {"nosuch", "wide", "jso", "json=x", ",", "go-template={{.}}"})
        CHECK(complaint(check_output(printing(bad), "json,yaml")) == "error: unable to match a printer suitable for the output format \"" +
                                                                         std::string(bad) + "\", allowed formats are: json,yaml");
}

TEST_CASE("cell_text: one line, and nothing that a terminal would obey") {
    CHECK(cell_text("plain ä") == "plain ä");
    CHECK(cell_text("one\ntwo") == "one...");
    CHECK(cell_text("\x1b[31mred\x07") == "^[[31mred^G");
    CHECK(cell_text("a\tb\x7f") == "a b^?");
}

TEST_CASE("render_error: each of several causes is told once") {
    const auto with_causes = [](const std::string& message) {
        return Error(Code::invalid, message).with_cause({"FieldValueRequired", "Required value", "spec.a"}).with_cause({"FieldValueInvalid", "Bad", "spec.b"});
    };
    CHECK(render_error(Error(Code::not_found, "error: no")) == "error: no\n");
    CHECK(render_error(Error(Code::invalid, "The A \"x\" is invalid: spec.a: Bad").with_cause({"", "Bad", "spec.a"})) ==
          "The A \"x\" is invalid: spec.a: Bad\n");
    CHECK(render_error(with_causes("The A \"x\" is invalid: [spec.a: Required value, spec.b: Bad]")) ==
          "The A \"x\" is invalid: \n* spec.a: Required value\n* spec.b: Bad\n");
    CHECK(render_error(with_causes("f.yaml:1: spec.a: Required value\nf.yaml:2: spec.b: Bad")) ==
          "f.yaml:1: spec.a: Required value\nf.yaml:2: spec.b: Bad\n");
    CHECK(render_error(with_causes("Error from server: no")) == "Error from server: no\n* spec.a: Required value\n* spec.b: Bad\n");
}

TEST_CASE("Failures: an error that was told already has no words left") {
    Failures none;
    CHECK(none.outcome());
    none.add_if(Result<void>());
    CHECK_FALSE(none.any());
    Failures some;
    some.add(Error(Code::not_found, ""));
    REQUIRE_FALSE(some.outcome());
    CHECK(some.outcome().error().message().empty());
}
