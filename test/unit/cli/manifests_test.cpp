#include "manifests.hpp"

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
std::string config_map(const std::string& name) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", labels: {tier: " + name + "}}\n";
}

std::string files(const Scratch& scratch, bool recursive) {
    auto found = find_manifest_files(scratch.path(), recursive);
    if (!found) return found.error().message();
    std::string out;
    for (const auto& file : *found) out += (out.empty() ? "" : " ") + file.substr(scratch.path().size() + 1);
    return out;
}
}  // namespace

TEST_CASE("find_manifest_files: a directory's manifests by name, those below only with -R") {
    const Scratch scratch;
    for (const char* name : {"b.yaml", "a.yml", "c.json", "notes.txt", "noext", "sub/d.yaml", "a-sub/e.json"})
        scratch.write(name, "");
    CHECK(files(scratch, false) == "a.yml b.yaml c.json");
    CHECK(files(scratch, true) == "a-sub/e.json a.yml b.yaml c.json sub/d.yaml");
}

TEST_CASE("find_manifest_files: a file of any name, standard input, and what is not there") {
    const Scratch scratch;
    CHECK(files(scratch, false).find("recognized file extensions are [.json .yaml .yml]") != std::string::npos);
    CHECK(*find_manifest_files(scratch.write("x.txt", ""), false) == std::vector<std::string>{scratch.path("x.txt")});
    CHECK(*find_manifest_files("-", true) == std::vector<std::string>{"-"});
    CHECK(complaint(find_manifest_files("/no/such", false)) == "error: the path \"/no/such\" does not exist");
    CHECK(complaint(find_manifest_files("https://example.com/x.yaml", false)).find("reads no URLs") != std::string::npos);
}

TEST_CASE("read_manifests: files in the order they are named, documents in the order they stand") {
    const Scratch scratch;
    Options options;
    options.verb = "apply";
    options.files = {scratch.write("z.yaml", config_map("one") + "---\n" + config_map("two")),
                     scratch.write("a.yaml", config_map("three"))};
    auto found = read_manifests(options);
    REQUIRE(found);
    REQUIRE(found->size() == 3);
    CHECK((*found)[0].name == "one");
    CHECK((*found)[1].document.line == 5);
    CHECK((*found)[2].name == "three");
    options.selector = "tier in (two,three)";
    CHECK(read_manifests(options)->size() == 2);
    options.selector = "tier=nosuch";
    CHECK(complaint(read_manifests(options)) == "error: no objects passed to apply");
    options.selector = "tier in (";
    CHECK_FALSE(read_manifests(options));
}

TEST_CASE("parse_manifests: an object goes where it says, or where -n says, never between") {
    Options options;
    auto plain = parse_manifests(options, config_map("a"), "x.yaml");
    REQUIRE(plain);
    CHECK((*plain)[0].ns == "default");
    CHECK((*plain)[0].object["metadata"].as_object()["namespace"] == "default");
    options.ns = "other";
    CHECK((*parse_manifests(options, config_map("a"), "x.yaml"))[0].ns == "other");
    const std::string elsewhere = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: there}\n";
    CHECK(complaint(parse_manifests(options, elsewhere, "x.yaml")).find("does not match the namespace \"other\"") !=
          std::string::npos);
    CHECK((*parse_manifests(options, "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", "x.yaml"))[0].ns.empty());
}

TEST_CASE("parse_manifests: unknown fields are errors with file and line, unless --validate says otherwise") {
    Options options;
    const std::string text = config_map("a") + "dat: {}\n";
    CHECK(complaint(parse_manifests(options, text, "x.yaml")) == "x.yaml:4: unknown field \"dat\"");
    options.validate = "ignore";
    CHECK(parse_manifests(options, text, "x.yaml"));
    CHECK(complaint(parse_manifests(options, "apiVersion: v9\nkind: Gadget\nmetadata: {name: a}\n", "x.yaml"))
              .find("no matches for kind \"Gadget\" in version \"v9\"") != std::string::npos);
}

TEST_CASE("parse_manifests: every kind that is not served is named, beside what is wrong with those that are") {
    const std::string text = "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: a}\n---\n" + config_map("b") +
                             "dat: {}\n---\n" + config_map("c") +
                             "---\napiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: d}\n---\napiVersion: "
                             "v1\nkind: Serivce\nmetadata: {name: e}\n";
    const std::string none = "error: resource mapping not found: no matches for kind ";
    CHECK(complaint(parse_manifests({}, text, "x.yaml")) ==
          "x.yaml:1: " + none + "\"Gadget\" in version \"example.com/v1\"\nx.yaml:8: unknown field \"dat\"\nx.yaml:14: " +
              none + "\"Deployment\" in version \"extensions/v1beta1\"; this version serves it as apps/v1\nx.yaml:18: " + none +
              "\"Serivce\" in version \"v1\"; did you mean Service?");
}

TEST_CASE("read_manifests: what is wrong is told of every file, and an endless one is read up to its limit") {
    const Scratch scratch;
    Options options;
    options.files = {scratch.write("a.yaml", "kind: Pod\n"), scratch.write("b.yaml", "a: [\n"),
                     scratch.write("c.yaml", config_map("c"))};
    const std::string said = complaint(read_manifests(options));
    CHECK(said.find("a.yaml:1: apiVersion is not set") != std::string::npos);
    CHECK(said.find("b.yaml:1: the list that begins with [ does not end") != std::string::npos);
    options.files = {"/dev/zero"};
    CHECK(complaint(read_manifests(options)) == "error: /dev/zero has more than 8 MiB, the most that is read");
}
