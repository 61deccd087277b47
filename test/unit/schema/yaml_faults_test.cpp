#include <catch2/catch.hpp>

#include "orilla/schema/manifest.hpp"

using namespace orilla::api;

namespace {
/// What a manifest's error says, without the file.
std::string said(std::string_view text) {
    auto documents = read_documents(text, "f");
    if (documents) return "none";
    CHECK(documents.error().message().starts_with("f:"));
    return documents.error().message().substr(2);
}
}  // namespace

TEST_CASE("yaml faults: tabs, and indentation that fits nothing") {
    const std::string tab = ": there is a tab in the indentation: YAML takes only blanks there";
    CHECK(said("a: b\nc:\n\td: e\n") == "3" + tab);
    CHECK(said("a: b\nc:\n  d: e\n\tf: g\n") == "4" + tab);
    CHECK(said("a:\n   b: c\n  d: e\n") == "3: this line is indented by 2 blanks, which fits no line above (0, 3): line it up");
    CHECK(said("a:\n  b: c\n   d: e\n") ==
          "3: this line is indented deeper (by 3 blanks) than the one above it (by 2 blanks), which has its value already: "
          "line it up");
    CHECK(said("a: b\n c: d\n").starts_with("2: this line is indented deeper (by 1 blank) than the one above it (not at all)"));
    CHECK(said("a:\n  - name: x\n   image: y\n") ==
          "3: this line is indented by 3 blanks, which fits no line above (0, 2, 4): line it up");
    CHECK(said("a: b\n---\n# of the second document\nc: d\n e: f\n").starts_with("5: this line is indented deeper"));
}

TEST_CASE("yaml faults: braces, brackets and quotes that do not end") {
    CHECK(said("a: b\nc: {name: x\nd: {}\n") == "2: the map that begins with { does not end: a } or a comma is missing");
    CHECK(said("a: b\nc: [x,\n  y\nd: 1\n") == "2: the list that begins with [ does not end: a ] or a comma is missing");
    CHECK(said("a: {b: \"c\" d}\n") == "1: the map that begins with { does not end: a } or a comma is missing");
    CHECK(said("a: {b: c}}\n") == "1: there is a } or ] too much");
    CHECK(said("a: b\nc: \"text\nd: e\n") == "2: the text that begins with \" does not end: the closing \" is missing");
    CHECK(said("a: \"x\" y\n") ==
          "1: there is more behind the closing \": put the whole value in quotes, and \\ in front of each \" in it");
}

TEST_CASE("yaml faults: colons, and what a value cannot begin with") {
    CHECK(said("a: b: c\n").starts_with("1: there is a second ': ' in the line: put the whole value in quotes"));
    CHECK(said("a: b\nc\n  d: e\n").starts_with("2: \"c\" has no ':' behind it"));
    CHECK(said("a: @b\n") == "1: a value cannot begin with @: put the whole value in quotes");
    CHECK(said("a: `b`\n") == "1: a value cannot begin with `: put the whole value in quotes");
    CHECK(said("a: %b\n") == "1: a value cannot begin with %: put the whole value in quotes");
    CHECK(said("a: *b\n").starts_with("1: a * stands for what an & named before"));
    CHECK(said("a: \"\\q\"\n").starts_with("1: \\q means nothing between \" and \""));
    CHECK(said("a: {{ .Values.b }}\n").starts_with("1: {{ begins a template"));
    CHECK(said("a: b\n{{- if c }}\nd: e\n").starts_with("2: {{ begins a template"));
    CHECK(said("a: |\nb\n").starts_with("2: the lines of a text that begins with | or > must be indented deeper"));
}

TEST_CASE("yaml faults: comments and quotes do not mislead") {
    CHECK(said("# {[\"\na: \"{\" # [\nb: {c\n") == "3: the map that begins with { does not end: a } or a comma is missing");
    CHECK(said("a: it's # \"\nb: [c\n") == "2: the list that begins with [ does not end: a ] or a comma is missing");
    CHECK(said("a: 'x: y'\nb: c: d\n").starts_with("2: there is a second ': '"));
}
