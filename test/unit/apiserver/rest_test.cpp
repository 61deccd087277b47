#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"

using namespace orilla;
using orilla::test::Answer;
using orilla::test::ApiClient;
using orilla::test::ApiWorld;
using orilla::test::json_patch;
using orilla::test::merge;
using orilla::test::pods;
using orilla::test::strategic;

namespace {
const std::string maps = "/api/v1/namespaces/default/configmaps";
const std::string deployments = "/apis/apps/v1/namespaces/default/deployments";

std::string pod(const std::string& name, const std::string& labels = "{}") {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name + R"(","labels":)" + labels +
           R"(},"spec":{"containers":[{"name":"c","image":"busybox:1"}]}})";
}
std::string config_map(const std::string& name, const std::string& value = "v") {
    return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"("},"data":{"k":")" + value + R"("}})";
}
std::string deployment(const std::string& name) {
    return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":")" + name +
           R"("},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},)"
           R"("spec":{"containers":[{"name":"c","image":"busybox:1"},{"name":"d","image":"busybox:2"}]}}}})";
}
/// The text of the first `"name":"..."` in a document.
std::string member(const std::string& text, const std::string& name) {
    const std::string start = "\"" + name + "\":\"";
    const size_t at = text.find(start);
    if (at == std::string::npos) return {};
    return text.substr(at + start.size(), text.find('"', at + start.size()) - at - start.size());
}
}  // namespace

TEST_CASE("REST: an object is created, read, replaced and deleted") {
    ApiWorld w;
    const Answer created = w.create(maps, config_map("a"));
    CHECK(created.has(R"("kind":"ConfigMap")"));
    CHECK_FALSE(member(created.body, "uid").empty());
    const Answer read = w.client.ask("GET", maps + "/a");
    CHECK(read.status == 200);
    CHECK(read.body == created.body);
    const Answer replaced = w.client.ask("PUT", maps + "/a", config_map("a", "new"));
    CHECK(replaced.status == 200);
    CHECK(replaced.has(R"("k":"new")"));
    const Answer removed = w.client.ask("DELETE", maps + "/a", R"({"propagationPolicy":"Background"})");
    CHECK(removed.status == 200);
    CHECK(removed.has(R"("status":"Success","details":{"name":"a","kind":"configmaps","uid":")"));
    const Answer gone = w.client.ask("GET", maps + "/a");
    CHECK(gone.status == 404);
    CHECK(gone.has(
        R"("message":"configmaps \"a\" not found","reason":"NotFound","details":{"name":"a","kind":"configmaps"},"code":404)"));
}

TEST_CASE("REST: there are no custom resources, which kubectl asks before it says that it knows no such kind") {
    ApiWorld w;
    const Answer none = w.client.ask("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
    CHECK(none.status == 200);
    CHECK(none.has(R"("kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","metadata":{},"items":[])"));
    CHECK_FALSE(w.client.ask("GET", "/apis").has("apiextensions"));
}

TEST_CASE("REST: errors are Status objects in kubectl's words") {
    ApiWorld w;
    w.create(maps, config_map("a"));
    const Answer twice = w.client.ask("POST", maps, config_map("a"));
    CHECK(twice.status == 409);
    CHECK(twice.has(R"("reason":"AlreadyExists")"));
    CHECK(w.client.ask("POST", maps, "{").status == 400);
    CHECK(w.client.ask("POST", maps, "").status == 400);
    CHECK(w.client.ask("POST", maps, config_map("B_")).status == 422);
    CHECK(w.client.ask("POST", maps, pod("p")).status == 400);
    CHECK(w.client.ask("PUT", maps + "/b", config_map("a")).status == 400);
    CHECK(w.client.ask("POST", "/api/v1/namespaces/none/configmaps", config_map("a")).status == 404);
    CHECK(w.client.ask("POST", maps, config_map("a"), "Content-Type: text/plain\r\n").status == 415);
    CHECK(w.client.ask("GET", maps + "/a", "", "Accept: text/html\r\n").status == 406);
    CHECK(w.client.ask("GET", "/apis/nobody/v1/jobs").status == 404);
    CHECK(w.client.ask("GET", "/nothing").status == 404);
    CHECK(w.client.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", config_map("a")).status == 404);
    CHECK(w.client.ask("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/a").status == 404);
    CHECK(w.client.ask("GET", maps + "/%2e%2e").status == 400);
    CHECK(w.client.ask("PATCH", maps).status == 405);
    CHECK(w.client.ask("POST", maps + "/a", config_map("a")).status == 405);
    CHECK(w.client.ask("DELETE", "/api/v1/namespaces").status == 405);
    CHECK(w.client.ask("POST", maps + "?dryRun=Some", config_map("c")).status == 422);
    const Answer exec = w.client.ask("POST", pods + "/p/exec?command=sh");
    CHECK(exec.status == 405);
    CHECK(exec.has("pods/exec is not served"));
}

TEST_CASE("REST: a namespace in the body must be that of the URL") {
    ApiWorld w;
    const Answer answer =
        w.client.ask("POST", maps, R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"other"}})");
    CHECK(answer.status == 400);
    CHECK(answer.has("does not match the namespace sent on the request"));
}

TEST_CASE("REST: unknown fields are refused, warned of or ignored as asked") {
    ApiWorld w;
    const std::string body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"spec":{}})";
    const Answer strict = w.client.ask("POST", maps + "?fieldValidation=Strict", body);
    CHECK(strict.status == 400);
    CHECK(strict.has(R"(strict decoding error: unknown field \"spec\")"));
    const Answer warned = w.client.ask("POST", maps + "?dryRun=All", body);
    CHECK(warned.status == 201);
    CHECK(warned.head.find("Warning: 299 - \"unknown field \\\"spec\\\"\"\r\n") != std::string::npos);
    const Answer ignored = w.client.ask("POST", maps + "?dryRun=All&fieldValidation=Ignore", body);
    CHECK(ignored.status == 201);
    CHECK(ignored.head.find("Warning") == std::string::npos);
    CHECK(w.client.ask("GET", maps + "/a").status == 404);
}

TEST_CASE("REST: the resourceVersion of a PUT is a precondition") {
    ApiWorld w;
    const Answer created = w.create(maps, config_map("a"));
    const std::string stale = member(created.body, "resourceVersion");
    REQUIRE(w.client.ask("PUT", maps + "/a", config_map("a", "x")).status == 200);
    std::string body = config_map("a", "y");
    body.insert(body.find("\"name\""), "\"resourceVersion\":\"" + stale + "\",");
    const Answer conflict = w.client.ask("PUT", maps + "/a", body);
    CHECK(conflict.status == 409);
    CHECK(conflict.has(R"("reason":"Conflict","details":{"name":"a","kind":"configmaps"})"));
}

TEST_CASE("REST: the three kinds of patch") {
    ApiWorld w;
    w.create(deployments, deployment("web"));
    const Answer merged = w.client.ask("PATCH", deployments + "/web", R"({"metadata":{"labels":{"a":"b"}}})", merge);
    CHECK(merged.status == 200);
    CHECK(merged.has(R"("labels":{"a":"b"})"));
    const Answer listed =
        w.client.ask("PATCH", deployments + "/web",
                     R"({"spec":{"template":{"spec":{"containers":[{"name":"d","image":"busybox:3"}]}}}})", strategic);
    CHECK(listed.status == 200);
    CHECK(listed.has("busybox:1"));
    CHECK(listed.has("busybox:3"));
    const Answer operated = w.client.ask(
        "PATCH", deployments + "/web",
        R"([{"op":"test","path":"/spec/replicas","value":2},{"op":"replace","path":"/spec/replicas","value":5}])", json_patch);
    CHECK(operated.status == 200);
    CHECK(operated.has(R"("replicas":5)"));
    CHECK(w.client.ask("PATCH", deployments + "/web", R"([{"op":"test","path":"/spec/replicas","value":2}])", json_patch)
              .status == 422);
    CHECK(w.client.ask("PATCH", deployments + "/web", "nonsense", merge).status == 400);
    CHECK(w.client.ask("PATCH", deployments + "/none", "{}", merge).status == 404);
    CHECK(w.client.ask("PATCH", deployments + "/web", R"({"metadata":{"name":"other"}})", merge).status == 400);
    const Answer apply = w.client.ask("PATCH", deployments + "/web", "{}", "Content-Type: application/apply-patch+yaml\r\n");
    CHECK(apply.status == 415);
    CHECK(apply.has("server-side apply is not served"));
    const Answer strict = w.client.ask("PATCH", deployments + "/web?fieldValidation=Strict", R"({"spec":{"foo":1}})", merge);
    CHECK(strict.status == 400);
    CHECK(strict.has(R"(unknown field \"spec.foo\")"));
}

TEST_CASE("REST: a key that a patch has twice is told, in the patch and not in what comes of it") {
    ApiWorld w;
    w.create(deployments, deployment("web"));
    const std::string twice = R"({"spec":{"replicas":3,"replicas":4}})";
    for (const std::string& type : {std::string(merge), strategic}) {
        const Answer strict = w.client.ask("PATCH", deployments + "/web?fieldValidation=Strict", twice, type);
        CHECK(strict.status == 400);
        CHECK(strict.has(R"(strict decoding error: duplicate field \"spec.replicas\")"));
    }
    const Answer warned = w.client.ask("PATCH", deployments + "/web", twice, merge);
    CHECK(warned.status == 200);
    CHECK(warned.head.find("Warning: 299 - \"duplicate field \\\"spec.replicas") != std::string::npos);
    const std::string directive = R"({"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"c"}]}}}})";
    CHECK(w.client.ask("PATCH", deployments + "/web?fieldValidation=Strict", directive, strategic).status == 200);
}

TEST_CASE("REST: a resourceVersion inside a patch is a precondition") {
    ApiWorld w;
    const std::string revision = member(w.create(maps, config_map("a")).body, "resourceVersion");
    const std::string patch = R"({"metadata":{"resourceVersion":")" + revision + R"("},"data":{"k":"w"}})";
    CHECK(w.client.ask("PATCH", maps + "/a", patch, merge).status == 200);
    CHECK(w.client.ask("PATCH", maps + "/a", patch, merge).status == 409);
}

TEST_CASE("REST: scale reads and writes the replicas") {
    ApiWorld w;
    w.create(deployments, deployment("web"));
    const Answer read = w.client.ask("GET", deployments + "/web/scale");
    CHECK(read.has(R"("kind":"Scale","apiVersion":"autoscaling/v1")"));
    CHECK(read.has(R"("spec":{"replicas":2})"));
    CHECK(read.has(R"("selector":"app=x")"));
    CHECK(
        w.client.ask("PATCH", deployments + "/web/scale", R"({"spec":{"replicas":4}})", merge).has(R"("spec":{"replicas":4})"));
    CHECK(w.client.ask("GET", deployments + "/web").has(R"("replicas":4)"));
    const Answer zero = w.client.ask(
        "PUT", deployments + "/web/scale",
        R"({"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web","namespace":"default"},"spec":{"replicas":0}})");
    CHECK(zero.status == 200);
    CHECK(w.client.ask("GET", deployments + "/web").has(R"("replicas":0)"));
    CHECK(w.client.ask("PATCH", deployments + "/web/scale", R"({"spec":{"replicas":-1}})", merge).status == 422);
    CHECK(w.client.ask("GET", pods + "/p/scale").status == 404);
}

TEST_CASE("REST: status and spec are written apart") {
    ApiWorld w;
    w.create(deployments, deployment("web"));
    const Answer status =
        w.client.ask("PATCH", deployments + "/web/status", R"({"spec":{"replicas":9},"status":{"replicas":7}})", merge);
    CHECK(status.status == 200);
    CHECK(status.has(R"("status":{"replicas":7})"));
    CHECK(status.has(R"("spec":{"replicas":2)"));
    const Answer spec = w.client.ask("PATCH", deployments + "/web", R"({"status":{"replicas":1}})", merge);
    CHECK(spec.has(R"("status":{"replicas":7})"));
}

TEST_CASE("REST: a list splices, selects and tells its revision") {
    ApiWorld w;
    w.create(pods, pod("a", R"({"app":"x"})"));
    w.create(pods, pod("b", R"({"app":"y"})"));
    const Answer all = w.client.ask("GET", pods + "?limit=500");
    CHECK(all.has(R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":")"));
    CHECK(all.has(R"("name":"a")"));
    CHECK(all.has(R"("name":"b")"));
    CHECK_FALSE(all.has("continue"));
    CHECK(w.client.ask("GET", "/api/v1/pods").body == all.body);
    const Answer some = w.client.ask("GET", pods + "?labelSelector=app%3Dy");
    CHECK_FALSE(some.has(R"("name":"a")"));
    CHECK(some.has(R"("name":"b")"));
    const Answer one = w.client.ask("GET", pods + "?fieldSelector=metadata.name%3Da");
    CHECK(one.has(R"("name":"a")"));
    CHECK_FALSE(one.has(R"("name":"b")"));
    CHECK(w.client.ask("GET", pods + "?fieldSelector=metadata.name%3Da,status.phase%3DRunning").has("\"items\":[]"));
    CHECK(w.client.ask("GET", pods + "?fieldSelector=spec.foo%3Da").status == 400);
    CHECK(w.client.ask("GET", pods + "?labelSelector=%3D%3D").status == 400);
    CHECK(w.client.ask("GET", "/api/v1/namespaces/empty/pods").has("\"items\":[]"));
}

TEST_CASE("REST: the revision that a list asks for is kept to") {
    ApiWorld w;
    const std::string first = member(w.create(pods, pod("a")).body, "resourceVersion");
    w.create(pods, pod("b"));
    CHECK(w.client.ask("GET", pods + "?resourceVersion=0").has(R"("name":"b")"));
    CHECK(w.client.ask("GET", pods + "?resourceVersion=" + first + "&resourceVersionMatch=NotOlderThan").has(R"("name":"b")"));
    const Answer exact = w.client.ask("GET", pods + "?resourceVersion=" + first + "&resourceVersionMatch=Exact");
    CHECK_FALSE(exact.has(R"("name":"b")"));
    CHECK(exact.has(R"("metadata":{"resourceVersion":")" + first + "\"}"));
    CHECK(w.client.ask("GET", pods + "?resourceVersionMatch=Exact").status == 422);
    CHECK(w.client.ask("GET", pods + "?resourceVersion=0&resourceVersionMatch=Exact").status == 422);
    CHECK(w.client.ask("GET", pods + "?resourceVersion=x").status == 400);
    CHECK(w.client.ask("GET", pods + "?continue=abc").status == 400);
}

TEST_CASE("REST: a revision of the future is waited for, and not for long") {
    ApiWorld w;
    const std::string first = member(w.create(pods, pod("a")).body, "resourceVersion");
    const std::string next = std::to_string(std::stoull(first) + 1);
    for (const std::string& path : {pods, pods + "/a"}) {
        w.client.send("GET", path + "?resourceVersion=999999999");
        CHECK(w.client.receive().empty());
        w.pass(3'100);
        const Answer never = ApiClient::parse(w.client.receive());
        CHECK(never.status == 504);
        CHECK(never.head.find("Retry-After: 1\r\n") != std::string::npos);
        CHECK(never.body == R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
                            R"("message":"Timeout: Too large resource version: 999999999, current: )" +
                                first +
                                R"(","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge",)"
                                R"("message":"Too large resource version"}],"retryAfterSeconds":1},"code":504})"
                                "\n");
    }
    ApiClient early(w.loop, w.http);
    early.send("GET", pods + "?resourceVersion=" + next);
    CHECK(early.receive().empty());
    w.create(pods, pod("b"));
    w.pass(100);
    CHECK(ApiClient::parse(early.receive()).has(R"("name":"b")"));
    CHECK(w.client.ask("GET", pods + "/a?resourceVersion=0").status == 200);
    CHECK(w.client.ask("GET", pods + "/a?resourceVersion=" + first).status == 200);
    CHECK(w.client.ask("GET", pods + "/a?resourceVersion=x").status == 400);
}

TEST_CASE("REST: a long list arrives whole, in pieces") {
    ApiWorld w;
    const std::string value(4000, 'v');
    for (int i = 0; i < 100; ++i) w.create(maps, config_map("m" + std::to_string(i), value));
    w.create(maps, config_map("huge", std::string(200'000, 'h')));
    const Answer all = w.client.ask("GET", maps);
    CHECK(all.head.find("chunked") != std::string::npos);
    CHECK(all.body.size() > 600'000);
    CHECK(all.body.ends_with("]}\n"));
    CHECK(w.client.ask("GET", maps + "/huge").body.size() > 200'000);
}

TEST_CASE("REST: a field manager is at most 128 printable bytes") {
    ApiWorld w;
    const auto status = [&](const std::string& manager, const char* method = "POST", const std::string& target = maps) {
        return w.client.ask(method, target + "?dryRun=All&fieldManager=" + manager, config_map("m", "v")).status;
    };
    CHECK(status("") == 201);
    CHECK(status(std::string(128, 'x')) == 201);
    CHECK(status("my%20tool%20%C3%BC%F0%9F%90%9A%EF%BF%BD%FF") == 201);
    for (const char* manager : {"a%0Ab", "%00", "a%7F", "a%C2%85", "a%C2%A0b", "a%E2%80%8Bb", "%EE%80%80"})
        CHECK(status(manager) == 422);
    const Answer longer = w.client.ask("POST", maps + "?fieldManager=" + std::string(129, 'x'), config_map("m", "v"));
    CHECK(longer.status == 422);
    CHECK(longer.has(R"(CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes)"));
    CHECK(longer.has(R"("reason":"FieldValueTooLong")"));
    w.create(maps, config_map("m", "v"));
    CHECK(status("a%0Ab", "PUT", maps + "/m") == 422);
    CHECK(status("a%0Ab", "PATCH", maps + "/m") == 422);
}

TEST_CASE("REST: options that belong elsewhere are refused") {
    ApiWorld w;
    w.create(maps, config_map("m", "v"));
    const Answer forced = w.client.ask("PATCH", maps + "/m?force=true", R"({"data":{"a":"b"}})",
                                       "Content-Type: application/merge-patch+json\r\n");
    CHECK(forced.status == 422);
    CHECK(forced.has("force: Forbidden: may not be specified for non-apply patch"));
    w.create(pods, pod("a"));
    const auto evict = [&](const std::string& options) {
        return w.client
            .ask("POST", pods + "/a/eviction",
                 R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"a"},"deleteOptions":)" + options + "}")
            .status;
    };
    CHECK(evict(R"({"propagationPolicy":"Never"})") == 422);
    CHECK(evict(R"({"dryRun":["Some"]})") == 422);
    CHECK(evict(R"({"preconditions":{"uid":"other"}})") == 409);
    const auto bind = [&](const std::string& uid) {
        return w.client
            .ask("POST", pods + "/a/binding",
                 R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"a","uid":")" + uid + R"("},"target":{"name":"n"}})")
            .status;
    };
    CHECK(bind("other") == 409);
    CHECK(bind(member(w.client.ask("GET", pods + "/a").body, "uid")) == 201);
}

TEST_CASE("REST: deleting honours preconditions, grace and dry run") {
    ApiWorld w;
    w.create(pods, pod("a"));
    CHECK(w.client.ask("DELETE", pods + "/a", R"({"preconditions":{"uid":"other"}})").status == 409);
    CHECK(w.client.ask("DELETE", pods + "/a", R"({"dryRun":["All"]})").status == 200);
    CHECK(w.client.ask("DELETE", pods + "/a", R"({"propagationPolicy":"Never"})").status == 422);
    CHECK(w.client.ask("DELETE", pods + "/a", R"({"ignoreStoreReadErrorWithClusterBreakingPotential":true})").status == 422);
    CHECK(w.client.ask("DELETE", pods + "/a", config_map("x")).status == 400);
    REQUIRE(w.client.ask("POST", pods + "/a/binding", R"({"target":{"kind":"Node","name":"n1"}})").status == 201);
    const Answer graceful = w.client.ask("DELETE", pods + "/a", R"({"gracePeriodSeconds":5})");
    CHECK(graceful.has(R"("deletionGracePeriodSeconds":5)"));
    CHECK(w.client.ask("GET", pods + "/a").status == 200);
    const Answer now = w.client.ask("DELETE", pods + "/a?gracePeriodSeconds=0");
    CHECK(now.has(R"("kind":"Pod")"));
    CHECK(w.client.ask("GET", pods + "/a").status == 404);
}

TEST_CASE("REST: deletecollection takes what the selector names") {
    ApiWorld w;
    w.create(pods, pod("a", R"({"app":"x"})"));
    w.create(pods, pod("b", R"({"app":"y"})"));
    const Answer removed = w.client.ask("DELETE", pods + "?labelSelector=app%3Dx");
    CHECK(removed.status == 200);
    CHECK(removed.body.starts_with(R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":")"));
    CHECK(removed.has(R"("items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a")"));
    CHECK_FALSE(removed.has(R"("name":"b")"));
    CHECK(w.client.ask("DELETE", pods + "?labelSelector=app%3Dx").has(R"("items":[]})"));
    CHECK(w.client.ask("GET", pods + "/a").status == 404);
    CHECK(w.client.ask("GET", pods + "/b").status == 200);
}

TEST_CASE("REST: options of a write are refused by their own name") {
    ApiWorld w;
    w.create(maps, config_map("a"));
    const Answer create = w.client.ask("POST", maps + "?dryRun=Some", config_map("b"));
    CHECK(create.status == 422);
    CHECK(create.has(
        R"(CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\")"));
    CHECK(
        create.has(R"("details":{"group":"meta.k8s.io","kind":"CreateOptions","causes":[{"reason":"FieldValueNotSupported")"));
    CHECK(w.client.ask("PUT", maps + "/a?fieldValidation=Some", config_map("a")).has("UpdateOptions.meta.k8s.io"));
    CHECK(w.client.ask("PATCH", maps + "/a?force=true", "{}", merge)
              .has("force: Forbidden: may not be specified for non-apply patch"));
    CHECK(w.client.ask("DELETE", maps + "/a?dryRun=Some").has("DeleteOptions.meta.k8s.io"));
}

TEST_CASE("REST: a patch that takes the namespace away leaves it as it is") {
    ApiWorld w;
    w.create(maps, config_map("a"));
    const Answer patched = w.client.ask("PATCH", maps + "/a", R"({"metadata":{"namespace":null},"data":{"k":"new"}})", merge);
    CHECK(patched.status == 200);
    CHECK(patched.has(R"("namespace":"default")"));
    CHECK(w.client.ask("PATCH", maps + "/a", R"({"metadata":{"namespace":"other"}})", merge).status == 400);
}

TEST_CASE("REST: nothing is written across namespaces") {
    ApiWorld w;
    w.create(pods, pod("a"));
    CHECK(w.client.ask("DELETE", "/api/v1/pods").status == 405);
    CHECK(w.client.ask("POST", "/api/v1/pods", pod("b")).status == 405);
    CHECK(w.client.ask("GET", pods + "/a").status == 200);
}

TEST_CASE("REST: pods are bound once and evicted") {
    ApiWorld w;
    w.create(pods, pod("a"));
    CHECK(
        w.client.ask("POST", pods + "/a/binding", R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"a"},"target":{}})")
            .status == 422);
    CHECK(w.client.ask("POST", pods + "/a/binding", R"({"target":{"name":"n1"}})").status == 201);
    CHECK(w.client.ask("POST", pods + "/a/binding", R"({"target":{"name":"n1"}})").status == 409);
    CHECK(w.client.ask("GET", pods + "?fieldSelector=spec.nodeName%3Dn1").has(R"("name":"a")"));
    CHECK(w.client.ask("POST", pods + "/a/eviction", R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"b"}})")
              .status == 400);
    const Answer evicted =
        w.client.ask("POST", pods + "/a/eviction", R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"a"}})");
    CHECK(evicted.status == 201);
    CHECK(evicted.has(R"("status":"Success")"));
    CHECK(w.client.ask("POST", pods + "/none/eviction", "{}").status == 404);
}

TEST_CASE("REST: health, version and metrics answer") {
    apiserver::ServerOptions options;
    bool up = false;
    options.ready = [&up]() -> Result<void> {
        if (!up) return Error(Code::unavailable, "the node is not registered yet");
        return ok();
    };
    options.append_metrics = [](std::string& out) { out += "more 1\n"; };
    ApiWorld w(options);
    CHECK(w.client.ask("GET", "/livez").body == "ok");
    const Answer early = w.client.ask("GET", "/readyz");
    CHECK(early.status == 500);
    CHECK(early.body == "[+]ping ok\n[-]startup failed: the node is not registered yet\nreadyz check failed\n");
    CHECK(w.client.ask("GET", "/readyz/startup").status == 500);
    CHECK(w.client.ask("GET", "/readyz/ping").body == "ok");
    CHECK(w.client.ask("GET", "/readyz?exclude=startup").body == "ok");
    CHECK(w.client.ask("GET", "/livez?verbose").body == "[+]ping ok\nlivez check passed\n");
    CHECK(w.client.ask("GET", "/healthz").body == "ok");
    up = true;
    CHECK(w.client.ask("GET", "/readyz").body == "ok");
    CHECK(w.client.ask("GET", "/readyz?verbose").body == "[+]ping ok\n[+]startup ok\nreadyz check passed\n");
    CHECK(w.client.ask("GET", "/readyz?verbose&exclude=startup&exclude=x").body ==
          "[+]ping ok\n[+]startup excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"x\"\n"
          "readyz check passed\n");
    CHECK(w.client.ask("GET", "/livez/ping").body == "ok");
    CHECK(w.client.ask("GET", "/healthz/ping").body == "ok");
    CHECK(w.client.ask("GET", "/readyz/none").status == 404);
    CHECK(w.client.ask("GET", "/readyz/ping/pong").status == 404);
    CHECK(w.client.ask("GET", "/version").has(R"("gitVersion":"v1.33.0+orilla)"));
    const Answer metrics = w.client.ask("GET", "/metrics");
    CHECK(metrics.has("orilla_store_objects "));
    CHECK(metrics.has("\norilla_loop_turn_seconds_max "));
    CHECK(metrics.has("\norilla_loop_turn_seconds_bucket{le=\"0.05\"} "));
    CHECK(metrics.has("orilla_http_answers_total{class=\"5xx\"} 2\n"));
    CHECK(metrics.has("\nmore 1\n"));
    CHECK(w.client.ask("POST", "/version").status == 405);
}

namespace {
/// Notes through which subresource a write came.
class Ways : public objects::Admission {
  public:
    bool handles(const objects::WriteInfo& write) const override {
        ways.push_back(std::string(write.kind.plural) + "/" + std::string(write.subresource));
        return false;
    }
    mutable std::vector<std::string> ways;
};
}  // namespace

TEST_CASE("REST: admission is told through which subresource a write comes") {
    ApiWorld w;
    w.create(deployments, deployment("web"));
    w.create(pods, pod("a"));
    Ways ways;
    w.objects.add_admission(ways);
    const auto came_by = [&ways](const std::string& way) {
        const auto seen = std::exchange(ways.ways, {});
        return !seen.empty() && seen.front() == way;
    };
    REQUIRE(w.client.ask("PATCH", deployments + "/web/scale", R"({"spec":{"replicas":4}})", merge).status == 200);
    CHECK(came_by("deployments/scale"));
    REQUIRE(w.client.ask("PATCH", deployments + "/web/status", R"({"status":{"replicas":4}})", merge).status == 200);
    CHECK(came_by("deployments/status"));
    REQUIRE(w.client.ask("PATCH", deployments + "/web", R"({"spec":{"replicas":5}})", merge).status == 200);
    CHECK(came_by("deployments/"));
    const std::string eviction = R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"a"}})";
    REQUIRE(w.client.ask("POST", pods + "/a/eviction", eviction).status == 201);
    CHECK(came_by("pods/eviction"));
}
