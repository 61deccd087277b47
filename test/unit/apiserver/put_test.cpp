// What a PUT or PATCH says about revisions, and the kinds that a PUT creates.
#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"

using orilla::test::Answer;
using orilla::test::ApiWorld;

namespace {
const std::string config_maps = "/api/v1/namespaces/default/configmaps";
const std::string leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
const std::string merge_type = "Content-Type: application/merge-patch+json\r\n";

std::string named(const std::string& name, const std::string& more = "", const std::string& rest = "") {
    return R"({"metadata":{"name":")" + name + "\"" + more + "}" + rest + "}";
}
std::string at(const std::string& revision) { return R"(,"resourceVersion":")" + revision + "\""; }
}  // namespace

TEST_CASE("PUT: resourceVersion 0 replaces whatever is there, one that is no number is invalid") {
    ApiWorld w;
    w.create(config_maps, named("a"));
    CHECK(w.client.ask("PUT", config_maps + "/a", named("a", at("0"), R"(,"data":{"k":"v"})")).status == 200);
    CHECK(w.client.ask("PUT", config_maps + "/a", named("a", at("1"))).status == 409);
    for (const char* wrong : {"abc", "-1", "1.0", "99999999999999999999", " 1"}) {
        const Answer answer = w.client.ask("PUT", config_maps + "/a", named("a", at(wrong)));
        INFO(answer.body);
        CHECK(answer.status == 422);
        CHECK(answer.has(std::string(R"(configmaps \"a\" is invalid: metadata.resourceVersion: Invalid value: \")") + wrong));
    }
    CHECK(w.client.ask("PUT", config_maps + "/missing", named("missing", at("abc"))).status == 422);
    CHECK(w.client.ask("GET", config_maps + "/a").has(R"("k":"v")"));
}

TEST_CASE("PATCH: a resourceVersion inside counts as that of a PUT does") {
    ApiWorld w;
    w.create(config_maps, named("a"));
    const auto patch = [&w](const std::string& path, const std::string& revision) {
        return w.client
            .ask("PATCH", path, R"({"metadata":{"resourceVersion":)" + revision + R"(,"labels":{"x":"y"}}})", merge_type)
            .status;
    };
    CHECK(patch(config_maps + "/a", "\"0\"") == 200);
    CHECK(patch(config_maps + "/a", "null") == 200);
    CHECK(patch(config_maps + "/a", "\"abc\"") == 422);
    CHECK(patch(config_maps + "/a", "\"1\"") == 409);
    w.create(leases, named("l"));
    CHECK(w.client.ask("PATCH", leases + "/l", R"({"spec":{"holderIdentity":"me"}})", merge_type).status == 200);
    CHECK(patch(leases + "/l", "null") == 422);
    CHECK(patch(leases + "/l", "\"0\"") == 422);
}

TEST_CASE("PUT: a Lease is only replaced at a revision") {
    ApiWorld w;
    const Answer made = w.create(leases, named("l"));
    for (const std::string& body : {named("l"), named("l", at("0"))}) {
        const Answer answer = w.client.ask("PUT", leases + "/l", body);
        INFO(answer.body);
        CHECK(answer.status == 422);
        CHECK(answer.has(R"(metadata.resourceVersion: Invalid value: 0: must be specified for an update)"));
        CHECK(answer.has(R"("field":"metadata.resourceVersion")"));
    }
    std::string body = made.body;
    CHECK(w.client.ask("PUT", leases + "/l", body).status == 200);
}

TEST_CASE("PUT: a missing Lease, Endpoints, Event or Service is created, others are not") {
    ApiWorld w;
    const std::string core = "/api/v1/namespaces/default/";
    const std::string about = R"(,"involvedObject":{"kind":"Pod","namespace":"default","name":"p"})";
    const std::string ports = R"(,"spec":{"clusterIP":"None","ports":[{"port":80}]})";
    for (const auto& [path, body] :
         {std::pair(leases + "/a", named("a")), std::pair(core + "endpoints/a", named("a")),
          std::pair(core + "events/a", named("a", "", about)), std::pair(core + "services/a", named("a", at("17"), ports))}) {
        CHECK(w.client.ask("PUT", path + "?dryRun=All", body).status == 201);
        CHECK(w.client.ask("GET", path).status == 404);
        const Answer created = w.client.ask("PUT", path, body);
        INFO(created.body);
        CHECK(created.status == 201);
        CHECK(created.has(R"("uid":")"));
        CHECK(w.client.ask("GET", path).status == 200);
    }
    CHECK(w.client.ask("PUT", core + "services/a", named("a", "", ports)).status == 200);
    CHECK(w.client.ask("PUT", core + "services/b/status", named("b", "", ports)).status == 404);
    CHECK(w.client.ask("PUT", config_maps + "/a", named("a")).status == 404);
    CHECK(w.client.ask("PATCH", leases + "/b", "{}", merge_type).status == 404);
    // Whoever means a certain object does not want another.
    const Answer other = w.client.ask("PUT", leases + "/b", named("b", R"(,"uid":"4711")"));
    CHECK(other.status == 409);
    CHECK(other.has("Precondition failed: UID in precondition: 4711"));
}

TEST_CASE("PUT: a body that names no object, or another, replaces none") {
    ApiWorld w;
    const std::string deployments = "/apis/apps/v1/namespaces/default/deployments";
    w.create(config_maps, named("a", "", R"(,"data":{"k":"v"})"));
    w.create(deployments, named("d", "",
                                R"(,"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},)"
                                R"("spec":{"containers":[{"name":"c","image":"i"}]}}})"));
    for (const std::string& path :
         {config_maps + "/a", std::string("/api/v1/namespaces/default"), leases + "/new", deployments + "/d/scale"}) {
        for (const char* body : {"{}", R"({"metadata":{}})", R"({"metadata":{"name":""},"data":{"k":"new"}})"}) {
            const Answer answer = w.client.ask("PUT", path, body);
            INFO(path << ": " << answer.body);
            CHECK(answer.status == 400);
            CHECK(answer.has("based on URL) was undeterminable: name must be provided"));
        }
        CHECK(
            w.client.ask("PUT", path, named("other")).has("the name of the object (other) does not match the name on the URL"));
    }
    CHECK(w.client.ask("GET", config_maps + "/a").has(R"("k":"v")"));
    CHECK(w.client.ask("GET", leases + "/new").status == 404);
    CHECK(w.client.ask("PATCH", config_maps + "/a", R"({"metadata":{"name":null}})", merge_type).status == 400);
}
