#include <catch2/catch.hpp>

#include "orilla/kinds/types.hpp"
#include "orilla/schema/patch.hpp"

using namespace orilla::api;

namespace {

template <class T>
std::string patch(std::string_view last, std::string_view manifest, std::string_view live) {
    auto made = make_three_way_patch(last, manifest, live, type_info<T>());
    return made ? *made : "error: " + made.error().message();
}

/// The live object after the patch: what apply is about.
template <class T>
std::string applied(std::string_view last, std::string_view manifest, std::string_view live) {
    auto result = apply_strategic_patch(live, patch<T>(last, manifest, live), type_info<T>());
    return result ? *result : "error: " + result.error().message();
}

}  // namespace

TEST_CASE("three-way patch: an unchanged manifest makes an empty patch, whatever others added") {
    CHECK(patch<Deployment>(R"({"spec":{"paused":true}})", R"({"spec":{"paused":true}})",
                            R"({"spec":{"paused":true,"replicas":3},"status":{"replicas":3}})") == "{}");
    CHECK(patch<PodSpec>("", R"({"containers":[{"name":"a","image":"1"}]})",
                         R"({"containers":[{"name":"a","image":"1","imagePullPolicy":"Always"},{"name":"sidecar"}]})") == "{}");
}

TEST_CASE("three-way patch: what the manifest dropped goes, what others set stays") {
    CHECK(applied<Deployment>(R"({"spec":{"replicas":2,"paused":true}})", R"({"spec":{"paused":true}})",
                              R"({"spec":{"paused":true,"replicas":2,"minReadySeconds":1}})") ==
          R"({"spec":{"paused":true,"minReadySeconds":1}})");
    CHECK(applied<PodSpec>(R"({"nodeSelector":{"a":"1","b":"1"}})", R"({"nodeSelector":{"a":"2"}})",
                           R"({"nodeSelector":{"a":"1","b":"1","c":"1"}})") == R"({"nodeSelector":{"a":"2","c":"1"}})");
}

TEST_CASE("three-way patch: lists by key") {
    CHECK(
        patch<PodSpec>(R"({"containers":[{"name":"c","env":[{"name":"A","value":"1"}]},{"name":"d"}]})",
                       R"({"containers":[{"name":"c","image":"nginx:2","env":[{"name":"B","value":"2"}]}]})",
                       R"({"containers":[{"name":"c","image":"nginx:1","env":[{"name":"A","value":"1"}]},{"name":"d"}]})") ==
        R"({"$setElementOrder/containers":[{"name":"c"}],"containers":[{"image":"nginx:2",)"
        R"("$setElementOrder/env":[{"name":"B"}],"env":[{"name":"B","value":"2"},{"$patch":"delete","name":"A"}],"name":"c"},)"
        R"({"$patch":"delete","name":"d"}]})");
    CHECK(applied<PodSpec>(
              R"({"volumes":[{"name":"v","emptyDir":{}}]})", R"({"volumes":[{"name":"v","configMap":{"name":"c"}}]})",
              R"({"volumes":[{"name":"v","emptyDir":{}}]})") == R"({"volumes":[{"name":"v","configMap":{"name":"c"}}]})");
    CHECK(applied<ObjectMeta>(R"({"finalizers":["a","b"]})", R"({"finalizers":["b","c"]})",
                              R"({"finalizers":["a","b","x"]})") == R"({"finalizers":["b","c","x"]})");
    CHECK(applied<Deployment>(R"({"spec":{}})", R"({"spec":{"strategy":{"type":"Recreate"}}})",
                              R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})") ==
          R"({"spec":{"strategy":{"type":"Recreate"}}})");
    CHECK(applied<PodSpec>("{}", R"({"tolerations":[{"key":"a"}]})", R"({"tolerations":[{"key":"b"},{"key":"c"}]})") ==
          R"({"tolerations":[{"key":"a"}]})");
}

TEST_CASE("three-way patch: a list of documents is no manifest") {
    CHECK(patch<PodSpec>("{}", "[]", "{}") == "error: the manifest is not a JSON object");
}
