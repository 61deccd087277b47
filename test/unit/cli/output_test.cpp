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
          "{\n    \"a\": [\n        1,\n        {\n            \"b\": null,\n            \"z\": \"\\u003c\\u0026\\u003e\"\n    "
          "    }\n    ],\n"
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
    CHECK(complaint(check_output(printing("jsonpath"), "json,jsonpath")) ==
          "error: template format specified but no template given");
    CHECK(complaint(check_output(printing("jsonpath="), "json,jsonpath")) ==
          "error: template format specified but no template given");
    for (const char* bad : {"nosuch", "wide", "jso", "json=x", ",", "go-template={{.}}"})
        CHECK(complaint(check_output(printing(bad), "json,yaml")) ==
              "error: unable to match a printer suitable for the output format \"" + std::string(bad) +
                  "\", allowed formats are: json,yaml");
}

TEST_CASE("cell_text: one line, and nothing that a terminal would obey") {
    CHECK(cell_text("plain ä") == "plain ä");
    CHECK(cell_text("one\ntwo") == "one...");
    CHECK(cell_text("\x1b[31mred\x07") == "^[[31mred^G");
    CHECK(cell_text("a\tb\x7f") == "a b^?");
}

TEST_CASE("render_error: each of several causes is told once") {
    const auto with_causes = [](Code code, const std::string& message) {
        return Error(code, message)
            .with_cause({"FieldValueRequired", "Required value", "spec.a"})
            .with_cause({"FieldValueInvalid", "Bad", "spec.b"});
    };
    CHECK(render_error(Error(Code::not_found, "error: no")) == "error: no\n");
    CHECK(render_error(Error(Code::not_found, "no").as_answer()) == "Error from server (NotFound): no\n");
    CHECK(render_error(Error(Code::not_found, "no").as_answer().with_context("why")) ==
          "Error from server (NotFound): why: no\n");
    CHECK(render_error(Error(Code::invalid, "no").as_answer()) == "The no\n");
    CHECK(render_error(Error(Code::invalid, "A.apps \"x\" is invalid: spec.a: Bad")
                           .with_target({"apps", "A", "x"})
                           .with_cause({"", "Bad", "spec.a"})
                           .as_answer()) == "The A \"x\" is invalid: spec.a: Bad\n");
    const Error invalid = with_causes(Code::invalid, "A.apps \"x\" is invalid: [spec.a: Required value, spec.b: Bad]")
                              .with_target({"apps", "A", "x"});
    CHECK(render_error(invalid) == "A \"x\" is invalid: \n* spec.a: Required value\n* spec.b: Bad\n");
    CHECK(render_error(Error(invalid).as_answer()) == "The A \"x\" is invalid: \n* spec.a: Required value\n* spec.b: Bad\n");
    CHECK(render_error(with_causes(Code::invalid, "f.yaml:1: spec.a: Required value\nf.yaml:2: spec.b: Bad")) ==
          "f.yaml:1: spec.a: Required value\nf.yaml:2: spec.b: Bad\n");
    CHECK(render_error(with_causes(Code::conflict, "no").as_answer()) ==
          "Error from server (Conflict): no\n* spec.a: Required value\n* spec.b: Bad\n");
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
