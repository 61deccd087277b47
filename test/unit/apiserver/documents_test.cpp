#include <catch2/catch.hpp>
#include <set>

#include "../../support/api_world.hpp"
#include "../../support/golden.hpp"
#include "../../support/kinds.hpp"
#include "apiserver/describe/openapi.hpp"

using namespace orilla;
using orilla::test::Answer;
using orilla::test::ApiWorld;
using orilla::test::check_golden;
using orilla::test::merge;
using orilla::test::spread_json;

namespace {
const std::string aggregated =
    "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json\r\n";
const std::string aggregated_beta =
    "Accept: application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json\r\n";
std::string header(const Answer& answer, const std::string& name) {
    const size_t at = answer.head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const size_t start = at + name.size() + 4;
    return answer.head.substr(start, answer.head.find("\r\n", start) - start);
}
}  // namespace

TEST_CASE("discovery: the legacy documents") {
    apiserver::ServerOptions options;
    options.advertised_address = "127.0.0.1:6443";
    ApiWorld w(options);
    check_golden("discovery/api.json", spread_json(w.client.ask("GET", "/api").body));
    check_golden("discovery/apis.json", spread_json(w.client.ask("GET", "/apis").body));
    check_golden("discovery/api_v1.json", spread_json(w.client.ask("GET", "/api/v1").body));
    check_golden("discovery/apis_apps.json", spread_json(w.client.ask("GET", "/apis/apps").body));
    check_golden("discovery/apis_apps_v1.json", spread_json(w.client.ask("GET", "/apis/apps/v1").body));
    CHECK(w.client.ask("GET", "/api/v2").status == 404);
    CHECK(w.client.ask("GET", "/apis/nobody").status == 404);
    CHECK(w.client.ask("GET", "/apis/apps/v2").status == 404);
}

TEST_CASE("discovery: the aggregated documents, in the version that the client knows") {
    ApiWorld w;
    const Answer core = w.client.ask("GET", "/api", "", aggregated);
    CHECK(header(core, "Content-Type") == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    check_golden("discovery/aggregated_core.json", spread_json(core.body));
    const Answer beta = w.client.ask("GET", "/apis", "", aggregated_beta);
    CHECK(header(beta, "Content-Type") == "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList");
    check_golden("discovery/aggregated_groups_v2beta1.json", spread_json(beta.body));
}

TEST_CASE("OpenAPI v3: the index and one document") {
    ApiWorld w;
    const Answer index = w.client.ask("GET", "/openapi/v3");
    CHECK(index.has("\"apis/apps/v1\":{\"serverRelativeURL\":\"/openapi/v3/apis/apps/v1?hash="));
    const Answer leases = w.client.ask("GET", "/openapi/v3/apis/coordination.k8s.io/v1");
    check_golden("openapi/coordination_v1.json", spread_json(leases.body));
}

TEST_CASE("OpenAPI v3: what kubectl needs of the core document") {
    const std::string core = apiserver::render_openapi_v3(orilla::test::builtin(), "api/v1");
    const auto has = [&](std::string_view text) { return core.find(text) != std::string::npos; };
    CHECK(has("\"/api/v1/namespaces/{namespace}/pods/{name}\":{\"get\""));
    CHECK(has("\"/api/v1/nodes/{name}\":{\"get\""));
    CHECK(has("\"application/strategic-merge-patch+json\""));
    CHECK(has("{\"name\":\"fieldValidation\",\"in\":\"query\""));
    CHECK(has("\"x-kubernetes-patch-merge-key\":\"containerPort\""));
    CHECK(has("\"x-kubernetes-group-version-kind\":[{\"group\":\"\",\"kind\":\"Pod\",\"version\":\"v1\"}]"));
    CHECK(core.size() < 400'000);
}

TEST_CASE("OpenAPI v3: an EndpointSlice's addresses may be of three types") {
    CHECK(apiserver::render_openapi_v3(orilla::test::builtin(), "apis/discovery.k8s.io/v1")
              .find("\"enum\":[\"IPv4\",\"IPv6\",\"FQDN\"]") != std::string::npos);
}

TEST_CASE("OpenAPI v3: every reference leads to a schema") {
    for (const std::string path : {"api/v1", "apis/apps/v1", "apis/discovery.k8s.io/v1"}) {
        const std::string text = apiserver::render_openapi_v3(orilla::test::builtin(), path);
        constexpr std::string_view start = "\"#/components/schemas/";
        for (size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
            const size_t name = at + start.size();
            const std::string schema = text.substr(name, text.find('"', name) - name);
            INFO(schema);
            REQUIRE(text.find("\"" + schema + "\":{") != std::string::npos);
        }
    }
}

TEST_CASE("OpenAPI v3: clients may keep what has the current hash") {
    ApiWorld w;
    const Answer index = w.client.ask("GET", "/openapi/v3");
    const std::string tag = header(index, "ETag");
    CHECK(w.client.ask("GET", "/openapi/v3", "", "If-None-Match: " + tag + "\r\n").status == 304);
    const std::string url =
        "/openapi/v3/apis/apps/v1?hash=" + apiserver::OpenApiHashes(orilla::test::builtin()).find_v3("apis/apps/v1");
    const Answer document = w.client.ask("GET", url);
    CHECK(document.status == 200);
    CHECK(header(document, "Cache-Control") == "public, immutable");
    CHECK(header(document, "Expires").ends_with(" GMT"));
    CHECK(w.client.ask("GET", url, "", "If-None-Match: " + header(document, "ETag") + "\r\n").status == 304);
    const Answer outdated = w.client.ask("GET", "/openapi/v3/apis/apps/v1?hash=OLD");
    CHECK(outdated.status == 301);
    CHECK(header(outdated, "Location") == url);
    CHECK(w.client.ask("GET", "/openapi/v3/apis/nobody/v1").status == 404);
}

TEST_CASE("OpenAPI v2: as protobuf for who prefers that, else as JSON") {
    ApiWorld w;
    const Answer v2 =
        w.client.ask("GET", "/openapi/v2", "", "Accept: application/com.github.proto-openapi.spec.v2@v1.0+protobuf\r\n");
    CHECK(v2.status == 200);
    CHECK(header(v2, "Content-Type") == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    CHECK(v2.body.substr(0, 5) == std::string("\x0a\x03"
                                              "2.0"));
    CHECK(v2.has("kind: Deployment\n"));
    for (const std::string& accept :
         {std::string(), std::string("Accept: application/json\r\n"), std::string("Accept: */*\r\n")}) {
        const Answer json = w.client.ask("GET", "/openapi/v2", "", accept);
        CHECK(json.status == 200);
        CHECK(json.has(R"({"swagger":"2.0",)"));
        const std::string tag = header(json, "ETag");
        CHECK(w.client.ask("GET", "/openapi/v2", "", accept + "If-None-Match: " + tag + "\r\n").status == 304);
    }
    CHECK(w.client.ask("GET", "/openapi/v2", "", "Accept: text/html\r\n").status == 406);
}

TEST_CASE("OpenAPI v2: every reference leads to a definition") {
    const std::string text = apiserver::render_openapi_v2(orilla::test::builtin());
    constexpr std::string_view start = "\"#/definitions/";
    REQUIRE(text.find(start) != std::string::npos);
    std::set<std::string> names;
    for (size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
        const size_t name = at + start.size();
        names.insert(text.substr(name, text.find('"', name) - name));
    }
    for (const std::string& name : names) {
        INFO(name);
        CHECK(text.find("\"" + name + "\":{") != std::string::npos);
    }
    CHECK(text.find("components") == std::string::npos);
    CHECK(text.find("allOf") == std::string::npos);
    for (const char* part : {R"("/apis/apps/v1/namespaces/{namespace}/deployments/{name}":{"get":)",
                             R"("io.k8s.api.core.v1.PodList":{"type":"object")", R"("in":"body","name":"body")"})
        CHECK(text.find(part) != std::string::npos);
    CHECK(test::spread_json(text).size() > text.size());  // it is JSON
}

TEST_CASE("Tables: a list, one object and an empty collection") {
    ApiWorld w;
    const std::string as_table = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n";
    const std::string maps = "/api/v1/namespaces/default/configmaps";
    const Answer empty = w.client.ask("GET", maps, "", as_table);
    CHECK(empty.has(R"("kind":"Table","apiVersion":"meta.k8s.io/v1")"));
    CHECK(empty.has(R"("rows":[])"));
    w.create(maps, R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}})");
    const Answer one = w.client.ask("GET", maps + "/a", "", as_table);
    CHECK(one.has(R"("cells":["a",1,"0s"])"));
    CHECK(one.has(R"("object":{"kind":"PartialObjectMetadata")"));
    const Answer bare = w.client.ask("GET", maps + "?includeObject=None", "", as_table);
    CHECK(bare.has(R"("cells":["a",1,"0s"])"));
    CHECK_FALSE(bare.has("PartialObjectMetadata"));
    CHECK(w.client.ask("GET", maps + "?includeObject=Object", "", as_table).has(R"("data":{"k":"v"})"));
    CHECK(w.client.ask("GET", maps + "?includeObject=Some", "", as_table).status == 400);
    const std::string beta = "Accept: application/json;as=Table;v=v1beta1;g=meta.k8s.io\r\n";
    CHECK(w.client.ask("GET", maps, "", beta).has(R"("apiVersion":"meta.k8s.io/v1beta1")"));
    const std::string partial = "Accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io\r\n";
    CHECK(w.client.ask("GET", maps, "", partial).has(R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1")"));
}

TEST_CASE("discovery: follows kinds that come and go, and so do their paths and the OpenAPI documents") {
    ApiWorld w;
    const std::string before = w.client.ask("GET", "/openapi/v3").body;
    const std::string widgets = "/apis/example.com/v1/namespaces/default/widgets";
    CHECK(w.client.ask("GET", widgets).status == 404);
    REQUIRE(w.kinds.add(std::make_unique<test::WidgetKind>()));
    CHECK(w.client.ask("GET", "/apis").has("\"example.com\""));
    CHECK(w.client.ask("GET", "/apis", "", aggregated).has("\"resource\":\"widgets\""));
    CHECK(w.client.ask("GET", "/apis/example.com/v1").has("\"shortNames\":[\"wd\"]"));
    CHECK(w.client.ask("GET", "/openapi/v3").has("apis/example.com/v1"));
    CHECK(w.client.ask("GET", "/openapi/v2").has("example.com"));
    const Answer made =
        w.create(widgets, R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"a"},"data":{"k":"v"}})");
    CHECK(made.has(R"({"kind":"Widget","apiVersion":"example.com/v1")"));
    CHECK(w.client.ask("GET", widgets).has("WidgetList"));
    const Answer table = w.client.ask("GET", widgets, "", as_table);
    CHECK(table.has(R"("columnDefinitions":[{"name":"Name",)"));
    CHECK(table.has(R"("rows":[{"cells":["a",")"));
    CHECK(w.client.ask("PATCH", widgets + "/a", R"({"data":{"k":"w"}})", merge).has(R"("k":"w")"));
    CHECK(w.client.ask("GET", widgets + "/a").has(R"("k":"w")"));
    // What explain reads.
    const Answer words = w.client.ask("GET", "/openapi/v3/apis/example.com/v1");
    CHECK(words.has(R"("kind":"Widget")"));
    CHECK(words.has(R"("data":{)"));

    // One that follows it, and is open while its kind goes.
    w.client.send("GET", widgets + "?watch=true");
    w.settle();
    CHECK(w.client.receive().find(R"({"type":"ADDED","object":{"kind":"Widget","apiVersion":"example.com/v1")") !=
          std::string::npos);
    REQUIRE(w.kinds.remove(*w.kinds.find_resource("widgets.example.com")));
    w.settle();
    ApiClient other(w.loop, w.http);
    CHECK(other.ask("GET", widgets).status == 404);
    CHECK_FALSE(other.ask("GET", "/apis").has("example.com"));
    CHECK(other.ask("GET", "/openapi/v3").body == before);
}
