#include "probes/grpc_probe.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "orilla/base/clock.hpp"
#include "orilla/http/server.hpp"
#include "orilla/http/sockets.hpp"
#include "probes/probes.hpp"
#include "support/await.hpp"

using namespace orilla;
using namespace orilla::node;

TEST_CASE("render_health_request: a message behind gRPC's prefix") {
    CHECK(render_health_request("") == std::string(5, '\0'));
    CHECK(render_health_request("db") == std::string("\0\0\0\0\4\n\2db", 9));
    CHECK(render_health_request(std::string(200, 's')).substr(0, 8) == std::string("\0\0\0\0\xcb\n\xc8\1", 8));
}

TEST_CASE("render_go_seconds: as Go writes them") {
    CHECK(render_go_seconds(1'000) == "1s");
    CHECK(render_go_seconds(90'000) == "1m30s");
    CHECK(render_go_seconds(3'600'000) == "1h0m0s");
}

TEST_CASE("judge_health_answer: the kubelet's words for each answer") {
    const http::Headers grpc{{"content-type", "application/grpc"}}, fine{{"grpc-status", "0"}};
    const auto judge = [](int status, const http::Headers& headers, const http::Headers& trailers, std::string_view body) {
        const auto answer = judge_health_answer(status, headers, trailers, body, 2'000);
        return answer ? std::string("success") : answer.error().message();
    };
    const auto with_status = [](char status) { return std::string("\0\0\0\0\2\x08", 6) + status; };
    CHECK(judge(200, grpc, fine, with_status(1)) == "success");
    CHECK(judge(200, grpc, fine, with_status(2)) == "service unhealthy (responded with \"NOT_SERVING\")");
    CHECK(judge(200, grpc, fine, with_status(3)) == "service unhealthy (responded with \"SERVICE_UNKNOWN\")");
    CHECK(judge(200, grpc, fine, with_status(9)) == "service unhealthy (responded with \"9\")");
    CHECK(judge(200, grpc, fine, std::string(5, '\0')) == "service unhealthy (responded with \"UNKNOWN\")");
    CHECK(judge(200, {{"content-type", "application/grpc"}, {"grpc-status", "5"}, {"grpc-message", "unknown%20service"}}, {},
                "") == "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service");
    CHECK(judge(200, grpc, {{"grpc-status", "12"}, {"grpc-message", "no such method"}}, "") ==
          "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): no such method");
    CHECK(judge(200, grpc, {{"grpc-status", "4"}}, "") == "timeout: health rpc did not complete within 2s");
    CHECK(judge(404, {}, {}, "") ==
          "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unexpected HTTP status code "
          "received from server: 404");
    CHECK(judge(503, {}, {}, "").starts_with("error: health rpc probe failed: rpc error: code = Unavailable desc = "));
    CHECK(
        judge(200, grpc, {}, with_status(1)).starts_with("error: health rpc probe failed: rpc error: code = Internal desc = "));
    // Messages that are none.
    for (const std::string& body :
         {std::string("\0\0\0\0\1\x08", 6), std::string("\1\0\0\0\2\x08\1", 7), std::string("\0\0", 2),
          std::string("\0\0\0\0\3\x12\x7f\1", 8), std::string("\0\0\0\0\1\x0f", 6)})
        CHECK(judge(200, grpc, fine, body).find("no HealthCheckResponse") != std::string::npos);
    // Fields of a later version.
    CHECK(judge(200, grpc, fine, std::string("\0\0\0\0\6\x12\2hi\x08\1", 11)) == "success");
}

namespace {
/// A health service of our own server: what it says of each service.
class HealthHandler final : public http::Handler {
  public:
    explicit HealthHandler(loop::Loop& loop) : loop_(loop) {}
    std::shared_ptr<const http::Caller> identify(const http::Peer&) const override {
        auto caller = std::make_shared<http::Caller>();
        caller->admitted = true;
        return caller;
    }
    http::Response refuse(const http::Request&) const override { return http::Response(403); }
    http::Response render_http_error(int status, std::string_view) const override { return http::Response(status); }
    loop::Task<http::Response> handle(const http::Request& request) override {
        heard = std::string(request.target) + " " + std::string(request.header("te")) + " " +
                std::string(request.header("grpc-timeout")) + " " + std::string(request.header("content-type"));
        const std::string service(request.body.size() > 7 ? request.body.substr(7) : std::string_view());
        if (service == "slow") co_await loop_.sleep_for(100'000);
        http::Response response(200, "application/grpc", "");
        response.body_stream = std::make_unique<Said>(std::string("\0\0\0\0\2\x08", 6) + (service == "down" ? '\2' : '\1'));
        co_return response;
    }
    std::string heard;

  private:
    class Said final : public http::BodyStream {
      public:
        explicit Said(std::string text) : text_(std::move(text)) {}
        bool ended() const override { return text_.empty(); }
        void take_ready(std::string* out) override { out->append(std::exchange(text_, {})); }
        loop::Task<Result<bool>> next(std::string* out) override {
            const bool more = !text_.empty();
            take_ready(out);
            co_return more;
        }
        const http::Headers& trailers() const override { return trailers_; }

      private:
        std::string text_;
        http::Headers trailers_{{"grpc-status", "0"}};
    };
    loop::Loop& loop_;
};
}  // namespace

TEST_CASE("check_grpc: a service is asked over HTTP/2 without TLS") {
    SystemClock clock;
    loop::Loop loop(clock);
    HealthHandler handler(loop);
    http::Server server(loop, handler);
    auto listener = http::listen_tcp("127.0.0.1:0");
    REQUIRE(listener);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE(getsockname(listener->get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const int port = ntohs(address.sin_port);
    server.serve_plain(std::move(*listener), {.speaks_http_2 = true});
    const auto ask = [&](std::string service, int64_t limit_ms, int to) {
        GrpcProbeRequest request{"127.0.0.1", to, std::move(service), limit_ms};
        const auto answer = test::await(loop, check_grpc(loop, std::move(request)));
        return answer ? std::string("success") : answer.error().message();
    };
    CHECK(ask("", 20'000, port) == "success");
    CHECK(handler.heard == "/grpc.health.v1.Health/Check trailers 20000m application/grpc");
    CHECK(ask("down", 20'000, port) == "service unhealthy (responded with \"NOT_SERVING\")");
    CHECK(ask("slow", 300, port) == "timeout: health rpc did not complete within 300ms");
    // Nobody listens.
    auto closed = http::listen_tcp("127.0.0.1:0");
    REQUIRE(getsockname(closed->get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const int nobody = ntohs(address.sin_port);
    closed->reset();
    CHECK(ask("", 200, nobody) == "timeout: failed to connect service \"127.0.0.1:" + std::to_string(nobody) +
                                      "\" within 200ms: context deadline exceeded");
}
