#include "orilla/kinds/manifest.hpp"
#include "../../support/kinds.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/schema/manifest.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::api;

namespace {
const char* const web_yaml = R"(# two objects
apiVersion: v1
kind: ConfigMap
metadata:
  name: page
data:
  index.html: |
    <h1>hi</h1>
  quoted: "yes"
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector:
    matchLabels: &labels
      app: web
  template:
    metadata:
      labels: *labels
    spec:
      containers:
        - name: web
          image: nginx:1.25
          ports:
            - containerPort: 80
---
)";

std::string manifest_error(std::string_view text) {
    auto documents = read_manifest(text, "f.yaml");
    if (!documents) return documents.error().message();
    for (const ManifestDocument& document : *documents) {
        auto object = decode_manifest(orilla::test::builtin(), document);
        if (!object) return object.error().message();
    }
    return "";
}

std::string json_of(std::string_view text) {
    auto documents = read_documents(text, "f.yaml");
    REQUIRE(documents);
    REQUIRE(documents->size() == 1);
    return documents->front().json;
}
}  // namespace

TEST_CASE("manifest: YAML documents become objects, aliases expanded and empty documents skipped") {
    auto documents = read_manifest(web_yaml, "web.yaml");
    REQUIRE(documents);
    REQUIRE(documents->size() == 2);
    CHECK(
        (*documents)[0].json ==
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"page"},"data":{"index.html":"<h1>hi</h1>\n","quoted":"yes"}})");
    CHECK((*documents)[1].line == 11);
    CHECK((*documents)[1].head.kind == "Deployment");
    CHECK((*documents)[1].head.name == "web");
    CHECK((*documents)[1].line_of("spec.template.spec.containers[0].image") == 25);
    CHECK((*documents)[1].line_of("spec.template.spec.containers[0].resources.limits") == 24);
    auto object = decode_manifest(orilla::test::builtin(), (*documents)[1]);
    REQUIRE(object);
    CHECK(object->as<Deployment>().spec.template_.metadata.labels["app"] == "web");
}

TEST_CASE("manifest: errors name file, line and field") {
    CHECK(manifest_error("apiVersion: v1\nkind: Pod\nspec:\n  hostNetwork: perhaps\n") ==
          "f.yaml:4: spec.hostNetwork: expected bool, got string");
    CHECK(manifest_error("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    imag: b\n  foo: 1\n") ==
          "f.yaml:6: unknown field \"spec.containers[0].imag\"\nf.yaml:7: unknown field \"spec.foo\"");
    CHECK(manifest_error("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  name: b\n") ==
          "f.yaml:5: duplicate field \"metadata.name\", which stands in line 4 already: keep one of them");
    CHECK(manifest_error("apiVersion: v1\nkind: Foo\n") == "f.yaml:1: no matches for kind \"Foo\" in version \"v1\"");
    CHECK(manifest_error("metadata: {}\n") == "f.yaml:1: apiVersion is not set: every object needs one");
    CHECK(manifest_error("apiVersion: v1\n") == "f.yaml:1: kind is not set: every object needs one");
    CHECK(manifest_error("apiVersion: v1\nkind: Pod\nmetadata: *nowhere\n").find("f.yaml:3: ") == 0);
    CHECK(manifest_error("just text") == "f.yaml:1: an object is expected, with apiVersion, kind and metadata; this is a text");
    CHECK(manifest_error("<html>\n</html>").find("this is HTML or XML") != std::string::npos);
    CHECK(manifest_error("- a\n").find("this is a list") != std::string::npos);
    CHECK(manifest_error(std::string("a: b\nc: \0\n", 11)).find("f.yaml:2: this is no text") == 0);
}

TEST_CASE("manifest: a file that was cut off within quotes is refused, not read to its end") {
    const std::string head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: ";
    for (const char* cut : {"\"x\n", "'x\n", "\"x\n  y\n\n", "\"x\n  ", "\"x"})
        CHECK(manifest_error(head + cut).find(std::string("f.yaml:5: the text that begins with ") + cut[0] + " does not end") ==
              0);
    for (const char* whole : {"\"x\"", "'x'\n", "\"x\n  y\"\n\n", "|\n   x", "|+\n   x\n\n", "x #", "x\n#"})
        CHECK(manifest_error(head + whole) == "");
    CHECK(json_of("a: |+\n  x\n\n") == R"({"a":"x\n\n"})");
    CHECK(json_of("a: |\n  x") == R"({"a":"x"})");
}

TEST_CASE("manifest: a validation error is located by its causes") {
    auto documents = read_manifest(web_yaml, "web.yaml");
    REQUIRE(documents);
    Error error =
        Error(Code::invalid, "Deployment.apps \"web\" is invalid: ...")
            .with_cause({"FieldValueInvalid", "Invalid value: -1: must be greater than or equal to 0", "spec.replicas"})
            .with_cause({"FieldValueRequired", "Required value", "spec.template.spec.containers[0].image"});
    CHECK((*documents)[1].located(error).message() ==
          "web.yaml:15: spec.replicas: Invalid value: -1: must be greater than or equal to 0\n"
          "web.yaml:25: spec.template.spec.containers[0].image: Required value");
    CHECK((*documents)[1].located(error).causes().size() == 2);
}

TEST_CASE("manifest: JSON files keep their lines too") {
    const char* json =
        "{\n \"kind\": \"Pod\", \"apiVersion\": \"v1\",\n \"spec\": {\n  \"containers\": [{\"name\": \"a\"},\n"
        "   {\"name\": \"b\",\n    \"x\\u0041\": 1}]\n "
        "}\n}\n{\"kind\":\"Secret\",\n\"apiVersion\":\"v1\",\n\"typo\":1}";
    CHECK(manifest_error(json) == "f.yaml:5: unknown field \"spec.containers[1].xA\"");
    auto documents = read_manifest(json, "f.json");
    REQUIRE(documents);
    REQUIRE(documents->size() == 2);
    CHECK((*documents)[1].line == 9);
    CHECK(decode_manifest(orilla::test::builtin(), (*documents)[1]).error().message() == "f.json:11: unknown field \"typo\"");
    CHECK(
        manifest_error("{\"kind\":\"Pod\"}\n{\"a\":]}").find("f.yaml:2: invalid JSON in column 6: ]} is not expected there") ==
        0);
    CHECK(manifest_error("{\"kind\": \"Pod\"\n").find("f.yaml:2: invalid JSON in column 1: it ends too early") == 0);
    CHECK(json_of("{a: b, c: [1, yes]}") == R"({"a":"b","c":[1,true]})");
}

TEST_CASE("manifest: lists are taken apart, in YAML and in JSON") {
    auto yaml = read_manifest(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret}\n- apiVersion: v1\n  kind: Pod\n", "l.yaml");
    REQUIRE(yaml);
    REQUIRE(yaml->size() == 2);
    CHECK((*yaml)[1].head.kind == "Pod");
    CHECK((*yaml)[1].line_of("kind") == 6);
    auto json = read_manifest(
        "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[\n{\"kind\":\"Secret\",\"apiVersion\":\"v1\"},\n"
        "{\"kind\":\"Pod\",\n\"apiVersion\":\"v1\"}]}",
        "l.json");
    REQUIRE(json);
    REQUIRE(json->size() == 2);
    CHECK((*json)[1].json == "{\"kind\":\"Pod\",\n\"apiVersion\":\"v1\"}");
    CHECK((*json)[1].line_of("apiVersion") == 4);
    CHECK((*json)[1].head.kind == "Pod");
}

TEST_CASE("manifest: documents are separated by lines of dashes or dots, and nothing after one is ignored") {
    auto documents = read_documents("%YAML 1.1\n--- {a: 1}\n---\nb: |\n  ---\n  x\n...\nc: 3\n---\n", "f");
    REQUIRE(documents);
    REQUIRE(documents->size() == 3);
    CHECK((*documents)[1].json == R"({"b":"---\nx\n"})");
    CHECK((*documents)[2].line == 8);
    for (const char* text : {",", "{a: b} c", "a: b\n}", "- a\nb: c\n", "{a: b}]"}) CHECK_FALSE(read_documents(text, "f"));
}

TEST_CASE("manifest: a fault says nothing about the other documents, and where it is") {
    const std::string pod = "apiVersion: v1\nkind: Pod\n";
    const auto reading = read_each_manifest(pod + "---\na: [\n---\n" + pod + "---\n- 1\n---\nkind: Pod\n---\n" + pod, "f");
    CHECK(reading.documents.size() == 3);
    CHECK(reading.documents[1].line == 6);
    REQUIRE(reading.faults.size() == 3);
    CHECK(reading.faults[0].message().starts_with("f:4: "));
    CHECK(reading.faults[1].message().starts_with("f:9: an object is expected"));
    CHECK(reading.faults[2].message() == "f:11: apiVersion is not set: every object needs one");

    const std::string list =
        "kind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- {kind: Pod}\n- {? [a] : b}\n- {apiVersion: v1, kind: Pod}\n";
    CHECK(read_each_manifest(list, "f").documents.size() == 2);
    CHECK(read_each_manifest(list, "f").faults.size() == 2);

    const std::string json = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n";
    CHECK(read_each_manifest(json + "{]\n" + json, "f").documents.size() == 1);
    CHECK(read_each_manifest(json + "---\n{]\n---\n" + json, "f").documents.size() == 2);
    // A limit of the file ends it.
    std::string many;
    for (size_t i = 0; i < manifest_documents_max + 10; ++i) many += "---\n" + pod;
    const auto full = read_each_manifest(many, "f");
    CHECK(full.documents.size() == manifest_documents_max);
    CHECK(full.faults.size() == 1);
}

TEST_CASE("manifest: merge keys give way to what is written") {
    CHECK(json_of("base: &b {x: 1, y2: 2}\nuse:\n  <<: *b\n  x: 3\n") == R"({"base":{"x":1,"y2":2},"use":{"x":3,"y2":2}})");
    CHECK(json_of("a: &a {p: 1}\nb: &b {p: 2, q: 3}\nc: {<<: [*a, *b]}\n") ==
          R"({"a":{"p":1},"b":{"p":2,"q":3},"c":{"p":1,"q":3}})");
}

TEST_CASE("manifest: quoted and tagged scalars stay strings, keys become strings") {
    CHECK(json_of("a: '1'\nb: \"true\"\nc: !!str 5\nd: ~\n80: x\n") == R"({"a":"1","b":"true","c":"5","d":null,"80":"x"})");
    CHECK_FALSE(read_documents("a: !!binary aGk=\n", "f"));
}

TEST_CASE("manifest: what blows up or goes too deep is refused") {
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 12; ++i) {
        std::string before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int k = 0; k < 10; ++k) bomb += (k > 0 ? "," : "") + before;
        bomb += "]\n";
    }
    auto refused = read_documents(bomb, "bomb.yaml");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("too big once its aliases are expanded") != std::string::npos);
    CHECK_FALSE(read_documents("a: " + std::string(300, '['), "deep.yaml"));
    CHECK_FALSE(read_documents("a: " + std::string(300, '[') + std::string(300, ']'), "deep.yaml"));
    std::string deep = "{\"a\":" + std::string(100000, '[');
    CHECK_FALSE(read_documents(deep, "deep.json"));
    CHECK_FALSE(read_documents("- a: " + std::string(100000, '['), "deep.yaml"));
    std::string wide = "a: [";
    for (size_t i = 0; i < manifest_values_max; ++i) wide += "1,";
    CHECK(read_documents(wide + "]", "w").error().message() == "w:1: the document has too many values");
    CHECK_FALSE(read_documents(std::string(manifest_bytes_max + 1, ' '), "big.yaml"));
}
