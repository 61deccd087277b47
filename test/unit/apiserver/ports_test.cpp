#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"

using namespace orilla;
using namespace orilla::apiserver;
using namespace orilla::http;
using namespace orilla::pki;
using orilla::test::Answer;
using orilla::test::ApiClient;
using orilla::test::ApiWorld;
using orilla::test::pods;

namespace {
/// Two lines, the second after a second, when it follows.
class FakeLog final : public ByteStream {
  public:
    FakeLog(loop::Loop& loop, bool follow) : loop_(loop), left_(follow ? 2 : 1) {}
    loop::Task<Result<bool>> next(std::string* out) override {
        if (left_ == 0) co_return false;
        if (--left_ == 0 && sent_) co_await loop_.sleep_for(1'000);
        sent_ = true;
        *out += "line\n";
        co_return true;
    }

  private:
    loop::Loop& loop_;
    int left_;
    bool sent_ = false;
};

class FakeLogs final : public objects::PodLogs {
  public:
    loop::Task<Result<std::unique_ptr<ByteStream>>> open(objects::LogRequest request) override {
        last = request;
        if (request.previous) co_return Error(Code::bad_request, "previous terminated container \"c\" in pod \"a\" not found");
        co_return std::unique_ptr<ByteStream>(std::make_unique<FakeLog>(*loop, request.follow));
    }
    loop::Loop* loop = nullptr;
    objects::LogRequest last;
};

class FakeImages final : public ImageService {
  public:
    std::vector<ImageInfo> list() const override { return {{"sha256:1", {"a:1", "a:2"}, 7, 1'700'000'000, true}}; }
    loop::Task<Result<ImageInfo>> pull(std::string name, ImageProgressFn progress) override {
        ++pulling;
        const Guard guard{this};
        progress({"downloading", 1, 10, 0, 1});
        co_await loop->sleep_for(1'000);
        progress({"downloading", 10, 10, 1, 1});
        if (name == "bad") co_return Error(Code::not_found, "image bad: not found");
        co_return list()[0];
    }
    loop::Task<Result<std::vector<ImageInfo>>> import(std::string path, std::string, ImageProgressFn) override {
        imported = path;
        co_return list();
    }
    loop::Task<Result<void>> remove(std::string name) override {
        if (name == "a:1") co_return Error(Code::conflict, "image a:1 is used by a container");
        co_return ok();
    }
    loop::Task<Result<std::vector<ImageInfo>>> prune() override { co_return std::vector<ImageInfo>(); }

    struct Guard {
        FakeImages* owner;
        ~Guard() { --owner->pulling; }
    };
    loop::Loop* loop = nullptr;
    int pulling = 0;
    std::string imported;
};

struct PortsWorld {
    PortsWorld() : w(make()) {
        logs.loop = images.loop = &w.loop;
        w.create(
            pods,
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"b:1"}]}})");
        w.create(
            pods,
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"two"},"spec":{"initContainers":[{"name":"i","image":"b:1"}],"containers":[{"name":"c","image":"b:1"},{"name":"d","image":"b:1"}]}})");
    }
    ServerOptions make() {
        ServerOptions options;
        options.logs = &logs;
        options.images = &images;
        return options;
    }
    FakeLogs logs;
    FakeImages images;
    ApiWorld w;
};
}  // namespace

TEST_CASE("pods/log: text, with what was asked for") {
    PortsWorld p;
    const Answer answer = p.w.client.ask("GET", pods + "/a/log?tailLines=5&timestamps=true&limitBytes=100&sinceSeconds=60");
    CHECK(answer.status == 200);
    CHECK(answer.head.find("Content-Type: text/plain") != std::string::npos);
    CHECK(answer.body == "line\n");
    CHECK(p.logs.last.container == "c");
    CHECK(p.logs.last.tail_lines == 5);
    CHECK(p.logs.last.timestamps);
    CHECK(p.logs.last.limit_bytes == 100);
    CHECK(p.logs.last.since_wall_ns == (p.w.clock.wall_s() - 60) * 1'000'000'000);
    p.w.client.ask("GET", pods + "/a/log?sinceTime=2023-11-14T22:13:20.5Z");
    CHECK(p.logs.last.since_wall_ns == 1'700'000'000'500'000'000);
}

TEST_CASE("pods/log: one stream of two") {
    PortsWorld p;
    CHECK(p.w.client.ask("GET", pods + "/a/log?stream=Stderr").status == 200);
    CHECK(p.logs.last.source == objects::LogSource::standard_error);
    CHECK(p.w.client.ask("GET", pods + "/a/log?stream=Stdout").status == 200);
    CHECK(p.logs.last.source == objects::LogSource::standard_output);
    CHECK(p.w.client.ask("GET", pods + "/a/log?stream=All&tailLines=3").status == 200);
    CHECK(p.logs.last.source == objects::LogSource::all);
}

TEST_CASE("pods/log: following goes on until the container ends") {
    PortsWorld p;
    p.w.client.send("GET", pods + "/a/log?follow=true");
    CHECK(p.w.client.receive().ends_with("\r\n\r\n5\r\nline\n\r\n"));
    p.w.pass(1'000);
    CHECK(p.w.client.receive() == "5\r\nline\n\r\n0\r\n\r\n");
}

TEST_CASE("pods/log: refuses in kubectl's words") {
    PortsWorld p;
    const auto said = [&](const std::string& target, int status, std::string_view text) {
        const Answer answer = p.w.client.ask("GET", pods + target);
        INFO(answer.body);
        CHECK(answer.status == status);
        CHECK(answer.has(text));
    };
    said("/two/log", 400, "a container name must be specified for pod two, choose one of: [c d i]");
    said("/two/log?container=x", 400, "container x is not valid for pod two");
    said("/a/log?previous=true", 400, R"(previous terminated container \"c\" in pod \"a\" not found)");
    said("/none/log", 404, R"(pods \"none\" not found)");
    said("/a/log?tailLines=-1", 422, "tailLines");
    said("/a/log?tailLines=x", 400, "tailLines");
    said("/a/log?limitBytes=0", 422, "limitBytes");
    said("/a/log?sinceSeconds=0", 422, "sinceSeconds");
    said("/a/log?sinceSeconds=1&sinceTime=2023-11-14T22:13:20Z", 422, "at most one of");
    said("/a/log?sinceTime=yesterday", 422, "sinceTime");
    said("/a/log?stream=stdout", 422,
         R"(stream: Unsupported value: \"stdout\": supported values: \"All\", \"Stderr\", \"Stdout\")");
    said("/a/log?stream=", 422, "stream: Unsupported value");
    said("/a/log?stream=Stderr&tailLines=3", 422, "`tailLines` and specific `stream` are mutually exclusive");
    CHECK(p.w.client.ask("GET", pods + "/two/log?container=i").status == 200);
    CHECK(p.w.client.ask("DELETE", pods + "/a/log").status == 405);
}

TEST_CASE("images: are listed, imported, pruned and removed") {
    PortsWorld p;
    CHECK(p.w.client.ask("GET", "/orilla/v1/images").body ==
          R"({"items":[{"id":"sha256:1","names":["a:1","a:2"],"sizeBytes":7,"created":"2023-11-14T22:13:20Z","inUse":true}]})"
          "\n");
    CHECK(p.w.client.ask("POST", "/orilla/v1/images/import?path=%2Ftmp%2Fx.tar").has(R"({"images":[{"id":"sha256:1")"));
    CHECK(p.images.imported == "/tmp/x.tar");
    CHECK(p.w.client.ask("POST", "/orilla/v1/images/import?path=x.tar").status == 400);
    CHECK(p.w.client.ask("POST", "/orilla/v1/images/prune").body == "{\"items\":[]}\n");
    CHECK(p.w.client.ask("DELETE", "/orilla/v1/images?name=b").status == 200);
    CHECK(p.w.client.ask("DELETE", "/orilla/v1/images?name=a:1").status == 409);
    CHECK(p.w.client.ask("DELETE", "/orilla/v1/images").status == 400);
    CHECK(p.w.client.ask("GET", "/orilla/v1/images/pull").status == 405);
    CHECK(p.w.client.ask("POST", "/orilla/v1/images/eat").status == 404);
}

TEST_CASE("images: a pull tells how far it is, and its end") {
    PortsWorld p;
    p.w.client.send("POST", "/orilla/v1/images/pull?name=a:1");
    const Answer start = ApiClient::parse(p.w.client.receive());
    CHECK(start.body == R"({"status":"downloading","doneBytes":1,"totalBytes":10,"layersDone":0,"layersTotal":1,"layers":[]})"
                        "\n");
    p.w.pass(1'000);
    const std::string end = ApiClient::unchunk(p.w.client.receive());
    CHECK(end.find(R"("doneBytes":10)") < end.find(R"({"images":[{"id":"sha256:1")"));
    p.w.client.send("POST", "/orilla/v1/images/pull?name=bad");
    p.w.pass(1'000);
    CHECK(p.w.client.receive().find(R"({"error":{"kind":"Status")") != std::string::npos);
}

TEST_CASE("images: a pull is given up when its client goes") {
    PortsWorld p;
    ApiClient other(p.w.loop, p.w.http);
    other.send("POST", "/orilla/v1/images/pull?name=a:1");
    CHECK(p.images.pulling == 1);
    other.hang_up();
    p.w.settle();
    CHECK(p.images.pulling == 0);
}

TEST_CASE("kubeconfig: for who may use the socket, with the address that clients see") {
    ServerOptions options;
    options.advertised_address = "127.0.0.1:6443";
    ApiWorld w(options);
    CHECK(w.client.ask("GET", "/orilla/v1/kubeconfig").status == 503);
    Pki pki;
    pki.admin_key = "key";
    w.handler.set_pki(pki);
    CHECK(w.client.ask("GET", "/orilla/v1/kubeconfig").has("server: https://127.0.0.1:6443\n"));
    CHECK(w.client.ask("GET", "/orilla/v1/kubeconfig?server=").has("client-key-data: a2V5\n"));
    CHECK(w.client.ask("GET", "/orilla/v1/kubeconfig?server=https://192.0.2.1:6443").has("server: https://192.0.2.1:6443\n"));
    CHECK(w.client.ask("GET", "/orilla/v1/kubeconfig?server=https://a%0Ab:%20c").status == 400);
    CHECK(w.client.ask("GET", "/orilla/v1/kubeconfig?server=nonsense").status == 400);
    w.options.advertised_address = "0.0.0.0:7443";
    CHECK(w.client.ask("GET", "/orilla/v1/kubeconfig").has("server: https://127.0.0.1:7443\n"));
}

TEST_CASE("ports: what is not connected says so") {
    ApiWorld w;
    w.create(pods,
             R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"b:1"}]}})");
    CHECK(w.client.ask("GET", pods + "/a/log").status == 503);
    CHECK(w.client.ask("GET", "/orilla/v1/images").status == 503);
}
