// What one request through a proxy costs that is made of room http alone: client, Server, Channel, backend, all on loopback and
// each in a process of its own, kept connections, a page of 1 KB. The figure is requests for each second of the proxy's
// processor time, which a busy machine does not change much.
//
//   proxy_bench [SECONDS=5] [CONNECTIONS=64]               the backend, the proxy and the load
//   proxy_bench --backend [SECONDS=30]                     the backend alone, for another proxy in front; it names its port
//   proxy_bench --load PORT PID [SECONDS] [CONNECTIONS]    the load, on a proxy that runs as PID (its first worker's)
//   proxy_bench --bulk [MB=1000] [PORT PID]                one large download and one large upload, through this proxy or
//   another proxy_bench --idle [CONNECTIONS=10000]                 what connections cost the proxy that have asked once and
//   wait
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "orilla/base/clock.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/http/channel.hpp"
#include "orilla/http/server.hpp"
#include "orilla/http/sockets.hpp"
#include "orilla/loop/loop.hpp"

using namespace orilla;
using Time = std::chrono::steady_clock;

namespace {
constexpr int seconds_max = 60;
constexpr int connections_max = 15'000;
constexpr size_t latencies_max = 4'000'000;
constexpr int own_proxy_port = 18'080;
constexpr int own_backend_port = 18'081;
const std::string request_text =
    "GET /page?x=1 HTTP/1.1\r\nHost: bench.local\r\nUser-Agent: proxy_bench/1.0\r\nAccept: text/html,application/xhtml+xml\r\n"
    "Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\n\r\n";

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

class Everybody : public http::Handler {
  public:
    Everybody() { caller_->admitted = true; }
    std::shared_ptr<const http::Caller> identify(const http::Peer&) const override { return caller_; }
    http::Response refuse(const http::Request&) const override { return http::Response(403); }
    http::Response render_http_error(int status, std::string_view) const override { return http::Response(status); }

  private:
    std::shared_ptr<http::Caller> caller_ = std::make_shared<http::Caller>();
};

constexpr uint64_t mb = 1024 * 1024;

/// So many bytes of nothing.
class Bulk final : public http::BodyStream {
  public:
    explicit Bulk(uint64_t bytes) : bytes_(bytes), left_(bytes) {}
    std::optional<uint64_t> length() const override { return bytes_; }
    bool ended() const override { return left_ == 0; }
    void take_ready(std::string* out) override {
        const uint64_t count = std::min<uint64_t>(left_, 64 * 1024);
        out->append(count, 'x');
        left_ -= count;
    }
    loop::Task<Result<bool>> next(std::string* out) override {
        const bool more = left_ > 0;
        take_ready(out);
        co_return more;
    }

  private:
    const uint64_t bytes_;
    uint64_t left_;
};

class Page final : public Everybody {
  public:
    bool streams_body(const http::Request&) const override { return true; }
    loop::Task<http::Response> handle(const http::Request& request) override {
        http::Response response;
        if (request.body_stream) {
            std::string piece;
            for (bool more = true; more;) {
                piece.clear();
                AWAIT(auto made, request.body_stream->next(&piece));
                more = made && *made;
            }
        }
        if (request.path.starts_with("/bulk/")) {
            response.body_stream = std::make_unique<Bulk>(std::strtoull(request.path.data() + 6, nullptr, 10) * mb);
            co_return response;
        }
        response.content_type = "text/html";
        response.add_header("Cache-Control", "no-cache");
        response.add_header("ETag", "\"5f3c-1024\"");
        response.body = text_;
        co_return response;
    }

  private:
    const std::string text_ = std::string(1024, 'x');
};

/// As plain as a proxy can be: whatever comes goes to the one backend, over a channel that is free.
class PassOn final : public Everybody {
  public:
    explicit PassOn(loop::Loop& loop) : loop_(loop) {}
    bool streams_body(const http::Request&) const override { return true; }
    loop::Task<http::Response> handle(const http::Request& request) override {
        std::unique_ptr<http::Channel> channel;
        if (idle_.empty()) {
            http::Endpoint endpoint;
            endpoint.address = "127.0.0.1";
            endpoint.port = own_backend_port;
            AWAIT(auto opened, http::open_channel(loop_, std::move(endpoint), {}));
            if (!opened) co_return http::Response(502);
            channel = std::move(*opened);
        } else {
            channel = std::move(idle_.back());
            idle_.pop_back();
        }
        http::RequestHead head;
        head.method = request.method_text;
        head.target = request.target;
        head.authority = request.authority;
        head.headers = request.headers;
        auto answer = std::make_unique<Answer>(*this, std::move(channel), head, request.body_stream);
        AWAIT(auto read, answer->exchange->read_head());
        if (!read) co_return http::Response(502);
        http::Response response(answer->exchange->head().status);
        response.content_type = {};
        response.adds_date = false;
        for (const auto& field : answer->exchange->head().headers)
            if (field.name != "Content-Length" && field.name != "Connection") response.add_header(field.name, field.value);
        response.body_stream = std::move(answer);
        co_return response;
    }

  private:
    struct Answer final : http::BodyStream {
        Answer(PassOn& the_owner, std::unique_ptr<http::Channel> the_channel, const http::RequestHead& head,
               http::BodyStream* body)
            : owner(the_owner), channel(std::move(the_channel)), exchange(channel->begin(head, body)) {}
        ~Answer() override {
            exchange.reset();
            if (channel->room() > 0) owner.idle_.push_back(std::move(channel));
        }
        std::optional<uint64_t> length() const override { return exchange->length(); }
        bool ended() const override { return exchange->ended(); }
        void take_ready(std::string* out) override { exchange->take_ready(out); }
        loop::Task<Result<bool>> next(std::string* out) override { return exchange->next(out); }
        PassOn& owner;
        std::unique_ptr<http::Channel> channel;
        std::unique_ptr<http::Exchange> exchange;
    };
    loop::Loop& loop_;
    std::vector<std::unique_ptr<http::Channel>> idle_;
};

http::ServerLimits proxy_limits() {
    http::ServerLimits limits;
    limits.connections_max = limits.client_connections_max = connections_max;
    limits.connection.ends_with_client = true;
    return limits;
}

[[noreturn]] void serve(http::Handler& handler, loop::Loop& loop, int port) {
    auto listener = http::listen_tcp("127.0.0.1:" + std::to_string(port));
    if (!listener) std::exit((std::fprintf(stderr, "%s\n", listener.error().message().c_str()), 1));
    http::Server server(loop, handler, proxy_limits());
    server.serve_plain(std::move(listener).value());
    loop.run();
    std::exit(0);
}

/// Ends with this process.
pid_t start(bool is_proxy) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const SystemClock clock;
    loop::Loop loop(clock);
    Page page;
    PassOn pass_on(loop);
    if (is_proxy) serve(pass_on, loop, own_proxy_port);
    serve(page, loop, own_backend_port);
}

UniqueFd connect_to(int port) {
    constexpr int tries_max = 100;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < tries_max; ++i) {
        UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
            const int yes = 1;
            ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
            return fd;
        }
        ::usleep(20'000);
    }
    die("connect");
}

struct Client {
    UniqueFd fd;
    Time::time_point sent;
    std::string answer;
};

void ask(Client& client) {
    client.sent = Time::now();
    client.answer.clear();
    if (::send(client.fd.get(), request_text.data(), request_text.size(), MSG_NOSIGNAL) < 0) die("send");
}

/// True when the answer is complete.
bool receive(Client& client) {
    constexpr size_t page_bytes = 1024;
    char buffer[8192];
    const ssize_t count = ::recv(client.fd.get(), buffer, sizeof buffer, 0);
    if (count == 0) std::exit((std::fprintf(stderr, "the proxy has closed\n"), 1));
    if (count < 0) return false;
    client.answer.append(buffer, static_cast<size_t>(count));
    const size_t end = client.answer.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    if (!client.answer.starts_with("HTTP/1.1 200")) std::exit((std::fprintf(stderr, "%s\n", client.answer.c_str()), 1));
    return client.answer.size() >= end + 4 + page_bytes;
}

/// User and system time of a process.
double cpu_seconds(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string word;
    for (int i = 0; i < 13; ++i) file >> word;
    double user = 0;
    double system = 0;
    file >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

long private_kb(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    std::string word;
    long kb = 0;
    long total = 0;
    while (file >> word)
        if ((word == "Private_Dirty:" || word == "Private_Clean:") && file >> kb) total += kb;
    return total;
}

void run_load(int port, pid_t proxy, int seconds, int connections) {
    std::vector<Client> clients(static_cast<size_t>(connections));
    UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    for (auto& client : clients) {
        client.fd = connect_to(port);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &client;
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, client.fd.get(), &event);
        ask(client);
    }
    std::vector<float> micros;
    micros.reserve(latencies_max);
    const double cpu_before = cpu_seconds(proxy);
    const auto begin = Time::now();
    const auto end = begin + std::chrono::seconds(seconds);
    while (Time::now() < end && micros.size() < latencies_max) {
        epoll_event events[64];
        const int count = ::epoll_wait(epoll.get(), events, 64, 1000);
        for (int i = 0; i < count; ++i) {
            auto& client = *static_cast<Client*>(events[i].data.ptr);
            if (!receive(client)) continue;
            micros.push_back(std::chrono::duration<float, std::micro>(Time::now() - client.sent).count());
            ask(client);
        }
    }
    const double took = std::chrono::duration<double>(Time::now() - begin).count();
    const double cpu = cpu_seconds(proxy) - cpu_before;
    std::sort(micros.begin(), micros.end());
    const auto requests = static_cast<double>(micros.size());
    const auto at = [&](double part) { return micros[static_cast<size_t>(part * (requests - 1))]; };
    std::printf(
        "%d connections, %.1f s: %.0f requests/s, %.0f for each second of the proxy's processor time (%.1f us each), "
        "latency us p50 %.0f p99 %.0f\n",
        connections, took, requests / took, requests / cpu, cpu * 1e6 / requests, at(0.5), at(0.99));
}

/// The most that it ever had in memory.
long peak_kb(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    std::string word;
    long kb = 0;
    while (file >> word)
        if (word == "VmHWM:") file >> kb;
    return kb;
}

/// One request, and `bytes` of the body one way or the other.
void run_bulk(int port, pid_t proxy, int size_mb, bool uploads) {
    const uint64_t bytes = static_cast<uint64_t>(size_mb) * mb;
    static std::vector<char> buffer(256 * 1024, 'x');
    const UniqueFd fd = connect_to(port);
    ::fcntl(fd.get(), F_SETFL, 0);
    const std::string size = std::to_string(uploads ? bytes : static_cast<uint64_t>(size_mb));
    const std::string head =
        uploads ? "POST / HTTP/1.1\r\nHost: bench.local\r\nConnection: close\r\nContent-Length: " + size + "\r\n\r\n"
                : "GET /bulk/" + size + " HTTP/1.1\r\nHost: bench.local\r\nConnection: close\r\n\r\n";
    const double cpu_before = cpu_seconds(proxy);
    const auto begin = Time::now();
    if (::send(fd.get(), head.data(), head.size(), MSG_NOSIGNAL) < 0) die("send");
    uint64_t sent = 0;
    while (uploads && sent < bytes) {
        const ssize_t count = ::send(fd.get(), buffer.data(), std::min<uint64_t>(buffer.size(), bytes - sent), MSG_NOSIGNAL);
        if (count <= 0) die("send");
        sent += static_cast<uint64_t>(count);
    }
    uint64_t received = 0;
    ssize_t count = 0;
    while ((count = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0) received += static_cast<uint64_t>(count);
    const double took = std::chrono::duration<double>(Time::now() - begin).count();
    if (!uploads && received < bytes) std::exit((std::fprintf(stderr, "the download broke off\n"), 1));
    std::printf("%s of %d MB: %.2f s, %.2f s of the proxy's processor time, its peak %ld KB\n", uploads ? "upload" : "download",
                size_mb, took, cpu_seconds(proxy) - cpu_before, peak_kb(proxy));
}

void run_idle(pid_t proxy, int connections) {
    const rlimit files{connections_max + 100, connections_max + 100};
    ::setrlimit(RLIMIT_NOFILE, &files);
    Client first;
    first.fd = connect_to(own_proxy_port);
    ask(first);
    while (!receive(first)) ::usleep(1'000);
    const long before = private_kb(proxy);
    std::vector<Client> clients(static_cast<size_t>(connections));
    for (auto& client : clients) {
        client.fd = connect_to(own_proxy_port);
        ask(client);
        while (!receive(client)) ::usleep(50);
    }
    const long after = private_kb(proxy);
    std::printf("%d idle connections: %ld KB private before, %ld KB after, %.2f KB each\n", connections, before, after,
                static_cast<double>(after - before) / connections);
}
}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc >= 2 ? argv[1] : "";
    const auto number = [&](int at, int otherwise, int max) {
        return std::clamp(argc > at ? std::atoi(argv[at]) : otherwise, 1, max);
    };
    if (mode == "--load")
        return run_load(number(2, own_proxy_port, 65535), number(3, 1, 1 << 30), number(4, 5, seconds_max),
                        number(5, 64, connections_max)),
               0;
    constexpr int size_mb_max = 10'000;
    const bool is_bulk = mode == "--bulk";
    if (is_bulk && argc > 4) {
        for (const bool uploads : {false, true})
            run_bulk(number(3, 0, 65535), number(4, 1, 1 << 30), number(2, 1'000, size_mb_max), uploads);
        return 0;
    }
    const rlimit files{connections_max + 100, connections_max + 100};
    ::setrlimit(RLIMIT_NOFILE, &files);
    const pid_t backend = start(false);
    if (mode == "--backend") {
        std::printf("port %d\n", own_backend_port);
        std::fflush(stdout);
        ::sleep(static_cast<unsigned>(number(2, 30, 10 * seconds_max)));
        return ::kill(backend, SIGKILL);
    }
    const pid_t proxy = start(true);
    if (is_bulk)
        for (const bool uploads : {false, true}) run_bulk(own_proxy_port, proxy, number(2, 1'000, size_mb_max), uploads);
    else if (mode == "--idle") run_idle(proxy, number(2, 10'000, connections_max));
    else run_load(own_proxy_port, proxy, number(1, 5, seconds_max), number(2, 64, connections_max));
    ::kill(proxy, SIGKILL);
    ::kill(backend, SIGKILL);
    return 0;
}
