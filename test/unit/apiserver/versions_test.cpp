// A kind that is served in two versions: whoever writes or reads through either one sees the same object.
#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"

using orilla::test::Answer;
using orilla::test::ApiWorld;

namespace {
const std::string v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
const std::string v2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
const std::string merging = "Content-Type: application/merge-patch+json\r\n";
const std::string tabular = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n";
const std::string web_v1 =
    R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"web","labels":{"app":"web"}},)"
    R"("spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"maxReplicas":5,)"
    R"("targetCPUUtilizationPercentage":50}})";
const std::string percentage = R"("targetCPUUtilizationPercentage":50)";
const std::string target = R"("target":{"type":"Utilization","averageUtilization":50})";
const std::string api_v1 = R"("apiVersion":"autoscaling/v1")", api_v2 = R"("apiVersion":"autoscaling/v2")";

void check_v1(const Answer& answer) {
    INFO(answer.body);
    CHECK(answer.has(api_v1));
    CHECK(answer.has(percentage));
    CHECK_FALSE(answer.has(api_v2));
}
}  // namespace

TEST_CASE("versions: what is made in one is read in the other") {
    ApiWorld w;
    check_v1(w.create(v1, web_v1));
    check_v1(w.client.ask("GET", v1 + "/web"));
    const Answer read = w.client.ask("GET", v2 + "/web");
    CHECK(read.has(api_v2));
    CHECK(read.has(target));
    const Answer both[] = {w.client.ask("GET", v1 + "?labelSelector=app%3Dweb"), w.client.ask("GET", v1)};
    for (const Answer& list : both) {
        check_v1(list);
        CHECK(list.has(R"("name":"web")"));
    }
    CHECK(w.client.ask("GET", v1, "", tabular).has("cpu: <unknown>/50%"));
    CHECK(w.client.ask("GET", v1 + "/web", "", tabular).has("cpu: <unknown>/50%"));
}

TEST_CASE("versions: a patch is made of the object as its writer sees it") {
    ApiWorld w;
    w.create(v1, web_v1);
    const Answer patched = w.client.ask("PATCH", v1 + "/web", R"({"spec":{"maxReplicas":9}})", merging);
    CHECK(patched.status == 200);
    check_v1(patched);
    check_v1(w.client.ask("GET", v1 + "/web"));
    CHECK(w.client.ask("GET", v2 + "/web").has(R"("maxReplicas":9)"));
    const Answer replaced = w.client.ask("PUT", v1 + "/web", web_v1);
    CHECK(replaced.status == 200);
    check_v1(replaced);
    CHECK(w.client.ask("GET", v2 + "/web").has(R"("maxReplicas":5)"));
    CHECK(w.client.ask("PATCH", v1 + "/web", R"({"spec":{"minReplicas":0}})", merging).status == 422);
}

TEST_CASE("versions: a watch shows the version that it asks for, and so does what is deleted") {
    ApiWorld w;
    w.client.send("GET", v1 + "?watch=true");
    orilla::test::ApiClient other(w.loop, w.http);
    check_v1(other.ask("POST", v1, web_v1, "Content-Type: application/json\r\n"));
    const std::string heard = w.client.receive();
    CHECK(heard.find(R"({"type":"ADDED","object":{"kind":"HorizontalPodAutoscaler","apiVersion":"autoscaling/v1")") !=
          std::string::npos);
    CHECK(heard.find(api_v2) == std::string::npos);
    const Answer gone = other.ask("DELETE", v1 + "/web");
    CHECK(gone.status == 200);
    CHECK(w.client.receive().find(R"("type":"DELETED")") != std::string::npos);
    CHECK(other.ask("GET", v2 + "/web").status == 404);
}
