// How many GETs a second the server answers over a unix socket: a bounded load of keep-alive connections, each with one
// request under way, from one thread.
//
//   http_bench SOCKET PATH [SECONDS=5] [CONNECTIONS=16]    against a running server
//   http_bench --create SOCKET [SECONDS=5] [CONNECTIONS=16]    creates ConfigMaps of 2 KB, each answered after its fsync
//   http_bench --self [SECONDS=5] [CONNECTIONS=16]         against the HTTP layer alone, in a thread of this process
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "apiserver/request/status.hpp"
#include "orilla/base/clock.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/http/server.hpp"
#include "orilla/http/sockets.hpp"
#include "orilla/loop/loop.hpp"

using namespace orilla;
using Clock_ = std::chrono::steady_clock;

namespace {
constexpr size_t latencies_max = 4'000'000;
constexpr int seconds_max = 60;
constexpr int connections_max = 256;

struct Client {
    UniqueFd fd;
    Clock_::time_point sent;
    size_t expected = 0;  ///< bytes of the whole answer; 0 until its head is here
    size_t got = 0;
    std::string head;
};

UniqueFd connect_to(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        std::perror(("connect " + path).c_str());
        std::exit(1);
    }
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    return fd;
}

void send_request(Client& client, const std::string& request) {
    client.sent = Clock_::now();
    client.expected = client.got = 0;
    client.head.clear();
    if (::send(client.fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
        std::perror("send");
        std::exit(1);
    }
}

/// Length of the answer from its head; exits when it is no success.
void read_head(Client& client, const char* bytes, size_t size) {
    client.head.append(bytes, size);
    const size_t end = client.head.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const size_t length = client.head.find("Content-Length: ");
    if (!client.head.starts_with("HTTP/1.1 20") || length == std::string::npos) {
        std::fprintf(stderr, "unexpected answer: %s\n", client.head.c_str());
        std::exit(1);
    }
    client.expected = end + 4 + std::strtoul(client.head.c_str() + length + 16, nullptr, 10);
}

/// True when the answer is complete.
bool receive(Client& client) {
    static char buffer[256 * 1024];
    for (;;) {
        const ssize_t got = ::recv(client.fd.get(), buffer, sizeof buffer, 0);
        if (got == 0) {
            std::fprintf(stderr, "the server closed the connection\n");
            std::exit(1);
        }
        if (got < 0) return false;
        client.got += static_cast<size_t>(got);
        if (client.expected == 0) read_head(client, buffer, static_cast<size_t>(got));
        if (client.expected != 0 && client.got >= client.expected) return true;
    }
}

void print_result(std::vector<float>& micros, double seconds, int connections) {
    std::sort(micros.begin(), micros.end());
    const auto at = [&](double part) { return micros[static_cast<size_t>(part * static_cast<double>(micros.size() - 1))]; };
    std::printf("%d connections, %.1f s: %.0f requests/s, latency us p50 %.0f p99 %.0f max %.0f\n", connections, seconds,
                static_cast<double>(micros.size()) / seconds, at(0.5), at(0.99), at(1.0));
}

std::string get_request(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n";
}

std::string create_request() {
    const std::string body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"bench-"},"data":{"value":")" +
                             std::string(2048, 'x') + "\"}}";
    return "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

void run_load(const std::string& socket_path, const std::string& request, int seconds, int connections) {
    std::vector<Client> clients(static_cast<size_t>(connections));
    UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    for (auto& client : clients) {
        client.fd = connect_to(socket_path);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &client;
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, client.fd.get(), &event);
        send_request(client, request);
    }
    std::vector<float> micros;
    micros.reserve(latencies_max);
    const auto start = Clock_::now();
    const auto end = start + std::chrono::seconds(seconds);
    while (Clock_::now() < end && micros.size() < latencies_max) {
        epoll_event events[64];
        const int count = ::epoll_wait(epoll.get(), events, 64, 1000);
        for (int i = 0; i < count; ++i) {
            auto& client = *static_cast<Client*>(events[i].data.ptr);
            if (!receive(client)) continue;
            micros.push_back(std::chrono::duration<float, std::micro>(Clock_::now() - client.sent).count());
            send_request(client, request);
        }
    }
    print_result(micros, std::chrono::duration<double>(Clock_::now() - start).count(), connections);
}

class FixedHandler final : public http::Handler {
  public:
    std::shared_ptr<const http::Caller> identify(const http::Peer&) const override {
        auto caller = std::make_shared<http::Caller>();
        caller->admitted = true;
        return caller;
    }
    http::Response refuse(const http::Request&) const override { return http::Response(403); }
    http::Response render_http_error(int status, std::string_view) const override { return http::Response(status); }
    loop::Task<http::Response> handle(const http::Request&) override {
        http::Response response;
        response.keep = body_;
        response.view = *body_;
        co_return response;
    }

  private:
    std::shared_ptr<std::string> body_ = std::make_shared<std::string>(3'500, 'x');
};

double cpu_seconds_of_thread() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void run_self(int seconds, int connections) {
    const std::string path = "/tmp/orilla-http-bench-" + std::to_string(::getpid()) + ".sock";
    auto listener = http::listen_unix(path, -1);
    if (!listener) std::exit((std::fprintf(stderr, "%s\n", listener.error().message().c_str()), 1));
    const SystemClock clock;
    loop::Loop loop(clock);
    double cpu = 0;
    std::thread thread([&] {
        FixedHandler handler;
        http::Server server(loop, handler, {});
        server.serve_unix(std::move(listener).value());
        loop.run();
        cpu = cpu_seconds_of_thread();
        std::printf("server: %.2f us CPU a request\n", cpu * 1e6 / static_cast<double>(server.counters().requests));
    });
    run_load(path, get_request("/api/v1/namespaces/default/pods/web"), seconds, connections);
    loop.post_from_thread([&loop] { loop.stop(); });
    thread.join();
    ::unlink(path.c_str());
}
}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc >= 2 ? argv[1] : "";
    const int first = mode == "--self" ? 2 : 3;
    if (argc < first)
        return std::fprintf(stderr, "usage: http_bench SOCKET PATH|--create SOCKET|--self [SECONDS] [CONNECTIONS]\n"), 2;
    const int seconds = std::clamp(argc > first ? std::atoi(argv[first]) : 5, 1, seconds_max);
    const int connections = std::clamp(argc > first + 1 ? std::atoi(argv[first + 1]) : 16, 1, connections_max);
    if (mode == "--self") run_self(seconds, connections);
    else if (mode == "--create") run_load(argv[2], create_request(), seconds, connections);
    else run_load(argv[1], get_request(argv[2]), seconds, connections);
    return 0;
}
