#include "probes/probes.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "orilla/base/clock.hpp"
#include "probes/probe_io.hpp"
#include "support/await.hpp"

using namespace orilla;
using namespace orilla::node;

TEST_CASE("ProbeCounter: a verdict needs its threshold of results in a row") {
    ProbeCounter counter(2, 3);
    CHECK(counter.record(true) == ProbeVerdict::unknown);
    CHECK(counter.record(true) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(true) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::success);
    CHECK(counter.record(false) == ProbeVerdict::failure);
}

TEST_CASE("render_probe_request: own headers replace the defaults") {
    HttpProbeRequest request{{false, "10.42.0.5", 80, "/healthz"}, {{"Host", "shop"}, {"X-A", "b"}}};
    CHECK(render_probe_request(request) ==
          "GET /healthz HTTP/1.1\r\nUser-Agent: kube-probe/1.33\r\nAccept: */*\r\nHost: shop\r\nX-A: b\r\nConnection: "
          "close\r\n\r\n");
}

namespace {
/// A server on the loopback that answers each path with what is written for it; it counts the requests.
class Answering {
  public:
    explicit Answering(std::map<std::string, std::string> answers) : answers_(std::move(answers)) {
        listener_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(listen(listener_.get(), 4) == 0);
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~Answering() {
        shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    int port = 0;
    std::atomic<int> asked{0};
    std::string heard;  ///< the last request

  private:
    void serve() {
        for (;;) {
            UniqueFd peer(accept(listener_.get(), nullptr, nullptr));
            if (!peer) return;
            std::string request;
            char buffer[1024];
            for (ssize_t got = 1; got > 0 && request.find("\r\n\r\n") == std::string::npos;) {
                got = read(peer.get(), buffer, sizeof buffer);
                request.append(buffer, static_cast<size_t>(std::max<ssize_t>(got, 0)));
            }
            heard = request;
            ++asked;
            const size_t end = request.find(' ', 4);
            const auto found = answers_.find(request.substr(4, end - 4));
            const std::string answer =
                found == answers_.end() ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" : found->second;
            if (write(peer.get(), answer.data(), answer.size()) < 0) return;
        }
    }
    std::map<std::string, std::string> answers_;
    UniqueFd listener_;
    std::thread thread_;
};

std::string to(const std::string& location) {
    return "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 4\r\n\r\ngone";
}
}  // namespace

TEST_CASE("get_http: redirects are followed on the same host, and where they end counts") {
    SystemClock clock;
    loop::Loop loop(clock);
    const std::string fine = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    std::map<std::string, std::string> answers{{"/fine", fine},
                                               {"/early", "HTTP/1.1 103 Early Hints\r\n\r\n" + fine},
                                               {"/bad", "HTTP/1.1 2222 Fine\r\n\r\n"},
                                               {"/end", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
                                               {"/to-end", to("/end")},
                                               {"/to-fine", to("fine")},
                                               {"/loop", to("/loop")},
                                               {"/away", to("http://192.0.2.7/")},
                                               {"/not-modified", "HTTP/1.1 304 Not\r\n\r\n"},
                                               {"/nowhere", "HTTP/1.1 302 Found\r\n\r\nbody"},
                                               {"/ftp", to("ftp://127.0.0.1/")}};
    for (int i = 0; i < 10; ++i) answers["/" + std::to_string(i)] = i == 9 ? fine : to("/" + std::to_string(i + 1));
    Answering server(answers);
    const std::string base = "Get \"http://127.0.0.1:" + std::to_string(server.port);
    const auto get = [&](std::string path, std::vector<std::pair<std::string, std::string>> headers = {}) {
        server.asked = 0;
        HttpProbeRequest request{{false, "127.0.0.1", server.port, std::move(path)}, std::move(headers)};
        auto answer = test::await(loop, get_http(loop, std::move(request)));
        return !answer ? answer.error().message() : answer->warning.empty() ? "success" : answer->warning;
    };
    CHECK(get("/fine") == "success");
    CHECK(get("/early") == "success");
    CHECK(get("/bad") == base + "/bad\": malformed HTTP status code \"2222\"");
    CHECK(get("/to-fine") == "success");
    CHECK(get("/to-end") == "HTTP probe failed with statuscode: 500");
    CHECK(get("/away") == "Probe terminated redirects, Response body: gone");
    CHECK(server.asked == 1);
    CHECK(get("/not-modified") == "Probe terminated redirects, Response body: ");
    CHECK(get("/nowhere") == "Probe terminated redirects, Response body: body");
    CHECK(get("/ftp") == base + "/ftp\": unsupported protocol scheme \"ftp\"");
    CHECK(get("/0") == "success");
    CHECK(server.asked == 10);
    CHECK(get("/loop") == base + "/loop\": stopped after 10 redirects");
    CHECK(server.asked == 10);
    CHECK(get("/to-fine", {{"Host", "shop"}, {"X-Own", "yes"}}) == "success");
    CHECK(server.heard.find("Host: shop\r\nX-Own: yes\r\n") != std::string::npos);
}
