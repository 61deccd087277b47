// The form of the answers that generated clients and `kubectl apply` depend on: structs that are no pointers in Go are there.
#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"

using orilla::test::Answer;
using orilla::test::ApiWorld;

namespace {
const std::string deployment_path = "/apis/apps/v1/namespaces/default/deployments";
const std::string pod_path = "/api/v1/namespaces/default/pods";
const std::string strategic_type = "Content-Type: application/strategic-merge-patch+json\r\n";
}  // namespace

TEST_CASE("forms: a new Deployment has a status, and its template all that a client may have applied") {
    ApiWorld w;
    // As `kubectl create deployment --dry-run=client -o yaml` prints it.
    const std::string manifest =
        R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"creationTimestamp":null,"labels":{"app":"a"},"name":"a"},)"
        R"("spec":{"replicas":1,"selector":{"matchLabels":{"app":"a"}},"strategy":{},"template":{"metadata":)"
        R"({"creationTimestamp":null,"labels":{"app":"a"}},"spec":{"containers":[{"image":"busybox","name":"c","resources":{},)"
        R"("env":[{"name":"E","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}}]}]}}},"status":{}})";
    const Answer made = w.create(deployment_path, manifest);
    INFO(made.body);
    CHECK(made.has(R"(,"status":{}})"));
    CHECK(made.has(R"("template":{"metadata":{"creationTimestamp":null,"labels":{"app":"a"}},)"));
    CHECK(made.has(R"("resources":{})"));
    CHECK(made.has(R"({"resource":"limits.cpu","divisor":"0"})"));
    const Answer again =
        w.client.ask("PATCH", deployment_path + "/a",
                     R"({"spec":{"template":{"metadata":{"creationTimestamp":null},"spec":{"containers":[{"name":"c",)"
                     R"("resources":{},"env":[{"name":"E","valueFrom":{"resourceFieldRef":{"divisor":"0"}}}]}]}}}})",
                     strategic_type);
    CHECK(again.body == made.body);
    const Answer replaced = w.client.ask("PUT", deployment_path + "/a", made.body);
    CHECK(replaced.body == made.body);
}

TEST_CASE("forms: of pods, Services, Namespaces, Events and Leases") {
    ApiWorld w;
    const Answer pod = w.create(pod_path, R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"busybox"}]},
        "status":{"phase":"Running"}})");
    CHECK(pod.has(R"("resources":{})"));
    CHECK(pod.has(R"("securityContext":{})"));
    const Answer ran =
        w.client.ask("PATCH", pod_path + "/p/status", R"({"status":{"conditions":[{"type":"Ready","status":"True"}],
        "containerStatuses":[{"name":"c","image":"i","imageID":"","ready":true,"restartCount":0}]}})",
                     strategic_type);
    CHECK(ran.has(R"("lastProbeTime":null,"lastTransitionTime":null)"));
    CHECK(ran.has(R"({"name":"c","state":{},"lastState":{},"ready":true)"));
    const Answer service = w.create("/api/v1/namespaces/default/services",
                                    R"({"metadata":{"name":"s"},"spec":{"clusterIP":"None","ports":[{"port":80}]}})");
    CHECK(service.has(R"("status":{"loadBalancer":{}})"));
    const Answer ns = w.create("/api/v1/namespaces", R"({"metadata":{"name":"n"}})");
    CHECK(ns.has(R"("status":{"phase":"Active"})"));
    const Answer event =
        w.create("/api/v1/namespaces/default/events", R"({"metadata":{"name":"e"},"involvedObject":{"namespace":"default"}})");
    CHECK(event.has(R"("source":{},"firstTimestamp":null,"lastTimestamp":null)"));
    CHECK(event.has(R"("eventTime":null)"));
    // Pointers in Go.
    const Answer lease = w.create("/apis/coordination.k8s.io/v1/namespaces/default/leases", R"({"metadata":{"name":"l"}})");
    CHECK(lease.has(R"("spec":{}})"));
}

TEST_CASE("forms: a Deployment's status changes none of its labels, a pod's may") {
    ApiWorld w;
    w.create(deployment_path,
             R"({"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"selector":{"matchLabels":{"a":"b"}},)"
             R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
    w.create(pod_path, R"({"metadata":{"name":"p","labels":{"x":"1"}},"spec":{"containers":[{"name":"c","image":"i"}]}})");
    const std::string patch = R"({"metadata":{"labels":{"x":"2"},"annotations":{"note":"1"}},"status":{"conditions":[]}})";
    const Answer deployment = w.client.ask("PATCH", deployment_path + "/a/status", patch, strategic_type);
    CHECK(deployment.status == 200);
    CHECK(deployment.has(R"("labels":{"x":"1"},"annotations":{"note":"1"})"));
    CHECK(w.client.ask("PATCH", pod_path + "/p/status", patch, strategic_type).has(R"("labels":{"x":"2"})"));
}

TEST_CASE("forms: /version has what Kubernetes' has") {
    orilla::apiserver::ServerOptions options;
    options.build = {"0123456789abcdef0123456789abcdef01234567", "clean", "2026-01-02T03:04:05Z"};
    ApiWorld w(options);
    const Answer version = w.client.ask("GET", "/version");
    CHECK(version.has(
        R"("gitCommit":"0123456789abcdef0123456789abcdef01234567","gitTreeState":"clean","buildDate":"2026-01-02T03:04:05Z")"));
    for (const char* member : {"major", "minor", "gitVersion", "goVersion", "compiler", "platform"})
        CHECK(version.has("\"" + std::string(member) + "\":\""));
    CHECK_FALSE(version.has(R"(:"")"));
}
