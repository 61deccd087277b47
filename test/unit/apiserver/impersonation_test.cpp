#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"

using orilla::test::Answer;
using orilla::test::ApiWorld;

namespace {
const std::string as_nobody = "Impersonate-User: nobody\r\n";
}

TEST_CASE("impersonation: is refused on every path, and nothing is done") {
    ApiWorld w;
    for (const char* path : {"/api", "/api/v1/namespaces/default/pods", "/apis/apps/v1/deployments", "/healthz", "/metrics",
                             "/version", "/openapi/v3", "/orilla/v1/images", "/orilla/v1/kubeconfig", "/no/such/path",
                             "/api/v1/namespaces/default/pods?watch=true"}) {
        const Answer answer = w.client.ask("GET", path, "", as_nobody);
        INFO(path << ": " << answer.body);
        CHECK(answer.status == 403);
        CHECK(answer.has(R"("reason":"Forbidden")"));
    }
    const Answer created = w.client.ask("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"}})",
                                        "Content-Type: application/json\r\n" + as_nobody);
    CHECK(created.status == 403);
    CHECK(w.client.ask("GET", "/api/v1/namespaces/default/configmaps/a").status == 404);
}

TEST_CASE("impersonation: is refused in kubectl's words") {
    ApiWorld w;
    const auto ask = [&w](const std::string& header) { return w.client.ask("GET", "/api/v1/nodes", "", header + "\r\n"); };
    const auto says = [](const Answer& answer, const std::string& text) {
        INFO(answer.body);
        CHECK(answer.status == 403);
        CHECK(answer.has(text));
    };
    says(
        ask("Impersonate-User: nobody"),
        R"(users \"nobody\" is forbidden: User \"root\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope)");
    says(ask("Impersonate-User: nobody"), R"("details":{"name":"nobody","kind":"users"})");
    says(
        ask("impersonate-user: system:serviceaccount:web:shop"),
        R"(serviceaccounts \"shop\" is forbidden: User \"root\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"web\")");
    says(ask("IMPERSONATE-GROUP: system:masters"), R"(groups \"system:masters\" is forbidden: )");
    says(
        ask("Impersonate-Uid: 42"),
        R"(uids.authentication.k8s.io \"42\" is forbidden: User \"root\" cannot impersonate resource \"uids\" in API group \"authentication.k8s.io\")");
    says(ask("Impersonate-Extra-scopes: all"),
         R"(cannot impersonate resource \"userextras/scopes\" in API group \"authentication.k8s.io\")");
    says(ask("Impersonate-Group: a\r\nImpersonate-User: nobody"), R"(users \"nobody\" is forbidden)");
    CHECK(ask("X-Impersonate-User: nobody").status == 200);
}
