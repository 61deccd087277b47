// Bodies that are decoded in portions, and patches that are made elsewhere: the answers are those of small ones.
#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"
#include "../../support/kinds.hpp"

using namespace orilla;
using orilla::test::Answer;
using orilla::test::ApiClient;
using orilla::test::ApiWorld;
using orilla::test::json_patch;
using orilla::test::merge;
using orilla::test::strategic;

namespace {
const std::string large_object_maps = "/api/v1/namespaces/default/configmaps";

/// Keys in reverse order, 100 KB and more.
std::string many_keys(const std::string& name, int keys = 10'000) {
    std::string json = R"({"metadata":{"name":")" + name + R"(","labels":{"l":"m"}},"data":{)";
    for (int i = keys; i > 0; --i) json += (i == keys ? "\"k" : ",\"k") + std::to_string(i) + "\":\"v\"";
    return json + "}}";
}

/// Runs jobs when it is told to.
class HeldExecutor final : public loop::Executor {
  public:
    explicit HeldExecutor(loop::Loop*& loop) : loop_(loop) {}
    void submit(std::function<void()> job, std::function<void()> done) override {
        jobs_.push_back([this, job = std::move(job), done = std::move(done)] {
            job();
            loop_->post(done);
        });
    }
    size_t run() {
        auto jobs = std::exchange(jobs_, {});
        for (const auto& job : jobs) job();
        return jobs.size();
    }
    size_t drop() { return std::exchange(jobs_, {}).size(); }

  private:
    loop::Loop*& loop_;
    std::vector<std::function<void()>> jobs_;
};

struct HeldParts {
    loop::Loop* of_world = nullptr;
    HeldExecutor held{of_world};
};

/// A server whose long work waits.
struct HeldWorld : HeldParts, ApiWorld {
    HeldWorld() : ApiWorld(options_with(held)) { of_world = &this->loop; }
    static apiserver::ServerOptions options_with(loop::Executor& executor) {
        apiserver::ServerOptions options;
        options.executor = &executor;
        return options;
    }
};
}  // namespace

TEST_CASE("large objects: they are created, read, replaced and selected") {
    ApiWorld w;
    const Answer created = w.create(large_object_maps, many_keys("a"));
    CHECK(created.has(R"("k10000":"v","k1001":"v")"));
    CHECK(w.client.ask("GET", large_object_maps + "/a").body == created.body);
    CHECK(w.client.ask("GET", large_object_maps + "?labelSelector=l%3Dm").has(R"("k10000":"v")"));
    CHECK_FALSE(w.client.ask("GET", large_object_maps + "?labelSelector=l%3Dn").has("k10000"));
    CHECK(w.client.ask("PUT", large_object_maps + "/a", many_keys("a", 9'000)).status == 200);
    CHECK_FALSE(w.client.ask("GET", large_object_maps + "/a").has("k10000"));
    std::string twice = many_keys("a");
    twice.insert(twice.size() - 2, R"(,"k5":"w")");
    const Answer strict = w.client.ask("PUT", large_object_maps + "/a?fieldValidation=Strict", twice);
    CHECK(strict.status == 400);
    CHECK(strict.has(R"(duplicate field \"data.k5\")"));
    const std::string cut = many_keys("a").substr(0, 100'000);
    CHECK(w.client.ask("PUT", large_object_maps + "/a", cut).status == 400);
}

TEST_CASE("large objects: the three kinds of patch") {
    ApiWorld w;
    w.create(large_object_maps, many_keys("a"));
    const Answer merged = w.client.ask("PATCH", large_object_maps + "/a", R"({"data":{"k1":null,"k2":"w"}})", merge);
    CHECK(merged.status == 200);
    CHECK_FALSE(merged.has(R"("k1":)"));
    CHECK(merged.has(R"("k2":"w")"));
    CHECK(w.client.ask("PATCH", large_object_maps + "/a", many_keys("a"), strategic).has(R"("k2":"v")"));
    CHECK(w.client.ask("PATCH", large_object_maps + "/a", R"([{"op":"remove","path":"/data/k3"}])", json_patch).status == 200);
    CHECK_FALSE(w.client.ask("GET", large_object_maps + "/a").has(R"("k3":)"));
    CHECK(w.client.ask("PATCH", large_object_maps + "/a", R"([{"op":"remove","path":"/data/k3"}])", json_patch).status == 422);
    const std::string stale = R"({"metadata":{"resourceVersion":"1"},"data":{"k2":"x"}})";
    CHECK(w.client.ask("PATCH", large_object_maps + "/a", stale, merge).status == 409);
}

TEST_CASE("large objects: a patch that others overtake is made anew of what they left") {
    HeldWorld w;
    w.create(large_object_maps, many_keys("a"));
    ApiClient other(w.loop, w.http);
    other.send("PATCH", large_object_maps + "/a", R"({"data":{"k1":"patched"}})", merge);
    CHECK(other.receive().empty());
    CHECK(w.client.ask("PUT", large_object_maps + "/a", many_keys("a", 9'000)).status == 200);
    CHECK(w.held.run() == 1);
    w.settle();
    CHECK(other.receive().empty());
    CHECK(w.held.run() == 1);
    w.settle();
    const Answer patched = ApiClient::parse(other.receive());
    CHECK(patched.status == 200);
    CHECK(patched.has(R"("k1":"patched")"));
    CHECK_FALSE(patched.has("k10000"));
    other.send("PATCH", large_object_maps + "/a", R"({"data":{"k1":"last"}})", merge);
    other.hang_up();
    w.settle();
    CHECK(w.held.run() == 1);  // what was heard is done, though nobody waits for the answer
    w.settle();
    CHECK(w.client.ask("GET", large_object_maps + "/a").has(R"("k1":"last")"));
}

TEST_CASE("large objects: a patch that is being made keeps its kind, though server and registry are gone") {
    HeldParts parts;
    int ended = 0;
    {
        ApiWorld w(HeldWorld::options_with(parts.held));
        parts.of_world = &w.loop;
        auto widgets = std::make_unique<test::WidgetKind>();
        widgets->ended = &ended;
        REQUIRE(w.kinds.add(std::move(widgets)));
        const std::string path = "/apis/example.com/v1/namespaces/default/widgets";
        w.create(path, many_keys("a"));
        w.client.send("PATCH", path + "/a", R"({"data":{"k1":"patched"}})", merge);
        w.settle();
    }
    CHECK(ended == 0);
    CHECK(parts.held.drop() == 1);
    CHECK(ended == 1);
}

TEST_CASE("large objects: a small body that is large once its aliases are expanded does not hold up the others") {
    const std::string yaml = "Content-Type: application/yaml\r\n";
    std::string body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: &l {x: z}, annotations: *l}\n";
    HeldWorld w;
    ApiClient other(w.loop, w.http);
    const auto ask = [&](const std::string& text) {
        other.send("POST", large_object_maps, text, yaml);
        w.settle();
        CHECK(other.receive().empty());
        CHECK(w.held.run() == 1);
        w.settle();
        return ApiClient::parse(other.receive());
    };
    CHECK(ask(body).has(R"("annotations":{"x":"z"})"));
    body += "x0: &x0 [l,l,l,l,l,l,l,l,l]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string before = "*x" + std::to_string(i - 1);
        body += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" + before;
        for (int j = 0; j < 8; ++j) body += "," + before;
        body += "]\n";
    }
    CHECK(ask(body).has("the document is too big once its aliases are expanded"));
    CHECK(w.client.ask("DELETE", large_object_maps + "/a", body, yaml).has("anchors (&) and aliases (*) are not taken"));
    CHECK(w.client.ask("DELETE", large_object_maps + "/a", "propagationPolicy: Background\n", yaml).status == 200);
}

TEST_CASE("large objects: a few at a time become YAML") {
    HeldWorld w;
    w.create(large_object_maps, R"({"metadata":{"name":"a"},"data":{"k":")" + std::string(300'000, 'x') + "\"}}");
    std::vector<std::unique_ptr<ApiClient>> clients;
    for (int i = 0; i < 10; ++i) {
        clients.push_back(std::make_unique<ApiClient>(w.loop, w.http));
        clients.back()->send("GET", large_object_maps + "/a", {}, "Accept: application/yaml\r\n");
    }
    w.settle();
    clients[4]->hang_up();  // while it waits
    size_t done = 0;
    for (size_t ran = 1; ran > 0; done += ran) {
        ran = w.held.run();
        CHECK(ran <= apiserver::large_yaml_at_once_max);
        w.settle();
    }
    CHECK(done == 9);
    for (size_t i = 0; i < clients.size(); ++i)
        if (i != 4) CHECK(clients[i]->receive().find("\n  k: xxx") != std::string::npos);
}

TEST_CASE("large objects: watches with a selector share what was decoded") {
    ApiWorld w;
    w.create(large_object_maps, many_keys("a"));
    std::vector<std::unique_ptr<ApiClient>> watchers;
    for (const char* selector : {"l%3Dm", "l"}) {
        watchers.push_back(std::make_unique<ApiClient>(w.loop, w.http));
        watchers.back()->send("GET", large_object_maps + "?watch=true&labelSelector=" + selector);
        watchers.back()->receive();
    }
    w.client.ask("PUT", large_object_maps + "/a", many_keys("a", 9'000));
    for (const auto& watcher : watchers) CHECK(watcher->receive().find("MODIFIED") != std::string::npos);
}
