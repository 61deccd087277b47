#include "orilla/schema/protobuf.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/protobuf.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/schema/codec.hpp"

using namespace orilla::api;

namespace {

std::string varint(uint64_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    return out += static_cast<char>(value);
}
std::string number(unsigned field, uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(unsigned field, std::string_view value) {
    return varint(field << 3 | 2) + varint(value.size()) + std::string(value);
}
std::string document(std::string_view api_version, std::string_view kind, std::string_view raw) {
    return std::string("k8s\0", 4) + bytes(1, bytes(1, api_version) + bytes(2, kind)) + bytes(2, raw) + bytes(3, "") +
           bytes(4, "");
}
std::string json_from(std::string_view body) {
    auto json = protobuf_to_json(orilla::test::builtin(), body);
    return json ? *json : "error: " + json.error().message();
}

/// As `kubectl create deployment web --image=nginx --replicas=0` sends it.
std::string deployment_bytes() {
    std::string meta = bytes(1, "web") + bytes(2, "") + bytes(8, "") + bytes(11, bytes(1, "app") + bytes(2, "web"));
    std::string selector = bytes(1, bytes(1, "app") + bytes(2, "web"));
    std::string limits = bytes(1, bytes(1, "memory") + bytes(2, bytes(1, "1024Mi")));
    std::string port = bytes(1, "") + number(2, 0) + number(3, 80) + bytes(4, "TCP");
    std::string container = bytes(1, "nginx") + bytes(2, "nginx") + bytes(6, port) + bytes(8, limits);
    // A volume's source is an inlined message: field 2 of Volume, then field 2 is emptyDir.
    std::string volume = bytes(1, "tmp") + bytes(2, bytes(2, bytes(1, "Memory")));
    std::string pod_spec = bytes(1, volume) + bytes(2, container) + bytes(3, "") + number(11, 0);
    std::string pods = bytes(1, bytes(11, bytes(1, "app") + bytes(2, "web"))) + bytes(2, pod_spec);
    std::string spec = number(1, 0) + bytes(2, selector) + bytes(3, pods) + bytes(4, bytes(1, "")) + number(5, 0);
    return document("apps/v1", "Deployment", bytes(1, meta) + bytes(2, spec) + bytes(3, number(1, 0)));
}

}  // namespace

TEST_CASE("protobuf: a deployment reads as its JSON form") {
    auto object = decode_protobuf_object(orilla::test::builtin(), deployment_bytes());
    REQUIRE(object.has_value());
    const auto& got = object->as<Deployment>();
    CHECK(got.metadata.name == "web");
    CHECK(*got.metadata.labels.get("app") == "web");
    REQUIRE(got.spec.replicas.has_value());
    CHECK(*got.spec.replicas == 0);
    CHECK(*got.spec.selector->match_labels.get("app") == "web");
    REQUIRE(got.spec.template_.spec.containers.size() == 1);
    const Container& container = got.spec.template_.spec.containers[0];
    CHECK(container.image == "nginx");
    CHECK(container.ports[0].container_port == 80);
    CHECK(container.resources.limits.get("memory")->text == "1Gi");
    REQUIRE(got.spec.template_.spec.volumes.size() == 1);
    REQUIRE(got.spec.template_.spec.volumes[0].empty_dir);
    CHECK(got.spec.template_.spec.volumes[0].empty_dir->medium == "Memory");
    // `status` is no pointer and may be printed empty; nothing else differs from what --dry-run=client -o json shows.
    CHECK(json_from(deployment_bytes()).find(R"("replicas":0,"selector":{"matchLabels":{"app":"web"}})") != std::string::npos);
}

TEST_CASE("protobuf: times, bytes, numbers and texts become what JSON has") {
    std::string time = number(1, 1700000000) + number(2, 5);
    std::string meta = bytes(1, "s") + bytes(8, time) + number(7, static_cast<uint64_t>(-3));
    std::string data = bytes(1, "k") + bytes(2, std::string("\0\xff", 2));
    auto object = decode_protobuf_object(orilla::test::builtin(),
                                         document("v1", "Secret", bytes(1, meta) + bytes(2, data) + bytes(3, "Opaque")));
    REQUIRE(object.has_value());
    CHECK(object->meta().creation_timestamp.format() == "2023-11-14T22:13:20Z");
    CHECK(object->meta().generation == -3);
    CHECK(*object->as<Secret>().data.get("k") == "AP8=");

    std::string port = number(3, 80) + bytes(4, number(1, 1) + number(2, 0) + bytes(3, "http"));
    std::string other = number(3, 81) + bytes(4, number(1, 0) + number(2, 8081) + bytes(3, ""));
    auto service =
        decode_protobuf_object(orilla::test::builtin(), document("v1", "Service", bytes(2, bytes(1, port) + bytes(1, other))));
    REQUIRE(service.has_value());
    CHECK(service->as<Service>().spec.ports[0].target_port.to_string() == "http");
    CHECK(service->as<Service>().spec.ports[1].target_port.to_string() == "8081");
}

TEST_CASE("protobuf: DeleteOptions and unknown kinds") {
    CHECK(json_from(document("v1", "DeleteOptions", number(1, 0) + bytes(4, "Background"))).find(R"("gracePeriodSeconds":0)") !=
          std::string::npos);
    CHECK(json_from(document("v1", "Nothing", "")) == "error: no kind \"Nothing\" is registered for version \"v1\"");
    CHECK(json_from("{}").starts_with("error: the body is not Kubernetes protobuf"));
}

TEST_CASE("protobuf: lengths that lie are refused") {
    CHECK_FALSE(
        decode_protobuf_object(orilla::test::builtin(), document("v1", "Pod", std::string("\x0a\xff\xff\xff\xff\x0f", 6)))
            .has_value());
    CHECK_FALSE(decode_protobuf_object(orilla::test::builtin(), document("v1", "Pod", "\x0a")).has_value());
    CHECK_FALSE(decode_protobuf_object(orilla::test::builtin(), document("v1", "Pod", std::string(12, '\xff'))).has_value());
    CHECK_FALSE(decode_protobuf_object(orilla::test::builtin(), document("v1", "Pod", number(1, 5))).has_value());
    CHECK_FALSE(
        decode_protobuf_object(orilla::test::builtin(), document("v1", "Pod", bytes(1, bytes(1, "\xff\xfe")))).has_value());
}

TEST_CASE("protobuf: a body of countless elements is refused") {
    std::string containers;
    for (size_t i = 0; i <= protobuf_elements_max; ++i) containers += bytes(2, "");
    auto object = decode_protobuf_object(orilla::test::builtin(), document("v1", "Pod", bytes(2, containers)));
    REQUIRE_FALSE(object.has_value());
    CHECK(object.error().code() == orilla::Code::too_large);
}

TEST_CASE("protobuf: cut off and changed bodies never crash the decoder") {
    const std::string whole = deployment_bytes();
    for (size_t i = 0; i < whole.size(); ++i)
        (void)decode_protobuf_object(orilla::test::builtin(), std::string_view(whole).substr(0, i));
    uint64_t state = 3;
    for (int round = 0; round < 20'000; ++round) {
        std::string body = whole;
        for (int j = 0; j < 3; ++j) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            body[4 + (state >> 33) % (body.size() - 4)] = static_cast<char>(state >> 20);
        }
        (void)json_from(body);
    }
}
