// Bodies in protobuf, as typed clients send them from 1.32 on, of types that are no kinds of their own.
#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"

using orilla::test::Answer;
using orilla::test::ApiWorld;

namespace {
const std::string protobuf = "Content-Type: application/vnd.kubernetes.protobuf\r\n";

/// A field of bytes, shorter than 128.
std::string bytes_field(unsigned field, std::string_view value) {
    return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(value.size())} + std::string(value);
}
std::string number_field(unsigned field, unsigned value) { return {static_cast<char>(field << 3), static_cast<char>(value)}; }
std::string envelope(std::string_view api_version, std::string_view kind, std::string_view raw) {
    return std::string("k8s\0", 4) + bytes_field(1, bytes_field(1, api_version) + bytes_field(2, kind)) + bytes_field(2, raw) +
           bytes_field(3, "") + bytes_field(4, "");
}

struct BoundPod : ApiWorld {
    BoundPod() {
        create("/api/v1/namespaces/default/pods",
               R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
        REQUIRE(client.ask("POST", path + "/binding", R"({"target":{"kind":"Node","name":"n"}})").status == 201);
    }
    const std::string path = "/api/v1/namespaces/default/pods/a";
};
}  // namespace

TEST_CASE("protobuf bodies: an Eviction, with options and without") {
    const std::string meta = bytes_field(1, "a") + bytes_field(2, "") + bytes_field(3, "default") + bytes_field(8, "");
    for (const std::string& options : {std::string(), bytes_field(2, ""), bytes_field(2, number_field(1, 5))}) {
        BoundPod w;
        const Answer answer = w.client.ask("POST", w.path + "/eviction",
                                           envelope("policy/v1", "Eviction", bytes_field(1, meta) + options), protobuf);
        INFO(answer.body);
        CHECK(answer.status == 201);
        const Answer pod = w.client.ask("GET", w.path);
        CHECK(pod.has(R"("reason":"EvictionByEvictionAPI")"));
        CHECK(pod.has(options.size() > 2 ? R"("deletionGracePeriodSeconds":5)" : R"("deletionGracePeriodSeconds":30)"));
    }
}

TEST_CASE("protobuf bodies: an Eviction without a type in its envelope") {
    BoundPod w;
    const Answer answer =
        w.client.ask("POST", w.path + "/eviction", envelope("", "", bytes_field(1, bytes_field(1, "a"))), protobuf);
    INFO(answer.body);
    CHECK(answer.status == 201);
}

TEST_CASE("protobuf bodies: DeleteOptions of a single object and of a collection") {
    for (const char* version : {"v1", "policy/v1", "meta.k8s.io/v1"}) {
        BoundPod w;
        CHECK(w.client.ask("DELETE", w.path, envelope(version, "DeleteOptions", number_field(1, 7)), protobuf)
                  .has(R"("deletionGracePeriodSeconds":7)"));
        CHECK(w.client
                  .ask("DELETE", "/api/v1/namespaces/default/pods", envelope(version, "DeleteOptions", number_field(1, 0)),
                       protobuf)
                  .status == 200);
        CHECK(w.client.ask("GET", w.path).status == 404);
    }
}
