#include "cli_support.hpp"
#include "print/output.hpp"
#include "served_kinds.hpp"

using namespace orilla;
using namespace orilla::cli;
namespace json = boost::json;

namespace {
const api::KindInfo& kind_of(const char* version, const char* kind) { return *served_kinds().find(version, kind); }

/// A Table as the server answers it: rows of {name, ready}, with labels and the object's replicas.
json::object table(const std::vector<std::pair<std::string, std::string>>& cells) {
    json::object out = object(
        R"({"columnDefinitions":[{"name":"Name","priority":0},{"name":"Ready","priority":0},{"name":"Node","priority":1}],"rows":[]})");
    for (const auto& [name, ready] : cells)
        out["rows"].as_array().push_back(json::object{
            {"cells", json::array{name, ready, "node"}},
            {"object",
             {{"metadata", {{"name", name}, {"namespace", "ns"}, {"labels", {{"tier", "t-" + name}, {"app", "web"}}}}},
              {"n", ready}}}});
    return out;
}

std::string render(const Options& options, const std::vector<KindTable>& tables) {
    auto text = render_tables(options, tables);
    return text ? *text : text.error().message();
}

KindTable pods(const std::vector<std::pair<std::string, std::string>>& cells) { return {&kind_of("v1", "Pod"), table(cells)}; }
KindTable deployments(const std::vector<std::pair<std::string, std::string>>& cells) {
    return {&kind_of("apps/v1", "Deployment"), table(cells)};
}

json::object object_named(const std::string& name, int replicas) {
    return json::object{
        {"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", {{"name", name}}}, {"spec", {{"replicas", replicas}}}};
}
}  // namespace

TEST_CASE("render_tables: names of one type share one table with one header") {
    CHECK(render({}, {pods({{"a", "1/1"}}), pods({{"longer-name", "0/1"}})}) ==
          "NAME          READY\na             1/1\nlonger-name   0/1\n");
}

TEST_CASE("render_tables: several types get a table each, a blank line between, and TYPE.GROUP/ before the names") {
    CHECK(render({}, {pods({{"a", "1/1"}}), deployments({{"web", "2/2"}, {"x", "1/1"}})}) ==
          "NAME    READY\npod/a   1/1\n\nNAME                  READY\ndeployment.apps/web   2/2\ndeployment.apps/x     1/1\n");
}

TEST_CASE("render_tables: a type without rows leaves no table, but the others keep their prefix") {
    CHECK(render({}, {pods({}), deployments({{"web", "2/2"}})}) == "NAME                  READY\ndeployment.apps/web   2/2\n");
    CHECK(render({}, {pods({}), deployments({})}).empty());
    CHECK(render({}, {}).empty());
    Options bare;
    bare.no_headers = true;
    CHECK(render(bare, {pods({{"a", "1/1"}}), deployments({{"web", "2/2"}})}) == "pod/a   1/1\ndeployment.apps/web   2/2\n");
}

TEST_CASE("render_tables: wide, labels, namespaces and no headers") {
    Options options;
    options.output = "wide";
    CHECK(render(options, {pods({{"a", "1/1"}})}) == "NAME   READY   NODE\na      1/1     node\n");
    Options labels;
    labels.show_labels = true;
    labels.label_columns = {"example.com/tier", "tier", "nosuch"};
    CHECK(render(labels, {pods({{"a", "1/1"}})}) ==
          "NAME   READY   TIER   TIER   NOSUCH   LABELS\na      1/1            t-a             app=web,tier=t-a\n");
    Options everywhere;
    everywhere.all_namespaces = true;
    CHECK(render(everywhere, {pods({{"a", "1/1"}})}) == "NAMESPACE   NAME   READY\nns          a      1/1\n");
    Options bare;
    bare.no_headers = true;
    CHECK(render(bare, {pods({{"a", "3"}})}) == "a     3\n");  // no column is narrower than three, as kubectl's
}

TEST_CASE("render_tables: --sort-by orders the rows, numbers as numbers") {
    Options options;
    options.no_headers = true;
    options.sort_by = ".n";
    CHECK(render(options, {pods({{"a", "10"}, {"b", "9"}, {"c", "100"}})}) == "b     9\na     10\nc     100\n");
    options.sort_by = "{.metadata.name}";
    CHECK(render(options, {pods({{"web-10", "1"}, {"web-9", "2"}})}) == "web-9    2\nweb-10   1\n");
    options.sort_by = ".nosuch";
    CHECK(render(options, {pods({{"a", "1"}})}) ==
          "error: couldn't find any field with path \".nosuch\" in the list of objects");
}

TEST_CASE("TablePrinter: a watch keeps its columns and prints no second header") {
    const Options options;
    TablePrinter printer{options, kind_of("v1", "Pod"), false, false, {}, {}, {}};
    CHECK(printer.render(table({{"a-long-name", "0/1"}})) == "NAME          READY\na-long-name   0/1\n");
    CHECK(printer.render(table({{"b", "1/1"}})) == "b             1/1\n");
}

TEST_CASE("render_objects: names, a single object, and a List of several") {
    Options options;
    options.output = "name";
    const std::vector<json::object> both{object_named("a", 1), object_named("b", 2)};
    CHECK(*render_objects(options, both, false) == "deployment.apps/a\ndeployment.apps/b\n");
    options.output = "jsonpath={.kind}";
    CHECK(*render_objects(options, {both[0]}, true) == "Deployment");
    CHECK(*render_objects(options, {both[0]}, false) == "List");
    options.output = "jsonpath={.items[*].metadata.name}";
    CHECK(*render_objects(options, both, false) == "a b");
    options.sort_by = ".spec.replicas";
    CHECK(*render_objects(options, {both[1], both[0]}, false) == "a b");
    options.output = "yaml";
    CHECK(*render_objects(options, {}, false) == "apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: \"\"\n");
}

TEST_CASE("render_objects: custom columns") {
    Options options;
    options.output = "custom-columns=NAME:.metadata.name,N:.spec.replicas,X:.nosuch";
    CHECK(*render_objects(options, {object_named("a", 1), object_named("bbbbb", 22)}, false) ==
          "NAME    N     X\na       1     <none>\nbbbbb   22    <none>\n");
    options.output = "custom-columns=NAME";
    CHECK(complaint(render_objects(options, {}, false)) ==
          "error: unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>");
}

TEST_CASE("TextTable: the last column is not padded, and UTF-8 counts by letters") {
    TextTable out;
    out.add({"ä", "x"});
    out.add({"abcd", "y"});
    CHECK(out.render() == "ä      x\nabcd   y\n");
}
