#include "orilla/kinds/defaults.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"

using namespace orilla;
using namespace orilla::api;

namespace {
std::string defaulted(std::string_view json) {
    auto object = decode_object(orilla::test::builtin(), json);
    REQUIRE(object);
    apply_defaults(*object);
    std::string once = encode(*object);
    apply_defaults(*object);
    CHECK(encode(*object) == once);
    return once;
}
}  // namespace

TEST_CASE("defaults: the smallest pod gets what the reference server gives it") {
    CHECK(defaulted(
              R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"containers":[)"
              R"({"name":"a","image":"busybox","ports":[{"containerPort":80}],"livenessProbe":{"httpGet":{"port":80}},)"
              R"("resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}}}],)"
              R"("volumes":[{"name":"v"},{"name":"s","secret":{"secretName":"s"}},{"name":"h","hostPath":{"path":"/x"}}]}})") ==
          R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","creationTimestamp":null},)"
          R"("spec":{"volumes":[{"name":"v","emptyDir":{}},)"
          R"({"name":"s","secret":{"secretName":"s","defaultMode":420}},{"name":"h","hostPath":{"path":"/x","type":""}}],)"
          R"("containers":[{"name":"a","image":"busybox","ports":[{"containerPort":80,"protocol":"TCP"}],)"
          R"("resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m","memory":"1Gi"}},)"
          R"("livenessProbe":{"httpGet":{"path":"/","port":80,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,)"
          R"("successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log",)"
          R"("terminationMessagePolicy":"File","imagePullPolicy":"Always"}],"restartPolicy":"Always",)"
          R"("terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","securityContext":{},)"
          R"("schedulerName":"default-scheduler","enableServiceLinks":true},"status":{}})");
}

TEST_CASE("defaults: what is set stays, zero for pointers included") {
    std::string json =
        defaulted(R"({"kind":"Pod","apiVersion":"v1","spec":{"terminationGracePeriodSeconds":0,"restartPolicy":"Never",)"
                  R"("enableServiceLinks":false,"containers":[{"name":"a","image":"a:1","imagePullPolicy":"Never"}]}})");
    for (const char* kept : {R"("terminationGracePeriodSeconds":0)", R"("restartPolicy":"Never")",
                             R"("enableServiceLinks":false)", R"("imagePullPolicy":"Never")"})
        CHECK(json.find(kept) != std::string::npos);
}

TEST_CASE("defaults: a pod on the host's network publishes its ports there") {
    std::string json = defaulted(R"({"kind":"Pod","apiVersion":"v1","spec":{"hostNetwork":true,)"
                                 R"("containers":[{"name":"a","ports":[{"containerPort":80}]}]}})");
    CHECK(json.find(R"("hostPort":80)") != std::string::npos);
}

TEST_CASE("defaults: a deployment's template is defaulted as a template, not as a pod") {
    CHECK(
        defaulted(R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a"},"spec":{"selector":{"matchLabels":)"
                  R"({"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a","image":"a:1",)"
                  R"("resources":{"limits":{"cpu":"1"}}}]}}}})") ==
        R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a","creationTimestamp":null},"spec":{"replicas":1,)"
        R"("selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"creationTimestamp":null,"labels":{"a":"b"}},"spec":{"containers":[{"name":"a",)"
        R"("image":"a:1","resources":{"limits":{"cpu":"1"}},"terminationMessagePath":"/dev/termination-log",)"
        R"("terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always",)"
        R"("terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","securityContext":{},)"
        R"("schedulerName":"default-scheduler"}},"strategy":{"type":"RollingUpdate","rollingUpdate":)"
        R"({"maxUnavailable":"25%","maxSurge":"25%"}},"revisionHistoryLimit":10,"progressDeadlineSeconds":600},"status":{}})");
    CHECK(defaulted(R"({"kind":"Deployment","apiVersion":"apps/v1","spec":{"strategy":{"type":"Recreate"}}})")
              .find("rollingUpdate") == std::string::npos);
}

TEST_CASE("defaults: services") {
    CHECK(defaulted(R"({"kind":"Service","apiVersion":"v1","spec":{"ports":[{"port":80}],"selector":{"a":"b"}}})") ==
          R"({"kind":"Service","apiVersion":"v1","metadata":{"creationTimestamp":null},)"
          R"("spec":{"ports":[{"protocol":"TCP","port":80,"targetPort":80}],"selector":{"a":"b"},"type":"ClusterIP",)"
          R"("sessionAffinity":"None","internalTrafficPolicy":"Cluster"},"status":{"loadBalancer":{}}})");
    std::string json =
        defaulted(R"({"kind":"Service","apiVersion":"v1","spec":{"type":"NodePort","sessionAffinity":"ClientIP",)"
                  R"("ports":[{"port":80,"targetPort":"http"}]}})");
    CHECK(json.find(R"("sessionAffinityConfig":{"clientIP":{"timeoutSeconds":10800}})") != std::string::npos);
    CHECK(json.find(R"("externalTrafficPolicy":"Cluster")") != std::string::npos);
    CHECK(json.find(R"("targetPort":"http")") != std::string::npos);
}

TEST_CASE("defaults: namespaces, secrets, nodes and endpoint slices") {
    CHECK(defaulted(R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"x"}})") ==
          R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":null,)"
          R"("labels":{"kubernetes.io/metadata.name":"x"}},"spec":{},"status":{"phase":"Active"}})");
    CHECK(defaulted(R"({"kind":"Secret","apiVersion":"v1"})") ==
          R"({"kind":"Secret","apiVersion":"v1","metadata":{"creationTimestamp":null},"type":"Opaque"})");
    CHECK(defaulted(R"({"kind":"Node","apiVersion":"v1","status":{"capacity":{"cpu":"2"}}})")
              .find(R"("allocatable":{"cpu":"2"})") != std::string::npos);
    CHECK(defaulted(R"({"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","addressType":"IPv4","ports":[{"port":1}]})")
              .find(R"([{"name":"","protocol":"TCP","port":1}])") != std::string::npos);
}

TEST_CASE("defaults: pull policy follows the tag") {
    CHECK(default_image_pull_policy("nginx") == "Always");
    CHECK(default_image_pull_policy("nginx:latest") == "Always");
    CHECK(default_image_pull_policy("localhost:5000/nginx") == "Always");
    CHECK(default_image_pull_policy("localhost:5000/nginx:1") == "IfNotPresent");
    CHECK(default_image_pull_policy("nginx@sha256:00") == "IfNotPresent");
}

TEST_CASE("defaults: a secret's stringData becomes data, over equal keys") {
    CHECK(
        defaulted(R"({"kind":"Secret","apiVersion":"v1","data":{"a":"b2xk","b":"a2VwdA=="},)"
                  R"("stringData":{"a":"new","c":""}})") ==
        R"({"kind":"Secret","apiVersion":"v1","metadata":{"creationTimestamp":null},"data":{"a":"bmV3","b":"a2VwdA==","c":""},"type":"Opaque"})");
}
