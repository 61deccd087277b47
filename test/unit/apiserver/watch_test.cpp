#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"

using namespace orilla;
using orilla::test::Answer;
using orilla::test::ApiClient;
using orilla::test::ApiWorld;
using orilla::test::merge;
using orilla::test::pods;

namespace {
std::string labelled_pod(const std::string& name, const std::string& app) {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name + R"(","labels":{"app":")" + app +
           R"("}},"spec":{"containers":[{"name":"c","image":"busybox:1"}]}})";
}

/// "ADDED a, MODIFIED b" of a stream of events.
std::string summary(const std::string& events) {
    std::string out;
    size_t at = 0;
    while (at < events.size()) {
        const size_t end = events.find('\n', at);
        REQUIRE(end != std::string::npos);
        const std::string line = events.substr(at, end - at);
        at = end + 1;
        const size_t type = line.find("\"type\":\"") + 8;
        const size_t name = line.find("\"name\":\"");
        out += (out.empty() ? "" : ", ") + line.substr(type, line.find('"', type) - type);
        if (name != std::string::npos) out += " " + line.substr(name + 8, line.find('"', name + 8) - name - 8);
    }
    return out;
}

/// Changes pod a until the store has forgotten what was before: its history is bounded in bytes.
void outlive_history(ApiWorld& w) {
    const std::string filler(12'000, 'f');
    for (int i = 0; i < 400; ++i)
        w.client.ask("PATCH", pods + "/a", R"({"metadata":{"annotations":{"n":")" + filler + std::to_string(i) + R"("}}})",
                     merge);
}

/// A second connection with a watch on it.
struct Watcher {
    Watcher(ApiWorld& w, const std::string& target, const std::string& headers = {}) : client(w.loop, w.http) {
        client.send("GET", target, "", headers);
    }
    std::string first() { return summary(ApiClient::parse(client.receive()).body); }
    std::string raw() { return ApiClient::unchunk(client.receive()); }
    std::string more() { return summary(raw()); }
    ApiClient client;
};
}  // namespace

TEST_CASE("watch: without a revision what exists comes first") {
    ApiWorld w;
    w.create(pods, labelled_pod("a", "x"));
    for (const char* query : {"?watch=true", "?watch=1&resourceVersion=0", "?watch"}) {
        Watcher watcher(w, pods + query);
        CHECK(watcher.first() == "ADDED a");
    }
}

TEST_CASE("watch: from a revision only what changes after it") {
    ApiWorld w;
    w.create(pods, labelled_pod("a", "x"));
    const std::string revision = std::to_string(w.store->revision());
    Watcher watcher(w, pods + "?watch=true&resourceVersion=" + revision);
    CHECK(watcher.first().empty());
    w.create(pods, labelled_pod("b", "x"));
    w.create("/api/v1/namespaces/kube-system/pods", labelled_pod("elsewhere", "x"));
    w.client.ask("PATCH", pods + "/a", R"({"metadata":{"labels":{"l":"m"}}})", merge);
    w.client.ask("DELETE", pods + "/a");
    CHECK(watcher.more() == "ADDED b, MODIFIED a, DELETED a");
}

TEST_CASE("watch: a deleted object carries the revision of its deletion") {
    ApiWorld w;
    w.create(pods, labelled_pod("a", "x"));
    Watcher watcher(w, pods + "?watch=true");
    watcher.first();
    w.client.ask("DELETE", pods + "/a");
    const std::string event = watcher.raw();
    CHECK(event.find("\"resourceVersion\":\"" + std::to_string(w.store->revision()) + "\"") != std::string::npos);
}

TEST_CASE("watch: objects enter and leave a selector") {
    ApiWorld w;
    w.create(pods, labelled_pod("a", "x"));
    w.create(pods, labelled_pod("b", "y"));
    Watcher watcher(w, pods + "?watch=true&labelSelector=app%3Dx");
    CHECK(watcher.first() == "ADDED a");
    w.client.ask("PATCH", pods + "/b", R"({"metadata":{"labels":{"app":"x"}}})", merge);
    CHECK(watcher.more() == "ADDED b");
    w.client.ask("PATCH", pods + "/b", R"({"metadata":{"labels":{"other":"1"}}})", merge);
    CHECK(watcher.more() == "MODIFIED b");
    w.client.ask("PATCH", pods + "/a", R"({"metadata":{"labels":{"app":"z"}}})", merge);
    const std::string left = watcher.raw();
    CHECK(summary(left) == "DELETED a");
    CHECK(left.find("\"app\":\"x\"") != std::string::npos);
    CHECK(left.find("\"resourceVersion\":\"" + std::to_string(w.store->revision()) + "\"") != std::string::npos);
    w.client.ask("DELETE", pods + "/a");
    CHECK(watcher.more().empty());
    w.client.ask("DELETE", pods + "/b");
    CHECK(watcher.more() == "DELETED b");
}

TEST_CASE("watch: one name by field selector or by path") {
    ApiWorld w;
    w.create(pods, labelled_pod("a", "x"));
    w.create(pods, labelled_pod("b", "x"));
    Watcher by_field(w, pods + "?watch=true&fieldSelector=metadata.name%3Db");
    Watcher by_path(w, pods + "/b?watch=true");
    CHECK(by_field.first() == "ADDED b");
    CHECK(by_path.first() == "ADDED b");
    w.client.ask("DELETE", pods + "/a");
    w.client.ask("DELETE", pods + "/b");
    CHECK(by_field.more() == "DELETED b");
    CHECK(by_path.more() == "DELETED b");
}

TEST_CASE("watch: ends cleanly after timeoutSeconds, with a bookmark for who wants one") {
    ApiWorld w;
    w.settle();
    const size_t own = w.store->stats().watches;
    const std::string revision = std::to_string(w.store->revision());
    Watcher plain(w, pods + "?watch=true&timeoutSeconds=300&resourceVersion=" + revision);
    Watcher marked(w, pods + "?watch=true&timeoutSeconds=300&allowWatchBookmarks=true&resourceVersion=" + revision);
    plain.first(), marked.first();
    w.pass(299'000);
    CHECK(plain.client.receive().empty());
    w.pass(2'000);
    CHECK(plain.client.receive() == "0\r\n\r\n");
    const std::string last = marked.client.receive();
    CHECK(last.find(R"({"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":")") !=
          std::string::npos);
    CHECK(last.ends_with("0\r\n\r\n"));
    CHECK(w.store->stats().watches == own);
}

TEST_CASE("watch: bookmarks follow the revision while other things change") {
    ApiWorld w;
    Watcher watcher(w, pods + "?watch=true&allowWatchBookmarks=true&resourceVersion=" + std::to_string(w.store->revision()));
    watcher.first();
    w.pass(61'000);
    CHECK(watcher.client.receive().empty());
    w.create("/api/v1/namespaces/default/configmaps", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}})");
    w.pass(61'000);
    CHECK(watcher.raw().find("\"resourceVersion\":\"" + std::to_string(w.store->revision()) + "\"") != std::string::npos);
}

TEST_CASE("watch: sendInitialEvents marks the end of what existed") {
    ApiWorld w;
    w.create(pods, labelled_pod("a", "x"));
    Watcher watcher(w, pods + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    const std::string events = ApiClient::parse(watcher.client.receive()).body;
    CHECK(summary(events) == "ADDED a, BOOKMARK");
    CHECK(events.find(R"("annotations":{"k8s.io/initial-events-end":"true"})") != std::string::npos);
    CHECK(w.client.ask("GET", pods + "?watch=true&sendInitialEvents=true").status == 422);
    CHECK(w.client.ask("GET", pods + "?watch=true&resourceVersionMatch=Exact&resourceVersion=1").status == 422);
}

TEST_CASE("watch: too old a revision is one ERROR event, one from the future is 504 after a moment") {
    ApiWorld w;
    w.settle();
    const size_t own = w.store->stats().watches;
    w.create(pods, labelled_pod("a", "x"));
    outlive_history(w);
    const Answer old = w.client.ask("GET", pods + "?watch=true&resourceVersion=1");
    CHECK(old.status == 200);
    CHECK(summary(old.body) == "ERROR");
    CHECK(old.has(R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
                  R"("message":"too old resource version: 1 ()"));
    CHECK(old.has(R"("reason":"Expired","details":{},"code":410}})"));
    CHECK(w.store->stats().watches == own);
    const Answer exact = w.client.ask("GET", pods + "?resourceVersion=1&resourceVersionMatch=Exact");
    CHECK(exact.status == 410);
    w.client.send("GET", pods + "?watch=true&resourceVersion=999999999");
    CHECK(w.client.receive().empty());
    w.pass(3'100);
    CHECK(ApiClient::parse(w.client.receive()).status == 504);
}

TEST_CASE("watch: a client that does not read is told 410 once it does") {
    ApiWorld w;
    w.create(pods, labelled_pod("a", "x"));
    Watcher watcher(w, pods + "?watch=true&resourceVersion=" + std::to_string(w.store->revision()));
    outlive_history(w);
    const std::string events = watcher.client.receive();
    CHECK(events.find(R"({"type":"ERROR","object":{"kind":"Status")") != std::string::npos);
    CHECK(events.find(R"("code":410)") != std::string::npos);
    CHECK(events.ends_with("0\r\n\r\n"));
}

namespace {
const std::string large_maps = "/api/v1/namespaces/default/configmaps";
constexpr size_t large_bytes = 1'000'000;
std::string large_map(char filler) {
    return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"large"},"data":{"k":")" +
           std::string(large_bytes, filler) + "\"}}";
}
}  // namespace

TEST_CASE("watch: a large object arrives whole, as one event among others") {
    ApiWorld w;
    w.create(large_maps, large_map('a'));
    Watcher watcher(w, large_maps + "?watch=true");
    CHECK(watcher.first() == "ADDED large");
    w.create(large_maps, R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"small"}})");
    w.client.ask("PUT", large_maps + "/large", large_map('b'));
    w.client.ask("DELETE", large_maps + "/small");
    CHECK(watcher.more() == "ADDED small, MODIFIED large, DELETED small");
    Watcher initial(
        w, large_maps + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    CHECK(initial.first() == "ADDED large, BOOKMARK");
}

TEST_CASE("watch: those that do not read hold one copy of a large object together") {
    ApiWorld w;
    w.create(large_maps, large_map('a'));
    const std::string revision = std::to_string(w.store->revision());
    std::vector<std::unique_ptr<Watcher>> watchers;
    for (int i = 0; i < 20; ++i) {
        watchers.push_back(std::make_unique<Watcher>(w, large_maps + "?watch=true&resourceVersion=" + revision));
        watchers.push_back(std::make_unique<Watcher>(w, large_maps + "?watch=true"));
    }
    w.client.ask("PUT", large_maps + "/large", large_map('b'));
    w.settle();
    CHECK(w.http.unsent_bytes() > 2 * large_bytes);  // 'a' for those who wanted what there was, 'b' for the others
    CHECK(w.http.unsent_bytes() < 2 * large_bytes + 100'000);
    Watcher reader(w, large_maps);
    Watcher second_reader(w, large_maps + "/large");
    CHECK(w.http.unsent_bytes() < 2 * large_bytes + 100'000);
    CHECK(w.http.counters().slow_ended == 0);
    watchers.clear();
    w.settle();
    CHECK(w.http.connections() == 3);
}

TEST_CASE("watch: when clients leave too much unread the slowest watch is ended") {
    ApiWorld w;
    w.create(large_maps, large_map('a'));
    std::vector<std::unique_ptr<Watcher>> watchers;
    const size_t fitting = http::ServerLimits().unsent_bytes_max / large_bytes;
    for (size_t i = 0; i <= fitting; ++i) {
        w.client.ask("PUT", large_maps + "/large", large_map(static_cast<char>('b' + i)));
        watchers.push_back(std::make_unique<Watcher>(w, large_maps + "?watch=true"));
    }
    CHECK(w.http.counters().slow_ended == 1);
    CHECK(w.http.unsent_bytes() <= http::ServerLimits().unsent_bytes_max);
    CHECK(w.http.connections() == 1 + fitting);
    const std::string cut = watchers[0]->client.receive();
    CHECK(cut.size() < large_bytes);
    CHECK_FALSE(cut.ends_with("0\r\n\r\n"));
    CHECK(watchers.back()->first() == "ADDED large");
}

TEST_CASE("watch: a client that hangs up leaves nothing behind") {
    ApiWorld w;
    w.settle();
    const size_t own = w.store->stats().watches;
    Watcher watcher(w, pods + "?watch=true");
    CHECK(w.store->stats().watches == own + 1);
    watcher.client.hang_up();
    w.settle();
    CHECK(w.store->stats().watches == own);
    CHECK(w.http.connections() == 1);
}

TEST_CASE("watch: as Tables the columns come once") {
    ApiWorld w;
    w.create(pods, labelled_pod("a", "x"));
    Watcher watcher(w, pods + "?watch=true", "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n");
    const std::string first = ApiClient::parse(watcher.client.receive()).body;
    CHECK(first.starts_with(R"({"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1")"));
    CHECK(first.find("columnDefinitions\":[{") != std::string::npos);
    w.create(pods, labelled_pod("b", "x"));
    const std::string second = watcher.raw();
    CHECK(second.find("columnDefinitions\":[{") == std::string::npos);
    CHECK(second.find(R"("cells":["b")") != std::string::npos);
}
