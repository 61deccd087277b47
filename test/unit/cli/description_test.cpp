#include "describe/description.hpp"

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
std::string described(const char* text, Surroundings around = {}) {
    around.now_unix_s = 1767225600;  // 2026-01-01T00:00:00Z
    return render_description(object(text), around);
}

bool has(const std::string& text, const std::string& part) {
    INFO(text);
    const bool found = text.find(part) != std::string::npos;
    CHECK(found);
    return found;
}
}  // namespace

TEST_CASE("align_tabs: a column is as wide as its widest cell among neighbouring lines, and two more") {
    CHECK(align_tabs("a\tb\nlonger\tc\n") == "a       b\nlonger  c\n");
    CHECK(align_tabs("a\tb\nno tabs here\nlonger\tc\n") == "a  b\nno tabs here\nlonger  c\n");
    CHECK(align_tabs("a\tbb\tc\nx\ty\n\tz\tw\n") == "a  bb  c\nx  y\n   z  w\n");
    CHECK(align_tabs("ä\tx\nab\ty\n") == "ä   x\nab  y\n");
    CHECK(align_tabs("\n").size() == 1);
    CHECK(align_tabs("").empty());
}

TEST_CASE("long_time: as kubectl writes it") {
    CHECK(long_time("2026-11-25T15:03:07Z") == "Wed, 25 Nov 2026 15:03:07 +0000");
    CHECK(long_time("") == "<unset>");
    CHECK(long_time("bad") == "bad");
}

TEST_CASE("render_description: a ConfigMap shows its data, and hides what apply remembers") {
    Surroundings around;
    around.events.emplace();
    CHECK(described(R"({"kind":"ConfigMap","metadata":{"name":"c","namespace":"n","annotations":{
              "kubectl.kubernetes.io/last-applied-configuration":"{}","a":"1"}},"data":{"b":"2\tx","a":"1"},"binaryData":{"z":"//4="}})",
                    around) ==
          "Name:         c\nNamespace:    n\nLabels:       <none>\nAnnotations:  a: "
          "1\n\nData\n====\na:\n----\n1\n\nb:\n----\n2\tx\n\n\n"
          "BinaryData\n====\nz: 2 bytes\n\nEvents:  <none>\n");
}

TEST_CASE("render_description: a Secret never shows its values") {
    const std::string text =
        described(R"({"kind":"Secret","metadata":{"name":"s"},"type":"Opaque","data":{"a":"Z2VoZWlt","long-name":""}})");
    CHECK(text ==
          "Name:         s\nLabels:       <none>\nAnnotations:  <none>\n\nType:  Opaque\n\nData\n====\na:          6 "
          "bytes\nlong-name:  0 bytes\n");
}

TEST_CASE("render_description: a pod's containers, their state and their environment") {
    const std::string text =
        described(R"({"kind":"Pod","metadata":{"name":"p","namespace":"n"},"spec":{"nodeName":"node","containers":[{"name":"a",
        "image":"i","command":["sh","-c","x\ny"],"ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":81,"hostPort":8081,"protocol":"UDP"}],
        "env":[{"name":"A","value":"1"},{"name":"B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],
        "readinessProbe":{"tcpSocket":{"port":80}},"volumeMounts":[{"name":"v","mountPath":"/v","readOnly":true,"subPath":"x"}]}],
        "volumes":[{"name":"v","emptyDir":{}}],"tolerations":[{"key":"k","operator":"Exists","effect":"NoSchedule","tolerationSeconds":5}]},
        "status":{"phase":"Running","hostIP":"1.2.3.4","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],"containerStatuses":[{"name":"a",
        "containerID":"o://1","imageID":"d","ready":true,"restartCount":2,"state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}},
        "lastState":{"terminated":{"reason":"Error","exitCode":3,"startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:00Z"}}}]}})");
    has(text, "Node:         node/1.2.3.4\n");
    has(text, "Containers:\n  a:\n    Container ID:  o://1\n");
    has(text, "Ports:         80/TCP, 81/UDP\n    Host Ports:    0/TCP, 8081/UDP\n");
    has(text, "    Command:\n      sh\n      -c\n      x\n      y\n");
    has(text, "Last State:     Terminated\n      Reason:       Error\n      Exit Code:    3\n");
    has(text, "Readiness:      tcp-socket :80 delay=0s timeout=1s period=10s #success=1 #failure=3\n");
    has(text, "B:  <set to the key 'k' in secret 's'>  Optional: false\n");
    has(text, "      /v from v (ro,path=\"x\")\n");
    has(text, "Type:        EmptyDir (a temporary directory that shares a pod's lifetime)\n");
    has(text, "Tolerations:     k:NoSchedule op=Exists for 5s\n");
}

TEST_CASE("render_description: a waiting container, and one that ended") {
    const std::string text = described(
        R"({"kind":"Pod","metadata":{"name":"p","deletionTimestamp":"2026-01-01T00:00:00Z","deletionGracePeriodSeconds":30},
        "spec":{"containers":[{"name":"a","image":"i"}]},"status":{"containerStatuses":[{"name":"a","ready":false,
        "state":{"waiting":{"reason":"ImagePullBackOff"}}}]}})");
    has(text, "Status:                    Terminating\nTermination Grace Period:  30s\n");
    has(text, "State:          Waiting\n      Reason:       ImagePullBackOff\n    Ready:          False\n");
    has(text, "Node:                      <none>\n");
}

TEST_CASE("render_description: a Deployment names its ReplicaSets") {
    Surroundings around;
    around.replica_sets =
        boost::json::parse(
            R"([{"metadata":{"name":"d-1","annotations":{"deployment.kubernetes.io/revision":"1"}},"spec":{"replicas":0}},
        {"metadata":{"name":"d-2","annotations":{"deployment.kubernetes.io/revision":"2"}},"spec":{"replicas":2},"status":{"replicas":1}}])")
            .as_array();
    const std::string text = described(
        R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","annotations":{"deployment.kubernetes.io/revision":"2"}},
        "spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"k","operator":"In","values":["x","y"]},
        {"key":"e","operator":"DoesNotExist"}]},"strategy":{"type":"Recreate"}},"status":{}})",
        around);
    has(text, "Selector:           a=b,k in (x,y),!e\n");
    has(text, "Replicas:           2 desired | 0 updated | 0 total | 0 available | 0 unavailable\n");
    has(text, "OldReplicaSets:    d-1 (0/0 replicas created)\nNewReplicaSet:     d-2 (1/2 replicas created)\n");
}

TEST_CASE("render_description: a StatefulSet counts its pods and tells its claims") {
    Surroundings around;
    around.pods = boost::json::parse(R"([{"status":{"phase":"Running"}},{"status":{"phase":"Pending"}}])").as_array();
    const std::string text = described(
        R"({"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db"},"spec":{"replicas":3,"selector":{"matchLabels":{"a":"b"}},
        "updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":1}},"volumeClaimTemplates":[{"metadata":{"name":"data"},
        "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]},"status":{"replicas":2}})",
        around);
    has(text, "Replicas:           3 desired | 2 total\nUpdate Strategy:    RollingUpdate\n  Partition:        1\n");
    has(text, "Pods Status:        1 Running / 1 Waiting / 0 Succeeded / 0 Failed\n");
    has(text,
        "Volume Claims:\n  Name:          data\n  StorageClass:  \n  Labels:        <none>\n  Annotations:   <none>\n"
        "  Capacity:      1Gi\n  Access Modes:  [ReadWriteOnce]\n");
}

TEST_CASE("render_description: a Service's endpoints are the ready ones of the port") {
    Surroundings around;
    around.slices = boost::json::parse(R"([{"ports":[{"name":"http","port":8080}],"endpoints":[{"addresses":["10.0.0.1"]},
        {"addresses":["10.0.0.2"],"conditions":{"ready":false}}]}])")
                        .as_array();
    const std::string text =
        described(R"({"kind":"Service","metadata":{"name":"s"},"spec":{"type":"ClusterIP","clusterIP":"10.43.0.9",
        "ports":[{"name":"http","port":80,"targetPort":"web","protocol":"TCP"}]}})",
                  around);
    has(text, "http  80/TCP\n");
    has(text, "web/TCP\n");
    has(text, "10.0.0.1:8080\n");
    CHECK(text.find("10.0.0.2") == std::string::npos);
}

TEST_CASE("render_description: a node adds up what its pods ask for") {
    Surroundings around;
    around.pods =
        boost::json::parse(
            R"([{"metadata":{"name":"a","namespace":"n","creationTimestamp":"2025-12-31T23:59:00Z"},"spec":{"nodeName":"node","containers":[
        {"resources":{"requests":{"cpu":"500m","memory":"64Mi"}}},{"resources":{"requests":{"cpu":"250m"},"limits":{"memory":"1Gi"}}}]}},
        {"metadata":{"name":"other"},"spec":{"nodeName":"elsewhere"}},{"metadata":{"name":"done"},"spec":{"nodeName":"node"},"status":{"phase":"Succeeded"}}])")
            .as_array();
    const std::string text =
        described(R"({"kind":"Node","metadata":{"name":"node","labels":{"node-role.kubernetes.io/control-plane":""}},
        "status":{"allocatable":{"cpu":"2","memory":"2Gi"}}})",
                  around);
    has(text, "Roles:              control-plane\n");
    has(text, "(1 in total)\n");
    has(text, "n                           a       750m (37%)    0 (0%)      64Mi (3%)        1Gi (50%)      60s\n");
    has(text, "cpu                750m (37%)  0 (0%)\n");
}

TEST_CASE("render_description: events, with how often, and never a second line") {
    Surroundings around;
    around.events = {object(R"({"type":"Warning","reason":"Failed","count":3,"firstTimestamp":"2025-12-31T23:00:00Z",
        "lastTimestamp":"2025-12-31T23:59:30Z","source":{"component":"kubelet"},"message":"one\ntwo"})")};
    has(described(R"({"kind":"Lease","metadata":{"name":"l"},"spec":{"holderIdentity":"x"}})", around),
        "spec:\n  holderIdentity: x\nEvents:\n  Type     Reason  Age                From     Message\n  ----     ------  ----  "
        "             ----     -------\n"
        "  Warning  Failed  30s (x3 over 60m)  kubelet  one...\n");
}

TEST_CASE("render_description: an Ingress's hosts, paths and what is behind them") {
    Surroundings around;
    around.services =
        boost::json::parse(R"([{"metadata":{"name":"wordpress"},"spec":{"ports":[{"name":"http","port":87}]}}])").as_array();
    around.slices =
        boost::json::parse(R"([{"metadata":{"labels":{"kubernetes.io/service-name":"wordpress"}},"ports":[{"name":"http",
        "port":8080}],"endpoints":[{"addresses":["10.42.0.5"],"conditions":{"ready":true}}]},{"metadata":{"labels":{
        "kubernetes.io/service-name":"other"}},"ports":[{"name":"http","port":1}],"endpoints":[{"addresses":["10.42.0.9"]}]}])")
            .as_array();
    around.events.emplace();
    CHECK(described(
              R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"app","namespace":"n","annotations":{
        "orilla.dev/max-wait":"30s"}},"spec":{"ingressClassName":"orilla","tls":[{"hosts":["app.empresa.com"],"secretName":"keys"},
        {"hosts":["b.com"]}],"rules":[{"host":"app.empresa.com","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{
        "service":{"name":"wordpress","port":{"number":87}}}},{"path":"/x","pathType":"Exact","backend":{"service":{"name":"gone",
        "port":{"name":"web"}}}}]}},{"host":"b.com"}]},"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.2"}]}}})",
              around) ==
          "Name:             app\n"
          "Namespace:        n\n"
          "Labels:           <none>\n"
          "Address:          192.0.2.2\n"
          "Ingress Class:    orilla\n"
          "Default backend:  <default>\n"
          "TLS:\n"
          "  keys terminates app.empresa.com\n"
          "  SNI routes b.com\n"
          "Rules:\n"
          "  Host             Path  Backends\n"
          "  ----             ----  --------\n"
          "  app.empresa.com  \n"
          "                   /    wordpress:87 (10.42.0.5:8080)\n"
          "                   /x   gone:web (<error: services \"gone\" not found>)\n"
          "Annotations:       orilla.dev/max-wait: 30s\n"
          "Events:            <none>\n");
}

TEST_CASE("render_description: an IngressClass says who serves it") {
    CHECK(described(R"({"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","metadata":{"name":"c"},"spec":{
        "controller":"acme.io/p","parameters":{"apiGroup":"k.acme.io","kind":"P","name":"x"}}})") ==
          "Name:         c\nLabels:       <none>\nAnnotations:  <none>\nController:   acme.io/p\nParameters:\n"
          "  APIGroup:  k.acme.io\n  Kind:      P\n  Name:      x\n");
}
