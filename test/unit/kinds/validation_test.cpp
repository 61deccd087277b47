#include "orilla/kinds/validation.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/schema/names.hpp"

using namespace orilla::api;

namespace {

Object with_defaults(std::string_view json) {
    auto object = decode_object(orilla::test::builtin(), json);
    INFO((object ? std::string() : object.error().message()) << json);
    REQUIRE(object.has_value());
    apply_defaults(*object);
    return std::move(*object);
}

/// What is wrong with it, without the sentence's beginning; "" when it may be stored.
std::string flaws(const orilla::Result<void>& result) {
    if (result) return {};
    CHECK(result.error().code() == orilla::Code::invalid);
    const std::string& message = result.error().message();
    return message.substr(message.find(" is invalid: ") + 13);
}
std::string created(std::string_view json) { return flaws(validate_create(with_defaults(json))); }
std::string updated(std::string_view to, std::string_view from) {
    return flaws(validate_update(with_defaults(to), with_defaults(from)));
}

std::string pod(std::string_view spec, std::string_view container = R"("name":"c","image":"i")") {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default"},"spec":{)" + std::string(spec) +
           (spec.empty() ? "" : ",") + R"("containers":[{)" + std::string(container) + "}]}}";
}
std::string container(std::string_view more) { return pod("", R"("name":"c","image":"i",)" + std::string(more)); }

std::string deployment(std::string_view spec, std::string_view labels = R"({"app":"web"})") {
    return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default"},"spec":{)" +
           std::string(spec) + R"("selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":)" +
           std::string(labels) + R"(},"spec":{"containers":[{"name":"c","image":"i"}]}}}})";
}
std::string service(std::string_view spec) {
    return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"default"},"spec":{)" +
           std::string(spec) + "}}";
}

}  // namespace

TEST_CASE("validation: objects that kubectl makes may be stored") {
    CHECK(created(pod("")).empty());
    CHECK(created(deployment("")).empty());
    CHECK(created(service(R"("ports":[{"port":80}],"selector":{"app":"web"})")).empty());
    CHECK(created(service(R"("clusterIP":"None","selector":{"app":"web"})")).empty());
    CHECK(created(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"prod"}})").empty());
    CHECK(created(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"box"}})").empty());
    CHECK(created(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n"},"data":{"a.b":"x"}})")
              .empty());
    CHECK(created(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"c","namespace":"n"},"stringData":{"a":"x"}})")
              .empty());
    CHECK(created(R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"c","namespace":"n"}})").empty());
    CHECK(created(R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"c","namespace":"n"},
        "addressType":"IPv4","endpoints":[{"addresses":["10.42.0.2"]}],"ports":[{"name":"","port":80,"protocol":"TCP"}]})")
              .empty());
    CHECK(created(R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"c","namespace":"n"},
        "involvedObject":{"kind":"Pod","namespace":"n","name":"p"}})")
              .empty());
}

TEST_CASE("validation: the sentence names the kind, the object and every flaw, and so do the causes") {
    auto result = validate_create(with_defaults(deployment("", R"({"app":"db"})")));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().message() ==
          "Deployment.apps \"web\" is invalid: spec.template.metadata.labels: Invalid value: {\"app\":\"db\"}: "
          "`selector` does "
          "not match template `labels`");
    REQUIRE(result.error().causes().size() == 1);
    CHECK(result.error().causes()[0].reason == "FieldValueInvalid");
    CHECK(result.error().causes()[0].field == "spec.template.metadata.labels");
    CHECK(created(pod("", R"("name":"","image":"")")) ==
          "[spec.containers[0].name: Required value, spec.containers[0].image: Required value]");
}

TEST_CASE("validation: names and metadata") {
    CHECK(created(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"n"}})") ==
          "metadata.name: Required value: name or generateName is required");
    CHECK(created(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"A_B","namespace":"n"}})")
              .starts_with("metadata.name: Invalid value: \"A_B\": a lowercase RFC 1123 subdomain must consist of"));
    CHECK(created(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a.b"}})") ==
          "metadata.name: Invalid value: \"a.b\": must not contain dots");
    CHECK(
        created(
            R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"0web","namespace":"n"},"spec":{"ports":[{"port":1}]}})")
            .starts_with("metadata.name: Invalid value: \"0web\": a DNS-1035 label must"));
    CHECK(created(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n","labels":{"a b":"c d"}}})")
              .find("metadata.labels: Invalid value: \"c d\": a valid label must be an empty string or") != std::string::npos);
    CHECK(created(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n","finalizers":["mine"]}})") ==
          "metadata.finalizers[0]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully "
          "qualified");
    CHECK(created(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n","annotations":{"a":")" +
                  std::string(annotations_bytes_max, 'x') + R"("}}})") ==
          "metadata.annotations: Too long: may not be more than 262144 bytes");
    CHECK(created(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"a","namespace":"n"}})") ==
          "metadata.namespace: Forbidden: not allowed on this type");
}

TEST_CASE("validation: closed enums list what is supported") {
    CHECK(created(pod(R"("restartPolicy":"Sometimes")")) ==
          "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"");
    CHECK(created(container(R"("imagePullPolicy":"Maybe")")) ==
          "spec.containers[0].imagePullPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", "
          "\"IfNotPresent\", "
          "\"Never\"");
    CHECK(created(container(R"("ports":[{"containerPort":80,"protocol":"tcp"}])")) ==
          "spec.containers[0].ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", "
          "\"UDP\"");
    CHECK(created(R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"c","namespace":"n"},
        "addressType":"IPv5"})") == "addressType: Unsupported value: \"IPv5\": supported values: \"FQDN\", \"IPv4\", \"IPv6\"");
}

TEST_CASE("validation: containers of a pod") {
    CHECK(created(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n"},"spec":{"containers":[]}})") ==
          "spec.containers: Required value");
    CHECK(created(pod(R"("initContainers":[{"name":"c","image":"i"}])")) == "spec.containers[0].name: Duplicate value: \"c\"");
    CHECK(created(container(R"("ports":[{"containerPort":0}])")) ==
          "spec.containers[0].ports[0].containerPort: Required value");
    CHECK(created(container(R"("ports":[{"name":"a","containerPort":1},{"name":"a","containerPort":70000}])")) ==
          "[spec.containers[0].ports[1].name: Duplicate value: \"a\", spec.containers[0].ports[1].containerPort: Invalid "
          "value: 70000: must be between 1 and 65535, inclusive]");
    CHECK(created(container(R"("volumeMounts":[{"name":"x","mountPath":"/x"}])")) ==
          "spec.containers[0].volumeMounts[0].name: Not found: \"x\"");
    CHECK(created(container(R"("env":[{"name":"A=B","value":"1"}])"))
              .starts_with("spec.containers[0].env[0].name: Invalid value: \"A=B\": a valid environment variable name"));
    CHECK(created(container(R"("env":[{"name":"A","valueFrom":{}}])"))
              .starts_with("spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of:"));
    CHECK(created(container(R"("env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}])")).empty());
    CHECK(created(container(R"("env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"spec.image"}}}])"))
              .find("field label not supported: spec.image") != std::string::npos);
    CHECK(created(container(R"("resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}})")) ==
          "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1");
    CHECK(created(container(R"("resources":{"limits":{"memory":"-1"}})")).find("must be greater than or equal to 0") !=
          std::string::npos);
}

TEST_CASE("validation: probes and hooks") {
    CHECK(created(container(R"("livenessProbe":{})")) ==
          "spec.containers[0].livenessProbe: Required value: must specify a handler type");
    CHECK(created(container(R"("livenessProbe":{"exec":{"command":["a"]},"tcpSocket":{"port":1}})")) ==
          "spec.containers[0].livenessProbe: Forbidden: may not specify more than 1 handler type");
    CHECK(created(container(R"("livenessProbe":{"httpGet":{"port":"http"},"successThreshold":2})")) ==
          "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1");
    CHECK(created(container(R"("readinessProbe":{"httpGet":{"port":80,"path":"/x"},"successThreshold":2})")).empty());
    CHECK(created(container(R"("lifecycle":{"preStop":{"exec":{"command":[]}}})")) ==
          "spec.containers[0].lifecycle.preStop.exec.command: Required value");
    CHECK(created(container(R"("lifecycle":{"preStop":{"sleep":{"seconds":31}}})"))
              .find("must be greater than 0 and less than") != std::string::npos);
    CHECK(created(pod(R"("initContainers":[{"name":"i","image":"i","livenessProbe":{"tcpSocket":{"port":1}}}])")) ==
          "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without "
          "restartPolicy=Always");
}

TEST_CASE("validation: sidecars may have probes, and containers policies of their own") {
    const auto init = [](const std::string& rest) {
        return created(pod(R"("initContainers":[{"name":"i","image":"i",)" + rest + "}]"));
    };
    CHECK(
        init(
            R"("restartPolicy":"Always","livenessProbe":{"tcpSocket":{"port":1}},"lifecycle":{"preStop":{"sleep":{"seconds":1}}})")
            .empty());
    CHECK(init(R"("restartPolicy":"Always","readinessProbe":{"tcpSocket":{"port":0}})")
              .starts_with("spec.initContainers[0].readinessProbe.tcpSocket.port: Invalid value"));
    CHECK(init(R"("restartPolicy":"OnFailure")").empty());
    CHECK(init(R"("restartPolicy":"Often")") ==
          "spec.initContainers[0].restartPolicy: Unsupported value: \"Often\": supported values: \"Always\", \"Never\", "
          "\"OnFailure\"");
    const std::string rules = R"("restartPolicyRules":[{"action":"Restart","exitCodes":{"operator":"In","values":[42]}}])";
    CHECK(created(container(R"("restartPolicy":"Never",)" + rules)).empty());
    CHECK(created(container(rules)) ==
          "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used");
    CHECK(init(R"("restartPolicy":"Always",)" + rules).starts_with("spec.initContainers[0].restartPolicyRules: Forbidden"));
    CHECK(created(container(R"("restartPolicy":"Never","restartPolicyRules":[{"action":"Restart"}])")) ==
          "spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified");
    CHECK(
        created(container(
            R"("restartPolicy":"Never","restartPolicyRules":[{"action":"RestartAllContainers","exitCodes":{"operator":"In","values":[1]}}])")) ==
        "spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"RestartAllContainers\": supported values: "
        "\"Restart\"");
}

TEST_CASE("validation: host names of another kind, and a /proc that is not masked") {
    CHECK(created(pod(R"("setHostnameAsFQDN":true)")).empty());
    CHECK(created(pod(R"("hostnameOverride":"a.example.com")")).empty());
    CHECK(created(pod(R"("hostnameOverride":"a.example.com","setHostnameAsFQDN":true)"))
              .starts_with("spec.hostnameOverride: Forbidden: may not be set when `setHostnameAsFQDN` is true"));
    CHECK(created(pod(R"("hostUsers":false)", R"("name":"c","image":"i","securityContext":{"procMount":"Unmasked"})")).empty());
    CHECK(created(container(R"("securityContext":{"procMount":"Unmasked"})")) ==
          "spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use "
          "`Unmasked`");
}

TEST_CASE("validation: what is stored and does nothing is told") {
    const auto warnings = [](const std::string& text) { return find_warnings(with_defaults(text)); };
    CHECK(warnings(pod("")).empty());
    CHECK(warnings(pod(R"("securityContext":{"seLinuxOptions":{"level":"s0"}})")) ==
          std::vector<std::string>{"spec.securityContext.seLinuxOptions: has no effect: this node does not use SELinux"});
    CHECK(warnings(container(R"("securityContext":{"seLinuxOptions":{"level":"s0"}})")) ==
          std::vector<std::string>{
              "spec.containers[0].securityContext.seLinuxOptions: has no effect: this node does not use SELinux"});
}

TEST_CASE("validation: readiness gates name conditions") {
    CHECK(created(pod(R"("readinessGates":[{"conditionType":"example.com/ready"}])")).empty());
    CHECK(created(pod(R"("readinessGates":[{"conditionType":"a b"}])"))
              .starts_with("spec.readinessGates[0].conditionType: Invalid value"));
}

TEST_CASE("validation: the sources of a projected volume write different files") {
    const auto projected = [](const std::string& sources) {
        return created(pod(R"("volumes":[{"name":"v","projected":{"sources":[)" + sources + "]}}]"));
    };
    const std::string map = R"({"configMap":{"name":"c","items":[{"key":"k","path":"a/b"}]}})";
    CHECK(projected("").empty());
    CHECK(projected(map + R"(,{"secret":{"name":"s","items":[{"key":"k","path":"a/c"}]}})").empty());
    CHECK(projected(map + R"(,{"secret":{"name":"s","items":[{"key":"k","path":"a/b"}]}})") ==
          "spec.volumes[0].projected.sources[1].secret: Invalid value: \"a/b\": conflicting duplicate paths");
    for (const char* path : {"a", "a/b/c"})
        CHECK(projected(map + R"(,{"downwardAPI":{"items":[{"path":")" + path +
                        R"(","fieldRef":{"fieldPath":"metadata.name"}}]}})")
                  .find("conflicting duplicate paths") != std::string::npos);
    CHECK(projected("{}") == "spec.volumes[0].projected.sources[0]: Required value: must specify a projection source");
    CHECK(projected(R"({"configMap":{}})") == "spec.volumes[0].projected.sources[0].configMap.name: Required value");
    CHECK(
        projected(R"({"serviceAccountToken":{"path":"token"}})")
            .starts_with(
                "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: service account tokens are not issued"));
}

TEST_CASE("validation: a probe's grace period") {
    const auto probe = [](const std::string& kind, const std::string& grace) {
        return created(container("\"" + kind + R"(":{"tcpSocket":{"port":1},"terminationGracePeriodSeconds":)" + grace + "}"));
    };
    CHECK(probe("livenessProbe", "1").empty());
    CHECK(probe("startupProbe", "0").find("must be greater than 0") != std::string::npos);
    CHECK(probe("readinessProbe", "1").find("must not be set for readinessProbes") != std::string::npos);
}

TEST_CASE("validation: volumes") {
    CHECK(created(pod(R"("volumes":[{"name":"a","emptyDir":{}},{"name":"a","emptyDir":{}}])")) ==
          "spec.volumes[1].name: Duplicate value: \"a\"");
    CHECK(created(pod(R"("volumes":[{"name":"a","emptyDir":{},"secret":{"secretName":"s"}}])")) ==
          "spec.volumes[0]: Forbidden: may not specify more than 1 volume type");
    CHECK(created(pod(R"("volumes":[{"name":"a","hostPath":{"path":"/a/../b"}}])")) ==
          "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'");
    CHECK(created(pod(R"("volumes":[{"name":"a","hostPath":{"path":"/a","type":"Dir"}}])"))
              .starts_with("spec.volumes[0].hostPath.type: Unsupported value: \"Dir\": supported values: \"BlockDevice\""));
    CHECK(created(pod(R"("volumes":[{"name":"a","configMap":{"name":"c","items":[{"key":"k","path":"../x"}]}}])")) ==
          "spec.volumes[0].configMap.items[0].path: Invalid value: \"../x\": must not contain '..'");
    CHECK(created(pod(R"("volumes":[{"name":"a","secret":{"secretName":"s","defaultMode":1023}}])"))
              .find("must be a number between 0 and 0777 (octal), both inclusive") != std::string::npos);
    CHECK(created(pod(R"("volumes":[{"name":"a","downwardAPI":{"items":[{"path":"x"}]}}])"))
              .find("one of fieldRef and resourceFieldRef is required") != std::string::npos);
}

TEST_CASE("validation: a seccomp profile of the node's own") {
    const auto of_pod = [](const std::string& profile) {
        return created(pod(R"("securityContext":{"seccompProfile":{)" + profile + "}}"));
    };
    const std::string at = "spec.securityContext.seccompProfile.localhostProfile: ";
    CHECK(of_pod(R"("type":"Localhost","localhostProfile":"a/b.json")").empty());
    CHECK(of_pod(R"("type":"Localhost")") == at + "Required value: must be set when seccomp type is Localhost");
    CHECK(of_pod(R"("type":"Localhost","localhostProfile":"/a")") == at + "Invalid value: \"/a\": must be a relative path");
    CHECK(of_pod(R"("type":"Localhost","localhostProfile":"a/../../b")") ==
          at + "Invalid value: \"a/../../b\": must not contain '..'");
    CHECK(of_pod(R"("type":"RuntimeDefault","localhostProfile":"a")") ==
          at + "Invalid value: \"a\": can only be set when seccomp type is Localhost");
    CHECK(created(container(R"("securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":".."}})")) ==
          "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: \"..\": must not contain '..'");
}

TEST_CASE("validation: only who is privileged shows the host what it mounts") {
    const auto with = [](const std::string& security) {
        return created(
            pod(R"("volumes":[{"name":"v","emptyDir":{}}])",
                R"("name":"c","image":"i","volumeMounts":[{"name":"v","mountPath":"/v","mountPropagation":"Bidirectional"}])" +
                    security));
    };
    CHECK(with(R"(,"securityContext":{"privileged":true})").empty());
    for (const char* security : {"", R"(,"securityContext":{"privileged":false})"})
        CHECK(with(security) ==
              "spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: "
              "Bidirectional mount propagation is available only to privileged containers");
}

TEST_CASE("validation: variables of a file in an emptyDir") {
    const auto with = [](const std::string& reference) {
        return created(pod(R"("volumes":[{"name":"v","emptyDir":{}},{"name":"h","hostPath":{"path":"/x"}}])",
                           R"("name":"c","image":"i","env":[{"name":"A","valueFrom":{"fileKeyRef":{)" + reference + "}}}]"));
    };
    const std::string at = "spec.containers[0].env[0].valueFrom.fileKeyRef.";
    CHECK(with(R"("volumeName":"v","path":"a/b.env","key":"K","optional":true)").empty());
    CHECK(with(R"("volumeName":"w","path":"a","key":"K")") == at + "volumeName: Not found: \"w\"");
    CHECK(with(R"("volumeName":"h","path":"a","key":"K")") ==
          at + "volumeName: Invalid value: \"h\": must be a volume of type emptyDir");
    CHECK(with(R"("volumeName":"v","path":"../a","key":"K")") == at + "path: Invalid value: \"../a\": must not contain '..'");
    CHECK(with(R"("volumeName":"v","path":"/a","key":"K")") == at + "path: Invalid value: \"/a\": must be a relative path");
    CHECK(with(R"("volumeName":"v","path":"a")").starts_with(at + "key: Required value"));
}

TEST_CASE("validation: what a pod as a whole asks for") {
    const auto with = [](const std::string& whole, const std::string& own = "") {
        return created(pod("\"resources\":{" + whole + "}", R"("name":"c","image":"i","resources":{)" + own + "}"));
    };
    CHECK(with(R"("requests":{"cpu":"1"},"limits":{"cpu":"2","memory":"64Mi"})", R"("requests":{"cpu":"500m"})").empty());
    CHECK(with(R"("requests":{"ephemeral-storage":"1Gi"})") ==
          "spec.resources.requests[ephemeral-storage]: Unsupported value: \"ephemeral-storage\": supported values: \"cpu\", "
          "\"memory\"");
    CHECK(with(R"("requests":{"cpu":"2"},"limits":{"cpu":"1"})") ==
          "spec.resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1");
    CHECK(with(R"("requests":{"cpu":"1"})", R"("requests":{"cpu":"2"})") ==
          "spec.resources.requests[cpu]: Invalid value: \"1\": must be greater than or equal to aggregate container requests "
          "of 2");
    CHECK(with(R"("limits":{"memory":"64Mi"})", R"("limits":{"memory":"65Mi"},"requests":{"memory":"1Mi"})") ==
          "spec.containers[0].resources.limits[memory]: Invalid value: \"65Mi\": must be less than or equal to pod limits of "
          "64Mi");
}

TEST_CASE("validation: resize policies") {
    const std::string cpu = R"({"resourceName":"cpu","restartPolicy":"RestartContainer"})";
    const std::string at = "spec.containers[0].resizePolicy";
    CHECK(created(container("\"resizePolicy\":[" + cpu + "]")).empty());
    CHECK(created(container("\"resizePolicy\":[" + cpu + "," + cpu + "]")) == at + "[1]: Duplicate value: \"cpu\"");
    CHECK(created(container(R"("resizePolicy":[{"resourceName":"storage","restartPolicy":"NotRequired"}])"))
              .starts_with(at + "[0].resourceName: Unsupported value: \"storage\""));
    CHECK(created(container(R"("resizePolicy":[{"resourceName":"cpu","restartPolicy":"Never"}])"))
              .starts_with(at + "[0].restartPolicy: Unsupported value: \"Never\""));
    CHECK(created(pod(R"("restartPolicy":"Never")", R"("name":"c","image":"i","resizePolicy":[)" + cpu + "]")) ==
          at + "[0].restartPolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when `restartPolicy` is 'Never'");
}

TEST_CASE("validation: what a resize may change") {
    const auto sized = [](const std::string& resources) {
        return with_defaults(container("\"resources\":{" + resources + "}"));
    };
    const auto resized = [&](const std::string& to, const std::string& from) {
        return flaws(validate_resize(sized(to), sized(from)));
    };
    const std::string half = R"("requests":{"cpu":"500m","memory":"1Mi"})";
    CHECK(resized(R"("requests":{"cpu":"1","memory":"2Mi"})", half).empty());
    CHECK(resized(R"("requests":{"cpu":"1","memory":"2Mi"},"limits":{"cpu":"2"})", half).empty());
    CHECK(resized(R"("requests":{"cpu":"1"})", half) ==
          "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed");
    CHECK(resized(half, R"("requests":{"cpu":"500m","memory":"1Mi"},"limits":{"cpu":"2"})") ==
          "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed");
    CHECK(resized(R"("requests":{"cpu":"500m","memory":"1Mi","ephemeral-storage":"1Gi"})", half) ==
          "spec.containers[0].resources: Forbidden: only cpu and memory resources are mutable");
    CHECK(resized(half, "") == "spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing");
    CHECK(resized(R"("requests":{"cpu":"2","memory":"1Mi"},"limits":{"cpu":"1"})", half).find("cpu limit of 1") !=
          std::string::npos);
    const std::string whole = pod(R"("resources":{"requests":{"cpu":"1"}})");
    CHECK(flaws(validate_resize(with_defaults(whole), with_defaults(whole))) ==
          "spec.resources: Forbidden: pods with pod-level resources cannot be resized");
    CHECK(updated(container(R"("resources":{"requests":{"cpu":"1"}})"), container(R"("resources":{"requests":{"cpu":"2"}})"))
              .find("pod updates may not change fields other than") != std::string::npos);
}

TEST_CASE("validation: users of the pod's own exclude the host's namespaces") {
    CHECK(created(pod(R"("hostUsers":false)")).empty());
    CHECK(created(pod(R"("hostUsers":true,"hostNetwork":true,"hostPID":true,"hostIPC":true)")).empty());
    for (const char* field : {"hostNetwork", "hostPID", "hostIPC"})
        CHECK(created(pod("\"hostUsers\":false,\"" + std::string(field) + "\":true")) ==
              "spec." + std::string(field) + ": Forbidden: when `hostUsers` is false");
}

TEST_CASE("validation: what this build does not do is refused by name") {
    CHECK(created(pod(R"("volumes":[{"name":"a","rbd":{"image":"x"}}])"))
              .starts_with("spec.volumes[0].rbd: Forbidden: this kind of volume is not supported"));
    CHECK(created(pod(R"("serviceAccountName":"robot")")).starts_with("spec.serviceAccountName: Forbidden:"));
    CHECK(created(pod(R"("serviceAccountName":"default")")).empty());
    CHECK(created(pod(R"("os":{"name":"windows"})")) == "spec.os.name: Forbidden: pods run on Linux only");
    CHECK(created(pod(R"("os":{"name":"linux"})")).empty());
    CHECK(created(pod(R"("runtimeClassName":"gvisor")")).starts_with("spec.runtimeClassName: Forbidden"));
    CHECK(created(container(R"("livenessProbe":{"grpc":{"port":1}})")).empty());
    CHECK(created(container(R"("livenessProbe":{"grpc":{"port":0}})")) ==
          "spec.containers[0].livenessProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive");
    CHECK(created(container(R"("startupProbe":{"grpc":{"port":70000,"service":"a"}})")) ==
          "spec.containers[0].startupProbe.grpc.port: Invalid value: 70000: must be between 1 and 65535, inclusive");
    CHECK(created(container(R"("readinessProbe":{"grpc":{"port":1},"exec":{"command":["a"]}})")) ==
          "spec.containers[0].readinessProbe: Forbidden: may not specify more than 1 handler type");
    CHECK(created(pod(R"("affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[
        {"weight":1,"podAffinityTerm":{"topologyKey":"kubernetes.io/hostname"}}]}})"))
              .empty());
    CHECK(created(service(R"("ports":[{"port":80}],"ipFamilyPolicy":"RequireDualStack")"))
              .starts_with("spec.ipFamilyPolicy: Forbidden: the node has no IPv6 service network"));
}

TEST_CASE("validation: services that others reach") {
    const auto refused = [](const std::string& spec) { return created(service(spec)); };
    CHECK(refused(R"("type":"ExternalName","externalName":"Example.com")").starts_with("spec.externalName: Invalid value: "));
    CHECK(refused(R"("type":"ExternalName","externalName":"example.com.")").empty());
    CHECK(refused(R"("type":"ExternalName")") == "spec.externalName: Required value");
    CHECK(
        refused(R"("type":"ExternalName","externalName":"a.b","clusterIP":"10.43.0.9","ipFamilies":["IPv4"])") ==
        "[spec.clusterIPs: Forbidden: may not be set for ExternalName services, spec.ipFamilies: Forbidden: may not be set for "
        "ExternalName services]");
    const std::string ports = R"("ports":[{"port":80}])", balancer = R"("type":"LoadBalancer",)" + ports;
    CHECK(refused(balancer).empty());
    CHECK(refused(R"("type":"LoadBalancer","clusterIP":"None",)" + ports) ==
          "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services");
    CHECK(refused(R"("type":"LoadBalancer","ports":[{"port":10250}])") ==
          "spec.ports[0].port: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet");
    CHECK(refused(balancer + R"(,"loadBalancerSourceRanges":["10.0.0.1/8"," 192.0.2.0/24 "])").empty());
    for (const char* range : {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "fd00::/8", "10.0.0/8", "10.0.0.0/024"})
        CHECK(refused(balancer + R"(,"loadBalancerSourceRanges":[")" + range + "\"]")
                  .starts_with("spec.loadBalancerSourceRanges[0]: Invalid value: "));
    for (const char* field : {R"("loadBalancerSourceRanges":["10.0.0.0/8"])", R"("allocateLoadBalancerNodePorts":true)",
                              R"("loadBalancerClass":"x/y")"})
        CHECK(refused(ports + "," + field).find("Forbidden: may only be used when `type` is 'LoadBalancer'") !=
              std::string::npos);
    CHECK(refused(balancer + R"(,"loadBalancerClass":"a b")").starts_with("spec.loadBalancerClass: Invalid value"));
    CHECK(refused(ports + R"(,"externalTrafficPolicy":"Local")") ==
          "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services");
    CHECK(refused(balancer + R"(,"externalTrafficPolicy":"Local","healthCheckNodePort":31000)").empty());
    CHECK(refused(balancer + R"(,"healthCheckNodePort":31000)") ==
          "spec.healthCheckNodePort: Invalid value: 31000: may only be set when `type` is 'LoadBalancer' and "
          "`externalTrafficPolicy` is 'Local'");
    CHECK(refused(balancer + R"(,"externalTrafficPolicy":"Local","healthCheckNodePort":80)").find("not in the valid range") !=
          std::string::npos);
}

TEST_CASE("validation: services") {
    CHECK(created(service(R"("selector":{"a":"b"})")) == "spec.ports: Required value");
    CHECK(created(service(R"("ports":[{"port":80},{"port":81}])")) ==
          "[spec.ports[0].name: Required value, spec.ports[1].name: Required value]");
    CHECK(created(service(R"("ports":[{"name":"a","port":80},{"name":"a","port":81}])")) ==
          "spec.ports[1].name: Duplicate value: \"a\"");
    CHECK(created(service(R"("ports":[{"port":0}])")).find("spec.ports[0].port: Invalid value: 0: must be between") !=
          std::string::npos);
    CHECK(created(service(R"("ports":[{"port":80,"nodePort":30080}])")) ==
          "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'");
    CHECK(created(service(R"("type":"NodePort","ports":[{"port":80,"nodePort":80}])")) ==
          "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid "
          "ports is "
          "30000-32767");
    CHECK(created(service(R"("sessionAffinity":"ClientIP","ports":[{"port":80}])")).empty());
    CHECK(created(service(R"("clusterIP":"nope","ports":[{"port":80}])")).find("spec.clusterIPs[0]: Invalid value: \"nope\"") !=
          std::string::npos);
    CHECK(updated(service(R"("clusterIP":"10.43.0.2","clusterIPs":["10.43.0.2"],"ports":[{"port":80}])"),
                  service(R"("clusterIP":"10.43.0.1","clusterIPs":["10.43.0.1"],"ports":[{"port":80}])")) ==
          "spec.clusterIPs[0]: Invalid value: [\"10.43.0.2\"]: may not change once set");
}

TEST_CASE("validation: addresses that nobody elsewhere can be reached at") {
    const auto slice = [](std::string_view type, std::string_view ip, std::string_view label = "a") {
        return R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"s","namespace":"n","labels":{"l":")" +
               std::string(label) + R"("}},"addressType":")" + std::string(type) + R"(","endpoints":[{"addresses":[")" +
               std::string(ip) + R"("]}]})";
    };
    const auto endpoints = [](std::string_view list, std::string_view ip) {
        return R"({"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"s","namespace":"n"},"subsets":[{")" +
               std::string(list) + R"(":[{"ip":"192.0.2.1"},{"ip":")" + std::string(ip) + R"("}]}]})";
    };
    for (const auto& [ip, range] :
         {std::pair("127.0.0.1", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
          std::pair("169.254.1.1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
          std::pair("224.0.0.1", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
          std::pair("239.1.1.1", "may not be in the multicast range (224.0.0.0/4, ff00::/8)"),
          std::pair("0.0.0.0", "may not be unspecified (0.0.0.0 or ::)")}) {
        const std::string flaw = ": Invalid value: \"" + std::string(ip) + "\": " + range;
        CHECK(created(slice("IPv4", ip)) == "endpoints[0].addresses[0]" + flaw);
        CHECK(created(endpoints("addresses", ip)) == "subsets[0].addresses[1].ip" + flaw);
        CHECK(created(endpoints("notReadyAddresses", ip)) == "subsets[0].notReadyAddresses[1].ip" + flaw);
        CHECK(updated(slice("IPv4", ip), slice("IPv4", "192.0.2.1")) == "endpoints[0].addresses[0]" + flaw);
        CHECK(updated(endpoints("addresses", ip), endpoints("addresses", "192.0.2.2")) == "subsets[0].addresses[1].ip" + flaw);
        CHECK(created(service(R"("clusterIP":"None","externalIPs":[")" + std::string(ip) + R"("],"ports":[{"port":80}])")) ==
              "spec.externalIPs[0]" + flaw);
        // What an older Orilla stored can still be labelled and released.
        CHECK(updated(slice("IPv4", ip, "b"), slice("IPv4", ip)).empty());
        CHECK(updated(endpoints("addresses", ip), endpoints("addresses", ip)).empty());
    }
    for (const char* ip : {"::1", "::", "fe80::1", "ff02::1", "ff05::1", "::ffff:127.0.0.1"})
        CHECK(created(slice("IPv6", ip))
                  .find("endpoints[0].addresses[0]: Invalid value: \"" + std::string(ip) + "\": may not be ") == 0);
    CHECK(created(slice("IPv6", "2001:db8::1")).empty());
    CHECK(created(slice("FQDN", "127.0.0.1")).empty());
    CHECK(created(slice("IPv4", "127.0.0.01")).find("must be a valid IPv4 address") != std::string::npos);
}

TEST_CASE("validation: config maps and secrets") {
    CHECK(created(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n"},"data":{"a/b":""}})")
              .starts_with("data[a/b]: Invalid value: \"a/b\": a valid config key must consist of"));
    CHECK(created(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n"},"data":{"a":")" +
                  std::string(1024 * 1024 + 1, 'x') + R"("}})") == "data: Too long: may not be more than 1048576 bytes");
    CHECK(
        created(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"c","namespace":"n"},"type":"kubernetes.io/tls"})") ==
        "[data[tls.crt]: Required value, data[tls.key]: Required value]");
    const auto login = [](std::string_view base64) {
        return R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"c","namespace":"n"},"type":"kubernetes.io/dockerconfigjson",)"
               R"("data":{".dockerconfigjson":")" +
               std::string(base64) + R"("}})";
    };
    CHECK(created(login("e30=")).empty());  // {}
    CHECK(created(login("W10=")) ==         // []
          "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": must be a JSON object");
    CHECK(created(login("ew==")).find("must be a JSON object: ") != std::string::npos);  // {
    auto config = [](std::string_view rest) {
        return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n"},)" + std::string(rest) + "}";
    };
    CHECK(updated(config(R"("data":{"a":"2"},"immutable":true)"), config(R"("data":{"a":"1"},"immutable":true)")) ==
          "data: Forbidden: field is immutable when `immutable` is set");
    CHECK(updated(config(R"("data":{"a":"1"})"), config(R"("data":{"a":"1"},"immutable":true)")) ==
          "immutable: Forbidden: field is immutable when `immutable` is set");
    CHECK(updated(config(R"("data":{"a":"2"})"), config(R"("data":{"a":"1"})")).empty());
}

TEST_CASE("validation: deployments") {
    CHECK(created(deployment(R"("replicas":-1,)")) == "spec.replicas: Invalid value: -1: must be greater than or equal to 0");
    CHECK(created(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","namespace":"n"},"spec":{
        "template":{"spec":{"containers":[{"name":"c","image":"i"}]}}}})") == "spec.selector: Required value");
    CHECK(created(deployment(R"("strategy":{"type":"Recreate","rollingUpdate":{"maxSurge":1}},)")) ==
          "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'");
    CHECK(created(deployment(R"("strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":0}},)")) ==
          "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0");
    CHECK(created(deployment(R"("strategy":{"rollingUpdate":{"maxUnavailable":"200%"}},)"))
              .find("must not be greater than 100%") != std::string::npos);
    CHECK(created(deployment(R"("strategy":{"type":"Blue"},)")).find("supported values: \"Recreate\", \"RollingUpdate\"") !=
          std::string::npos);
    CHECK(updated(
              R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default"},"spec":{
        "selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})",
              deployment("")) == "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\"}}: field is immutable");
}

TEST_CASE("validation: an update of a pod may change images and little else") {
    CHECK(updated(pod("", R"("name":"c","image":"i:2")"), pod("", R"("name":"c","image":"i:1")")).empty());
    std::string message = updated(pod(R"("hostNetwork":true)"), pod(""));
    CHECK(
        message.starts_with("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
                            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions"));
    CHECK(updated(pod(R"("activeDeadlineSeconds":5)"), pod("")).empty());
    CHECK(updated(pod(R"("activeDeadlineSeconds":6)"), pod(R"("activeDeadlineSeconds":5)"))
              .find("less than or equal to previous") != std::string::npos);
    CHECK(updated(pod(R"("tolerations":[{"key":"a","operator":"Exists"}])"), pod("")).empty());
    CHECK(updated(pod(""), pod(R"("tolerations":[{"key":"a","operator":"Exists"}])"))
              .find("existing toleration can not be modified") != std::string::npos);
    CHECK(updated(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default"},"spec":{"containers":[
        {"name":"c","image":"i"},{"name":"d","image":"i"}]}})",
                  pod("")) == "spec.containers: Forbidden: pod updates may not add or remove containers");
}

TEST_CASE("validation: a status may lack required texts but no closed enum may be broken") {
    auto with_status = [](std::string_view status) {
        std::string text = pod("");
        return text.substr(0, text.size() - 1) + ",\"status\":" + std::string(status) + "}";
    };
    Object old = with_defaults(pod(""));
    Object waiting = with_defaults(with_status(R"({"phase":"Pending","containerStatuses":[{"name":"c","image":"i","imageID":"",
        "ready":false,"restartCount":0,"state":{"waiting":{"reason":"ContainerCreating"}}}]})"));
    CHECK(flaws(validate_status_update(waiting, old)).empty());
    CHECK(flaws(validate_status_update(with_defaults(with_status(R"({"phase":"Dancing"})")), old))
              .starts_with("status.phase: Unsupported value: \"Dancing\""));
}

TEST_CASE("validation: a header without a value is a header") {
    CHECK(created(container(R"("livenessProbe":{"httpGet":{"port":80,"httpHeaders":[{"name":"X-A","value":""}]}})")).empty());
    CHECK(created(container(R"("livenessProbe":{"httpGet":{"port":80,"httpHeaders":[{"name":"X A","value":""}]}})"))
              .find("a valid HTTP header must consist of") != std::string::npos);
}

TEST_CASE("validation: sysctls by either of their spellings") {
    const auto sysctls = [](const std::string& more, const std::string& names) {
        return pod(more + R"("securityContext":{"sysctls":[)" + names + "]}");
    };
    CHECK(created(sysctls("", R"({"name":"net/ipv4/tcp_syncookies","value":"1"})")).empty());
    CHECK(
        created(sysctls("", R"({"name":"net/ipv4/tcp_syncookies","value":"1"},{"name":"net.ipv4.tcp_syncookies","value":"1"})"))
            .starts_with("spec.securityContext.sysctls[1].name: Duplicate value"));
    for (const char* name : {"net/ipv4/../../kernel/panic", "net.ipv4/tcp_syncookies", "net.//.x", "net.ipv4.ip_forward"})
        CHECK(created(sysctls("", R"({"name":")" + std::string(name) + R"(","value":"1"})")).find("Forbidden") !=
              std::string::npos);
    CHECK(created(sysctls(R"("hostNetwork":true,)", R"({"name":"net/ipv4/tcp_syncookies","value":"1"})"))
              .find("may not be set with host network enabled") != std::string::npos);
}

TEST_CASE("validation: no field is taken for another one's sake only") {
    CHECK(created(container(R"("securityContext":{"appArmorProfile":{"type":"Unconfined","localhostProfile":"x"}})"))
              .find("localhostProfile: Forbidden") != std::string::npos);
    const auto mount = [](const std::string& more) {
        return created(pod(R"("volumes":[{"name":"v","emptyDir":{}}])",
                           R"("name":"c","image":"i","volumeMounts":[{"name":"v","mountPath":"/v",)" + more + "}]"));
    };
    CHECK(mount(R"("readOnly":true,"recursiveReadOnly":"Enabled")").empty());
    CHECK(mount(R"("recursiveReadOnly":"Disabled")").empty());
    CHECK(mount(R"("mountPropagation":"HostToContainer")").empty());
    CHECK(mount(R"("readOnly":true,"recursiveReadOnly":"Enabled","mountPropagation":"HostToContainer")") ==
          "spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when mountPropagation is "
          "None or "
          "not specified");
    CHECK(mount(R"("recursiveReadOnly":"IfPossible")") ==
          "spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true");
    CHECK(mount(R"("readOnly":true,"recursiveReadOnly":"Sometimes")") ==
          "spec.containers[0].volumeMounts[0].recursiveReadOnly: Unsupported value: \"Sometimes\": supported values: "
          "\"Disabled\", \"Enabled\", \"IfPossible\"");
    CHECK(created(service(R"("ports":[{"port":80}],"trafficDistribution":"PreferClose")")).empty());
    CHECK(created(service(R"("ports":[{"port":80}],"trafficDistribution":"Anywhere")"))
              .find("trafficDistribution: Unsupported value") != std::string::npos);
}

TEST_CASE("validation: a pod has as many containers as its supervisor keeps records for") {
    const auto with = [](int count) {
        std::string list = R"({"name":"c0","image":"i"})";
        for (int i = 1; i < count; ++i) list += R"(,{"name":"c)" + std::to_string(i) + R"(","image":"i"})";
        return created(
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"default"},"spec":{"containers":[)" + list +
            "]}}");
    };
    CHECK(with(60).empty());
    CHECK(with(61) == "spec.containers: Too many: 61: must have at most 60 items");
}

TEST_CASE("validation: where a pod wants to be") {
    const auto node_affinity = [](std::string_view term) {
        return created(
            pod(R"("affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[)" +
                std::string(term) + "]}}}"));
    };
    const std::string terms = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
    CHECK(node_affinity(R"({"matchExpressions":[{"key":"disk","operator":"In","values":["ssd"]}]})").empty());
    CHECK(node_affinity("") == terms + ": Required value");
    CHECK(node_affinity(R"({"matchExpressions":[{"key":"disk","operator":"In"}]})") ==
          terms + "[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'");
    CHECK(node_affinity(R"({"matchExpressions":[{"key":"disk","operator":"Exists","values":["a"]}]})") ==
          terms +
              "[0].matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    CHECK(node_affinity(R"({"matchFields":[{"key":"spec.x","operator":"In","values":["a"]}]})") ==
          terms + "[0].matchFields[0].key: Invalid value: \"spec.x\": not a valid field selector key");
    CHECK(created(pod(R"("affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[
          {"weight":101,"podAffinityTerm":{"topologyKey":"a"}}]}})")) ==
          "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must "
          "be in "
          "the range 1-100");
    CHECK(
        created(pod(R"("topologySpreadConstraints":[{"maxSkew":0,"topologyKey":"a","whenUnsatisfiable":"ScheduleAnyway"}])")) ==
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero");
}

TEST_CASE("validation: StatefulSets") {
    const auto set = [](std::string_view spec, std::string_view pod_more = "") {
        return R"({"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db","namespace":"default"},"spec":{)" +
               std::string(spec) +
               R"("selector":{"matchLabels":{"app":"db"}},"template":{"metadata":{"labels":{"app":"db"}},)" +
               R"("spec":{"containers":[{"name":"c","image":"i")" + std::string(pod_more) + "}]}}}}";
    };
    CHECK(created(set("")).empty());
    CHECK(created(set(R"("replicas":-1,)")) == "spec.replicas: Invalid value: -1: must be greater than or equal to 0");
    CHECK(created(set(R"("ordinals":{"start":-2},)")) ==
          "spec.ordinals.start: Invalid value: -2: must be greater than or equal to 0");
    CHECK(created(set(R"("podManagementPolicy":"Sideways",)")) ==
          R"(spec.podManagementPolicy: Unsupported value: "Sideways": supported values: "OrderedReady", "Parallel")");
    CHECK(created(set(R"("updateStrategy":{"type":"OnDelete","rollingUpdate":{"partition":1}},)"))
              .find("only allowed for updateStrategy 'RollingUpdate'") != std::string::npos);
    CHECK(created(set(R"("updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":0}},)")) ==
          "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0");
    CHECK(created(set(R"("updateStrategy":{"rollingUpdate":{"partition":-1}},)")) ==
          "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0");
    CHECK(
        created(set(R"("persistentVolumeClaimRetentionPolicy":{"whenScaled":"Keep"},)")) ==
        R"(spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": supported values: "Delete", "Retain")");
    CHECK(updated(set(R"("replicas":3,"minReadySeconds":5,"ordinals":{"start":1},)", R"(,"stdin":true)"), set("")).empty());
    CHECK(updated(set(R"("serviceName":"x",)"), set(""))
              .starts_with("spec: Forbidden: updates to statefulset spec for fields other"));
    CHECK(updated(set(R"("podManagementPolicy":"Parallel",)"), set("")).starts_with("spec: Forbidden: updates to statefulset"));
}

TEST_CASE("validation: a ControllerRevision has an object, which stays") {
    const auto revision = [](std::string_view more) {
        return R"({"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"r","namespace":"default"})" +
               std::string(more) + "}";
    };
    CHECK(created(revision(R"(,"data":{"a":1},"revision":1)")).empty());
    CHECK(created(revision(R"(,"revision":1)")) == "data: Required value: data is mandatory");
    CHECK(created(revision(R"(,"data":[1],"revision":1)")) == "data: Invalid value: [1]: must be an object");
    CHECK(created(revision(R"(,"data":{},"revision":-1)")) ==
          "revision: Invalid value: -1: must be greater than or equal to 0");
    CHECK(updated(revision(R"(,"data":{"a":1},"revision":2)"), revision(R"(,"data":{"a":1},"revision":1)")).empty());
    CHECK(updated(revision(R"(,"data":{"a":2},"revision":1)"), revision(R"(,"data":{"a":1},"revision":1)")) ==
          R"(data: Invalid value: {"a":2}: field is immutable)");
}

TEST_CASE("validation: scheduling gates go and do not come") {
    const std::string gated = pod(R"("schedulingGates":[{"name":"example.com/a"},{"name":"example.com/b"}])");
    CHECK(created(gated).empty());
    CHECK(updated(pod(R"("schedulingGates":[{"name":"example.com/b"}])"), gated).empty());
    CHECK(updated(pod(R"("nodeSelector":{"disk":"ssd"})"), gated).empty());
    CHECK(updated(gated, pod("")).starts_with("[spec.schedulingGates: Forbidden: only deletion is allowed, but found new"));
    CHECK(updated(pod(R"("nodeSelector":{"disk":"ssd"})"), pod("")).find("pod updates may not change fields") !=
          std::string::npos);
    CHECK(created(pod(R"("nodeName":"box","schedulingGates":[{"name":"a"}])")) ==
          "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared");
}
