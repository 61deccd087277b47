#include "orilla/schema/codec.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/types.hpp"

using namespace orilla;
using namespace orilla::api;

namespace {
// A pod as kubectl get -o json prints it, cut to size; fields in schema order.
const char* const pod_json =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-1","namespace":"default","uid":"0f6a","resourceVersion":"41",)"
    R"("generation":1,"creationTimestamp":"2024-05-06T07:08:09Z","labels":{"app":"web","pod-template-hash":"abc"},)"
    R"("ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"17","controller":true,)"
    R"("blockOwnerDeletion":true}],"managedFields":[{"manager":"kubectl","operation":"Update","apiVersion":"v1",)"
    R"("time":"2024-05-06T07:08:09Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"k":[1,-2.5,null,true,"\"x\""]}}}}]},)"
    R"("spec":{"volumes":[{"name":"cfg","configMap":{"name":"web","items":[{"key":"a","path":"b"}],"defaultMode":420}},)"
    R"({"name":"tmp","emptyDir":{}}],"containers":[{"name":"web","image":"nginx:1.25","args":["-g","daemon \"off\";\n"],)"
    R"("ports":[{"name":"http","containerPort":80,"protocol":"TCP"}],"env":[{"name":"A","value":"1"},)"
    R"({"name":"B","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}],)"
    R"("resources":{"limits":{"cpu":"500m","memory":"64Mi"}},"readinessProbe":{"httpGet":{"path":"/","port":"http"},)"
    R"("periodSeconds":1},"imagePullPolicy":"IfNotPresent","securityContext":{"runAsUser":0,"runAsNonRoot":false}}],)"
    R"("restartPolicy":"Always","terminationGracePeriodSeconds":0,"nodeSelector":{"disk":"ssd"},"hostNetwork":true,)"
    R"("securityContext":{},"tolerations":[{"key":"a","operator":"Exists","tolerationSeconds":300}],"priority":0},)"
    R"("status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":null,)"
    R"("lastTransitionTime":"2024-05-06T07:08:10Z"}],)"
    R"("podIP":"10.42.0.5","podIPs":[{"ip":"10.42.0.5"}],"containerStatuses":[{"name":"web",)"
    R"("state":{"running":{"startedAt":"2024-05-06T07:08:10Z"}},"lastState":{},"ready":true,"restartCount":0,"image":"nginx:1.25",)"
    R"("imageID":"sha256:1","started":false}]}})";

std::string error_of(std::string_view json) {
    auto decoded = decode<Pod>(json);
    return decoded ? "" : decoded.error().message();
}

std::vector<std::string> problems_of(std::string_view json) {
    DecodeReport report;
    auto decoded = decode<Pod>(json, &report);
    REQUIRE(decoded);
    return report.problem_texts();
}
}  // namespace

TEST_CASE("codec: a pod comes back as it was") {
    auto pod = decode<Pod>(pod_json);
    REQUIRE(pod);
    CHECK(encode(*pod) == pod_json);
}

TEST_CASE("codec: an amount that was never set is printed as 0, and 0 is as good as unset") {
    auto zero = decode<ResourceFieldSelector>(R"({"resource":"limits.cpu","divisor":"0"})");
    auto unset = decode<ResourceFieldSelector>(R"({"resource":"limits.cpu"})");
    REQUIRE((zero && unset));
    CHECK(*zero == *unset);
    CHECK(encode(*unset) == R"({"resource":"limits.cpu","divisor":"0"})");
    // A pointer in Go, and an entry of a map, are there or not.
    auto volume = decode<EmptyDirVolumeSource>(R"({"sizeLimit":"0"})");
    REQUIRE(volume);
    CHECK(encode(*volume) == R"({"sizeLimit":"0"})");
    CHECK(encode(EmptyDirVolumeSource{}) == "{}");
    auto amounts = decode<ResourceRequirements>(R"({"limits":{"cpu":"0"}})");
    REQUIRE(amounts);
    CHECK(encode(*amounts) == R"({"limits":{"cpu":"0"}})");
}

TEST_CASE("codec: members have the JSON's values and absence is kept apart from zero") {
    auto pod = decode<Pod>(pod_json);
    REQUIRE(pod);
    CHECK(pod->metadata.name == "web-1");
    CHECK(*pod->metadata.labels.get("app") == "web");
    CHECK(pod->metadata.creation_timestamp.unix_s == 1714979289);
    CHECK(pod->metadata.owner_references[0].controller == true);
    CHECK(pod->spec.termination_grace_period_seconds == 0);
    CHECK_FALSE(pod->spec.active_deadline_seconds.has_value());
    CHECK(pod->spec.host_network);
    CHECK(pod->spec.security_context.has_value());
    CHECK(pod->spec.volumes[1].empty_dir.has_value());
    const Container& web = pod->spec.containers[0];
    CHECK(web.args[1] == "daemon \"off\";\n");
    CHECK(web.resources.limits.get("cpu")->milli_value() == 500);
    CHECK(web.readiness_probe->http_get->port.text == "http");
    CHECK(web.env[1].value_from->field_ref->field_path == "status.podIP");
    CHECK(web.security_context->run_as_user == 0);
    CHECK_FALSE(web.security_context->run_as_group.has_value());
    CHECK(pod->status.container_statuses[0].state.running->started_at.set);
}

TEST_CASE("codec: unknown and duplicate fields are reported by path, and decoding goes on") {
    CHECK(problems_of(R"({"spec":{"foo":{"a":[1,{"b":2}]},"nodeName":"n"},"bar":1})") ==
          std::vector<std::string>{R"(unknown field "spec.foo")", R"(unknown field "bar")"});
    CHECK(problems_of(R"({"spec":{"containers":[{"name":"a"},{"imagePullpolicy":"Always"}]}})") ==
          std::vector<std::string>{R"(unknown field "spec.containers[1].imagePullpolicy")"});
    CHECK(problems_of(R"({"spec":{"nodeName":"a","nodeName":"b"}})") ==
          std::vector<std::string>{R"(duplicate field "spec.nodeName")"});
    CHECK(problems_of(R"({"metadata":{"labels":{"a":"1","a":"2"}}})") ==
          std::vector<std::string>{R"(duplicate field "metadata.labels.a")"});
    DecodeReport report;
    auto pod = decode<Pod>(R"({"spec":{"containers":[{"name":"a"}],"containers":[{"name":"b"}],"x":1}})", &report);
    REQUIRE(pod);
    REQUIRE(pod->spec.containers.size() == 1);
    CHECK(pod->spec.containers[0].name == "b");
    CHECK(report.check_strict().error().message() ==
          R"(strict decoding error: duplicate field "spec.containers", unknown field "spec.x")");
}

TEST_CASE("codec: wrong types are refused with the field's path") {
    CHECK(error_of(R"({"spec":{"priority":"high"}})") == "spec.priority: expected int32, got string");
    CHECK(error_of(R"({"spec":{"containers":{}}})") == "spec.containers: expected array, got object");
    CHECK(error_of(R"({"spec":[]})") == "spec: expected object, got array");
    CHECK(error_of(R"({"spec":{"containers":[{"ports":[{"containerPort":8.5}]}]}})") ==
          "spec.containers[0].ports[0].containerPort: expected int32, got number 8.5");
    CHECK(error_of(R"({"spec":{"priority":3000000000}})") == "spec.priority: number 3000000000 is out of range of int32");
    CHECK(error_of(R"({"metadata":{"labels":{"a":1}}})") == "metadata.labels.a: expected string, got number");
    CHECK(error_of(R"({"spec":{"hostNetwork":"yes"}})") == "spec.hostNetwork: expected bool, got string");
    CHECK(error_of(R"({"spec":{"containers":["a"]}})") == "spec.containers[0]: expected object, got string");
    CHECK(error_of("[]") == "expected object, got array");
    CHECK(error_of("3") == "expected object, got number");
    CHECK(decode<Secret>(R"({"data":{"a":"not base64!"}})").error().message() == "data.a: illegal base64 data");
}

TEST_CASE("codec: bad JSON is refused with its place") {
    CHECK(error_of("{\n \"spec\": }").find("invalid JSON at line 2, column 10") == 0);
    CHECK(error_of("{").find("invalid JSON") == 0);
    CHECK(error_of("").find("invalid JSON") == 0);
    CHECK(error_of("{} {}").find("invalid JSON") == 0);
    CHECK(error_of("{\"metadata\":{\"name\":\"\xff\"}}").find("invalid JSON") == 0);
}

TEST_CASE("codec: depth and size have limits") {
    std::string deep(200, '[');
    CHECK(error_of("{\"x\":" + deep).find("invalid JSON") == 0);
    std::string raw = "{\"metadata\":{\"managedFields\":[{\"fieldsV1\":" + deep;
    CHECK(error_of(raw).find("invalid JSON") == 0);
    std::string huge(json_bytes_max + 1, ' ');
    CHECK(decode<Pod>(huge).error().code() == Code::too_large);
}

TEST_CASE("codec: a document cannot become much larger in memory than it is") {
    std::string json = R"({"spec":{"containers":[{})";
    while (json.size() < json_bytes_max - 100) json += ",{}";
    CHECK(error_of(json + "]}}").find(": the document takes more memory than an object may") != std::string::npos);
}

TEST_CASE("codec: foreign names are cut short and escaped in messages") {
    std::string name(1000, 'x');
    CHECK(problems_of("{\"" + name + "\":1}").at(0).size() < 300);
    CHECK(problems_of("{\"a\\r\\nb\":1}").at(0) == R"(unknown field "a\r\nb")");
    std::string many = "{";
    for (int i = 0; i < 1000; ++i) many += "\"u" + std::to_string(i) + "\":0,";
    CHECK(problems_of(many + "\"z\":0}").size() == field_problems_max);
}

TEST_CASE("codec: null means absent") {
    auto pod = decode<Pod>(R"({"metadata":{"creationTimestamp":null,"name":"a","labels":null},"spec":null,"status":{}})");
    REQUIRE(pod);
    CHECK(encode(*pod) == R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","creationTimestamp":null},)"
                          R"("spec":{"containers":[]},"status":{}})");
}

TEST_CASE("codec: required lists and values print although empty, and structs that are no pointers in Go") {
    Pod pod;
    pod.spec.containers.emplace_back().name = "a";
    CHECK(encode(pod) == R"({"kind":"Pod","apiVersion":"v1","metadata":{"creationTimestamp":null},)"
                         R"("spec":{"containers":[{"name":"a","resources":{}}]},"status":{}})");
    CHECK(encode(PodList{}) == R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]})");
    CHECK(encode(Status{}) == R"({"kind":"Status","apiVersion":"v1","metadata":{}})");
}

TEST_CASE("codec: an optional string may be present and empty") {
    auto slice = decode<EndpointSlice>(R"({"addressType":"IPv4","endpoints":[],"ports":[{"name":"","port":80}]})");
    REQUIRE(slice);
    CHECK(slice->ports[0].name.has_value());
    CHECK_FALSE(slice->ports[0].protocol.has_value());
    CHECK(encode(slice->ports[0]) == R"({"name":"","port":80})");
}

TEST_CASE("codec: the resource version is stamped into the document's own metadata only") {
    Deployment deployment;
    deployment.metadata.name = "web";
    deployment.metadata.resource_version = "1";
    deployment.spec.template_.metadata.name = "inner";
    std::string json = encode(deployment, {.resource_version = "42"});
    CHECK(json.find(R"("metadata":{"name":"web","resourceVersion":"42","creationTimestamp":null})") != std::string::npos);
    CHECK(json.find(R"("metadata":{"name":"inner","creationTimestamp":null})") != std::string::npos);
    deployment.metadata = {};
    CHECK(
        encode(deployment, {.resource_version = "7"}).find(R"("metadata":{"resourceVersion":"7","creationTimestamp":null})") !=
        std::string::npos);
}

TEST_CASE("codec: objects are decoded by the kind they name") {
    auto object = decode_object(orilla::test::builtin(), pod_json);
    REQUIRE(object);
    CHECK(object->kind().resource == "pods");
    CHECK(object->meta().name == "web-1");
    CHECK(object->is<Pod>());
    Object copy = object->clone();
    CHECK(copy == *object);
    copy.as<Pod>().spec.containers[0].image = "nginx:2";
    CHECK_FALSE(copy == *object);
    CHECK(object->as<Pod>().spec.containers[0].image == "nginx:1.25");

    CHECK(decode_object(orilla::test::builtin(), R"({"kind":"Foo","apiVersion":"v1"})").error().message() ==
          R"(no matches for kind "Foo" in version "v1")");
    CHECK_FALSE(decode_object(orilla::test::builtin(), R"({"metadata":{}})"));
    CHECK(decode_object(kind_of<Pod>(), R"({"metadata":{}})"));
    CHECK_FALSE(decode_object(kind_of<Pod>(), R"({"kind":"Service","apiVersion":"v1"})"));
    CHECK_FALSE(decode_object(kind_of<Deployment>(), R"({"kind":"Deployment","apiVersion":"v1"})"));
}

TEST_CASE("codec: every byte of a string survives, wherever it stands") {
    for (int c = 1; c < 128; ++c) {
        for (size_t at = 0; at < 20; ++at) {
            ConfigMap map;
            std::string text(20, 'a');
            text[at] = static_cast<char>(c);
            text += "\xc3\xa4";
            map.data["k"] = text;
            auto back = decode<ConfigMap>(encode(map));
            REQUIRE(back);
            REQUIRE(back->data["k"] == text);
        }
    }
}

TEST_CASE("codec: a type may have more than 64 fields, and each is found twice at most once") {
    constexpr size_t count = 150;
    static std::vector<std::string> names;
    static std::vector<FieldInfo> fields;
    for (size_t i = 0; i < count; ++i) names.push_back("f" + std::to_string(i));
    for (size_t i = 0; i < count; ++i)
        fields.push_back({names[i], &type_info<int32_t>(), nullptr, static_cast<uint16_t>(i * sizeof(int32_t)), Shape::plain,
                          false, true, false, 0, 0});
    const TypeInfo type{"Large", "", "", fields, count * sizeof(int32_t), alignof(int32_t), Kind::object, false, -1};
    std::string json = "{";
    for (size_t i = 0; i < count; ++i) json += (i ? ",\"" : "\"") + names[i] + "\":" + std::to_string(i);
    std::vector<int32_t> values(count);
    DecodeReport report;
    REQUIRE(decode_into(type, values.data(), json + "}", &report));
    CHECK(report.field_problems.empty());
    CHECK(values[64] == 64);
    CHECK(values[149] == 149);
    REQUIRE(decode_into(type, values.data(), json + R"(,"f64":1,"f0":2,"f149":3})", &report));
    CHECK(report.problem_texts() ==
          std::vector<std::string>{R"(duplicate field "f64")", R"(duplicate field "f0")", R"(duplicate field "f149")"});
}
