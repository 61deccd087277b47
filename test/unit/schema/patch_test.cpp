#include "orilla/schema/patch.hpp"

#include <catch2/catch.hpp>

#include "orilla/kinds/types.hpp"

using namespace orilla::api;
using orilla::Code;

namespace {

std::string text_of(const orilla::Result<std::string>& result) {
    return result ? *result : "error: " + result.error().message();
}
std::string json_patch(std::string_view document, std::string_view patch) { return text_of(apply_json_patch(document, patch)); }
std::string merge_patch(std::string_view document, std::string_view patch) {
    return text_of(apply_merge_patch(document, patch));
}
template <class T>
std::string strategic(std::string_view document, std::string_view patch) {
    return text_of(apply_strategic_patch(document, patch, type_info<T>()));
}

}  // namespace

TEST_CASE("JSON patch: the operations of RFC 6902") {
    CHECK(json_patch(R"({"a":1})", R"([{"op":"add","path":"/b","value":{"c":[]}},{"op":"add","path":"/b/c/-","value":2}])") ==
          R"({"a":1,"b":{"c":[2]}})");
    CHECK(json_patch(R"({"a":[1,2,3]})", R"([{"op":"add","path":"/a/1","value":9},{"op":"remove","path":"/a/0"}])") ==
          R"({"a":[9,2,3]})");
    CHECK(json_patch(R"({"a":{"b":1}})", R"([{"op":"replace","path":"/a/b","value":2}])") == R"({"a":{"b":2}})");
    CHECK(json_patch(R"({"a":1})", R"([{"op":"move","from":"/a","path":"/b"}])") == R"({"b":1})");
    CHECK(json_patch(R"({"a":1})", R"([{"op":"copy","from":"/a","path":"/b"}])") == R"({"a":1,"b":1})");
    CHECK(json_patch(R"({"a/b":{"~":1}})", R"([{"op":"replace","path":"/a~1b/~0","value":2}])") == R"({"a/b":{"~":2}})");
    CHECK(json_patch(R"({"a":1})", R"([{"op":"test","path":"/a","value":1}])") == R"({"a":1})");
    CHECK(json_patch(R"({"a":1})", R"([{"op":"replace","path":"","value":[]}])") == "[]");
}

TEST_CASE("JSON patch: a failing operation is invalid, an unreadable one a bad request") {
    auto code = [](std::string_view patch) { return apply_json_patch(R"({"a":[1],"b":{}})", patch).error().code(); };
    CHECK(code(R"([{"op":"remove","path":"/x"}])") == Code::invalid);
    CHECK(code(R"([{"op":"replace","path":"/x","value":1}])") == Code::invalid);
    CHECK(code(R"([{"op":"test","path":"/a/0","value":2}])") == Code::invalid);
    CHECK(code(R"([{"op":"add","path":"/a/2","value":2}])") == Code::invalid);
    CHECK(code(R"([{"op":"add","path":"/a/01","value":2}])") == Code::invalid);
    CHECK(code(R"([{"op":"add","path":"/x/y","value":2}])") == Code::invalid);
    CHECK(code(R"([{"op":"move","from":"/b","path":"/b/c"}])") == Code::invalid);
    CHECK(code(R"([{"op":"jump","path":"/a"}])") == Code::bad_request);
    CHECK(code(R"([{"op":"add","path":"/a"}])") == Code::bad_request);
    CHECK(code(R"([{"op":"add","path":"a","value":1}])") == Code::bad_request);
    CHECK(code(R"({"op":"add"})") == Code::bad_request);
    CHECK(code("nonsense") == Code::bad_request);
}

TEST_CASE("JSON patch: it cannot grow without bounds") {
    std::string many = "[";
    for (size_t i = 0; i <= json_patch_operations_max; ++i)
        many += std::string(i ? "," : "") + R"({"op":"test","path":"","value":{}})";
    CHECK(apply_json_patch("{}", many + "]").error().code() == Code::too_large);
    std::string bomb = R"([{"op":"add","path":"/a","value":["0123456789"]})";
    for (int i = 0; i < 60; ++i) bomb += R"(,{"op":"copy","from":"/a","path":"/a/-"})";
    CHECK(apply_json_patch("{}", bomb + "]").error().code() == Code::invalid);
    CHECK_FALSE(apply_merge_patch("{}", std::string(100, '[') + std::string(100, ']')).has_value());
}

TEST_CASE("merge patch: the examples of RFC 7386") {
    CHECK(merge_patch(R"({"a":"b"})", R"({"a":"c"})") == R"({"a":"c"})");
    CHECK(merge_patch(R"({"a":"b","b":"c"})", R"({"a":null})") == R"({"b":"c"})");
    CHECK(merge_patch(R"({"a":["b"]})", R"({"a":"c"})") == R"({"a":"c"})");
    CHECK(merge_patch(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})") == R"({"a":{"b":"d"}})");
    CHECK(merge_patch(R"({"a":[1,2]})", R"({"a":[3]})") == R"({"a":[3]})");
    CHECK(merge_patch(R"({})", R"({"a":{"bb":{"ccc":null}}})") == R"({"a":{"bb":{}}})");
    CHECK(merge_patch("{}", R"({"cpu":0.5,"n":1.0,"big":1e30,"small":-1.5e-9,"i":9007199254740993})") ==
          R"({"cpu":0.5,"n":1,"big":1e+30,"small":-1.5e-09,"i":9007199254740993})");
    CHECK_FALSE(apply_merge_patch("{}", "[]").has_value());
}

TEST_CASE("strategic patch: elements merge by their key and keep their order") {
    CHECK(strategic<PodSpec>(R"({"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]})",
                             R"({"containers":[{"name":"b","image":"3"},{"name":"c","image":"4"}]})") ==
          R"({"containers":[{"name":"a","image":"1"},{"name":"b","image":"3"},{"name":"c","image":"4"}]})");
    CHECK(strategic<PodSpec>(R"({"containers":[{"name":"a"},{"name":"b"}]})",
                             R"({"containers":[{"$patch":"delete","name":"a"}]})") == R"({"containers":[{"name":"b"}]})");
    CHECK(strategic<PodSpec>(R"({"containers":[{"name":"a"},{"name":"b"}]})",
                             R"({"containers":[{"$patch":"replace"},{"name":"z"}]})") == R"({"containers":[{"name":"z"}]})");
    CHECK(strategic<PodSpec>(R"({"tolerations":[{"key":"a"}]})", R"({"tolerations":[{"key":"b"}]})") ==
          R"({"tolerations":[{"key":"b"}]})");
    CHECK(strategic<ObjectMeta>(R"({"finalizers":["a","b"]})", R"({"finalizers":["b","c"]})") ==
          R"({"finalizers":["a","b","c"]})");
    CHECK(strategic<ObjectMeta>(R"({"finalizers":["a","b"]})", R"({"$deleteFromPrimitiveList/finalizers":["a"]})") ==
          R"({"finalizers":["b"]})");
}

TEST_CASE("strategic patch: what apply sends for an edited Deployment") {
    std::string live =
        R"({"spec":{"template":{"spec":{"containers":[)"
        R"({"name":"d","image":"x"},{"name":"c","image":"nginx:1","env":[{"name":"A","value":"1"},{"name":"B","value":"1"}]}]}}}})";
    std::string patch =
        R"({"metadata":{"annotations":{"last-applied":"{}"}},"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"c"}],)"
        R"("containers":[{"$setElementOrder/env":[{"name":"B"}],"env":[{"name":"B","value":"2"},{"$patch":"delete","name":"A"}],)"
        R"("image":"nginx:2","name":"c"},{"$patch":"delete","name":"d"}]}}}})";
    CHECK(strategic<Deployment>(live, patch) ==
          R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":"nginx:2","env":[{"name":"B","value":"2"}]}]}}},)"
          R"("metadata":{"annotations":{"last-applied":"{}"}}})");
}

TEST_CASE("strategic patch: $setElementOrder orders what it names and leaves the server's elements in place") {
    CHECK(strategic<PodSpec>(R"({"containers":[{"name":"s"},{"name":"a"},{"name":"b"}]})",
                             R"({"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]})") ==
          R"({"containers":[{"name":"s"},{"name":"b"},{"name":"a"}]})");
    CHECK(strategic<PodSpec>(R"({"containers":[{"name":"a"}]})",
                             R"({"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b"}]})") ==
          R"({"containers":[{"name":"b"},{"name":"a"}]})");
    CHECK_FALSE(
        apply_strategic_patch("{}", R"({"$setElementOrder/containers":[],"containers":[{"name":"b"}]})", type_info<PodSpec>())
            .has_value());
}

TEST_CASE("strategic patch: directives of objects") {
    CHECK(strategic<Deployment>(R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})",
                                R"({"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}})") ==
          R"({"spec":{"strategy":{"type":"Recreate"}}})");
    CHECK_FALSE(apply_strategic_patch(R"({"strategy":{}})", R"({"strategy":{"$retainKeys":["x"],"type":"y"}})",
                                      type_info<DeploymentSpec>())
                    .has_value());
    CHECK(strategic<PodSpec>(R"({"nodeSelector":{"a":"1"}})", R"({"nodeSelector":{"$patch":"replace","b":"2"}})") ==
          R"({"nodeSelector":{"b":"2"}})");
    CHECK(strategic<PodSpec>(R"({"nodeSelector":{"a":"1"}})", R"({"nodeSelector":{"$patch":"delete"}})") ==
          R"({"nodeSelector":{}})");
    CHECK(strategic<PodSpec>(R"({"nodeSelector":{"a":"1"}})", R"({"nodeSelector":null})") == "{}");
    CHECK(strategic<PodSpec>("{}", R"({"affinity":{"nodeAffinity":null,"podAffinity":{"$patch":"merge"}}})") ==
          R"({"affinity":{"podAffinity":{}}})");
}

TEST_CASE("strategic patch: bad patches are bad requests") {
    auto code = [](std::string_view patch) {
        auto result = apply_strategic_patch(R"({"containers":[{"name":"a"}],"nodeSelector":{}})", patch, type_info<PodSpec>());
        return result ? Code::internal : result.error().code();
    };
    CHECK(code(R"({"containers":[{"image":"x"}]})") == Code::bad_request);
    CHECK(code(R"({"containers":["x"]})") == Code::bad_request);
    CHECK(code(R"({"nodeSelector":{"$patch":"explode"}})") == Code::bad_request);
    CHECK(code(R"({"nodeSelector":{"$retainKeys":"x"}})") == Code::bad_request);
    CHECK(code("[]") == Code::bad_request);
    CHECK(code("{") == Code::bad_request);
}

TEST_CASE("patches: changed bytes never crash them") {
    std::string live = R"({"containers":[{"name":"a","env":[{"name":"A"}]}],"nodeSelector":{"a":"1"}})";
    std::string patch =
        R"({"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"a","env":[{"$patch":"delete","name":"A"}]}],)"
        R"("nodeSelector":{"$retainKeys":["b"],"b":null},"$deleteFromPrimitiveList/x":[1]})";
    std::string operations =
        R"([{"op":"move","from":"/containers/0","path":"/containers/-"},{"op":"remove","path":"/nodeSelector/a"}])";
    uint64_t state = 11;
    for (int round = 0; round < 20'000; ++round) {
        std::string changed = patch, changed_operations = operations;
        state = state * 6364136223846793005u + 1442695040888963407u;
        const std::string_view alphabet = "{}[]\",:$a0/-";
        changed[(state >> 33) % changed.size()] = alphabet[(state >> 8) % alphabet.size()];
        changed_operations[(state >> 33) % operations.size()] = alphabet[(state >> 8) % alphabet.size()];
        (void)apply_strategic_patch(live, changed, type_info<PodSpec>());
        (void)apply_json_patch(live, changed_operations);
        (void)apply_merge_patch(live, changed);
    }
}
