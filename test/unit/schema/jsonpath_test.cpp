#include "orilla/schema/jsonpath.hpp"

#include <catch2/catch.hpp>

using namespace orilla::api;

namespace {

constexpr std::string_view pods = R"({"kind":"List","items":[
 {"metadata":{"name":"a","labels":{"app.kubernetes.io/name":"web","x":"1"}},"spec":{"containers":[{"name":"c","image":"nginx:1"},{"name":"d","image":"busybox"}]},"status":{"phase":"Running","n":3,"ready":true}},
 {"metadata":{"name":"b"},"spec":{"containers":[{"name":"e","image":"redis"}]},"status":{"phase":"Pending","n":1}}]})";

std::string print(std::string_view text, std::string_view json = pods) {
    auto out = render_jsonpath(text, json);
    return out ? *out : "error: " + out.error().message();
}

}  // namespace

TEST_CASE("jsonpath: fields, wildcards, indices and slices") {
    CHECK(print("{.kind}") == "List");
    CHECK(print("{$.kind}") == "List");
    CHECK(print("{.items[*].metadata.name}") == "a b");
    CHECK(print("{.items[0].metadata.name}-{.items[-1].metadata.name}") == "a-b");
    CHECK(print("{.items[0].spec.containers[0:2].name}") == "c d");
    CHECK(print("{.items[0].spec.containers[1:].name}") == "d");
    CHECK(print("{.items[0].spec.containers[::2].name}") == "c");
    CHECK(print("{.items[0].metadata.labels.app\\.kubernetes\\.io/name}") == "web");
    CHECK(print("{.items[0].metadata.labels['app.kubernetes.io/name']}") == "web");
    CHECK(print("{.items[0]['metadata.name', 'kind']}") == "");
    CHECK(print("{.items[0].status['phase', 'n']}") == "Running 3");
    CHECK(print("{.items[0].metadata.labels.*}") == "web 1");
    CHECK(print("{..image}") == "nginx:1 busybox redis");
    CHECK(print("{.items[*].status.ready}") == "true");
    CHECK(print("{.items[0].spec.containers[1]}") == R"({"name":"d","image":"busybox"})");
}

TEST_CASE("jsonpath: ranges, literals and filters") {
    CHECK(print(R"({range .items[*]}{.metadata.name}{"\t"}{.status.phase}{"\n"}{end})") == "a\tRunning\nb\tPending\n");
    CHECK(print("{range .items[*]}{.metadata.name}:{range .spec.containers[*]}{.name},{end};{end}") == "a:c,d,;b:e,;");
    CHECK(print(R"({.items[?(@.status.phase=="Running")].metadata.name})") == "a");
    CHECK(print("{.items[?(@.status.phase!='Running')].metadata.name}") == "b");
    CHECK(print("{.items[?(@.status.n > 2)].metadata.name}") == "a");
    CHECK(print("{.items[?(@.status.n<=1)].metadata.name}") == "b");
    CHECK(print("{.items[?(@.metadata.labels)].metadata.name}") == "a");
    CHECK(print("{.items[?(@.status.ready==true)].metadata.name}") == "a");
    CHECK(print("name: {.items[1].metadata.name}!") == "name: b!");
}

TEST_CASE("jsonpath: what is missing prints nothing unless it must be there") {
    CHECK(print("{.nothing.here}") == "");
    CHECK(render_jsonpath("{.nothing}", pods, false).error().message() == "error executing jsonpath: nothing is not found");
    CHECK(print("{.items[5]}") == "error: error executing jsonpath: array index out of bounds: index 5, length 2");
}

TEST_CASE("jsonpath: broken templates say what is wrong") {
    CHECK(print("{.a") == "error: error parsing jsonpath: unclosed action");
    CHECK(print("{range .items[*]}x") == "error: error parsing jsonpath: unclosed range: {end} is missing");
    CHECK(print("{end}") == "error: error parsing jsonpath: not in range, nothing to end");
    CHECK(print("{.a[}").starts_with("error: error parsing jsonpath: un"));
    CHECK(print("{.a[1:2:0]}").starts_with("error: "));
    CHECK(print("{.a..}").starts_with("error: "));
    CHECK(print("{...a}").starts_with("error: "));
}

TEST_CASE("jsonpath: single expressions for wait") {
    CHECK(find_jsonpath(".items[0].status.phase", pods).value() == std::vector<std::string>{"Running"});
    CHECK(find_jsonpath("{.items[*].metadata.name}", pods).value() == std::vector<std::string>{"a", "b"});
    CHECK(find_jsonpath("kind", pods).value() == std::vector<std::string>{"List"});
    CHECK(find_jsonpath(".gone", pods)->empty());
}

TEST_CASE("jsonpath: random templates never crash it") {
    uint64_t state = 5;
    const std::string_view alphabet = "{}{}[]..*?()@$'\":,0-1 items=<\\";
    for (int i = 0; i < 30'000; ++i) {
        std::string text = "{";
        for (int j = 0; j < 14; ++j) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            text += alphabet[(state >> 33) % alphabet.size()];
        }
        (void)render_jsonpath(text + "}", R"({"items":[{"i":1},{"t":[1,2]}]})");
    }
}
