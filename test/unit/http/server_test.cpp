// Who gets a connection when there are too many, on real sockets.
#include "orilla/http/server.hpp"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "../../support/fake_clock.hpp"
#include "orilla/http/sockets.hpp"
#include "orilla/http/tls.hpp"
#include "orilla/loop/turn_meter.hpp"
#include "pki/certificates.hpp"

using namespace orilla;
using namespace orilla::http;
using namespace orilla::pki;
using orilla::test::FakeClock;
using orilla::test::pass;
using orilla::test::settle;

namespace {
/// Says something once and then nothing.
class EndlessStream final : public ByteStream {
  public:
    explicit EndlessStream(loop::Loop& loop) : loop_(loop) {}
    loop::Task<Result<bool>> next(std::string* out) override {
        if (started_) co_await loop_.sleep_for(3'600'000);
        started_ = true;
        *out += "event\n";
        co_return true;
    }

  private:
    loop::Loop& loop_;
    bool started_ = false;
};

class PlainHandler final : public Handler {
  public:
    PlainHandler(loop::Loop& loop, FakeClock& clock) : loop_(loop), clock_(clock) {}
    std::shared_ptr<const Caller> identify(const Peer& peer) const override {
        auto caller = std::make_shared<Caller>();
        const bool local = peer.kind == Peer::Kind::local;
        caller->name = local ? "uid:" + std::to_string(peer.uid) : peer.common_name;
        caller->admitted = local || peer.organisations == std::vector<std::string>{"system:masters"};
        return caller;
    }
    Response refuse(const Request&) const override { return Response(403, "text/plain", "no"); }
    Response render_http_error(int status, std::string_view message) const override {
        Response response(status, "application/json",
                          R"({"reason":")" + std::string(status == 429 ? "TooManyRequests" : message) + "\"}");
        if (status == 429) response.add_header("Retry-After", "1");
        return response;
    }
    loop::Task<Response> handle(const Request& request) override {
        Response response(200, "text/plain", "hello");
        if (request.path == "/busy") clock_.advance_ms(20);
        if (request.path == "/watch") {
            response.is_watch = true;
            response.stream = std::make_unique<EndlessStream>(loop_);
        }
        co_return response;
    }

  private:
    loop::Loop& loop_;
    FakeClock& clock_;
};

const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string watch = "GET /watch HTTP/1.1\r\nHost: h\r\n\r\n";

struct SocketWorld {
    explicit SocketWorld(ServerLimits limits) : server(loop, handler, limits) {
        char name[] = "/tmp/orilla-http-XXXXXX";
        REQUIRE(::mkdtemp(name));
        directory = name;
        auto listener = listen_unix(directory + "/s", static_cast<int>(::getegid()));
        REQUIRE(listener);
        server.serve_unix(std::move(listener).value());
    }
    ~SocketWorld() { std::filesystem::remove_all(directory); }

    UniqueFd connect(const std::string& name = "s") {
        UniqueFd fd = dial(name);
        ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
        settle(loop);
        return fd;
    }
    /// The server has not seen it yet.
    UniqueFd dial(const std::string& name = "s") {
        UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (directory + "/" + name).copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        return fd;
    }
    std::string ask(const UniqueFd& fd, const std::string& text) {
        REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
        settle(loop);
        return read(fd);
    }
    std::string read(const UniqueFd& fd) {
        char piece[65536];
        const ssize_t got = ::recv(fd.get(), piece, sizeof piece, 0);
        return got > 0 ? std::string(piece, static_cast<size_t>(got)) : std::string();
    }
    /// Ended, and not by a reset.
    bool is_closed(const UniqueFd& fd) {
        char byte = 0;
        return ::recv(fd.get(), &byte, 1, 0) == 0;
    }
    FakeClock clock;
    loop::Loop loop{clock};
    PlainHandler handler{loop, clock};
    Server server;
    std::string directory;
};

ServerLimits small_limits() {
    ServerLimits limits;
    limits.connections_max = 4;
    limits.client_connections_max = 3;
    limits.client_watches_max = 2;
    limits.refused_connections_max = 2;
    return limits;
}
}  // namespace

TEST_CASE("HttpServer: one connection too many of a client is read and told to come back") {
    SocketWorld w(small_limits());
    std::vector<UniqueFd> open;
    for (int i = 0; i < 3; ++i) open.push_back(w.connect());
    const UniqueFd late = w.connect();
    CHECK(w.read(late).empty());  // not before it has asked
    const std::string answer =
        w.ask(late, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + std::string(50'000, 'x'));
    CHECK(answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
    CHECK(answer.find("\r\nRetry-After: 1\r\n") != std::string::npos);
    CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(answer.find(R"("reason":"TooManyRequests")") != std::string::npos);
    CHECK(w.is_closed(late));
    CHECK(w.ask(open[0], get).find("200 OK") != std::string::npos);
    open.pop_back();
    settle(w.loop);
    CHECK(w.ask(w.connect(), get).find("200 OK") != std::string::npos);
}

TEST_CASE("HttpServer: many that come with their requests are not answered in one turn") {
    SocketWorld w({});
    std::vector<UniqueFd> clients;
    const std::string busy = "GET /busy HTTP/1.1\r\nHost: h\r\n\r\n";
    for (int i = 0; i < 20; ++i) {
        clients.push_back(w.dial());
        REQUIRE(::send(clients.back().get(), busy.data(), busy.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(busy.size()));
    }
    settle(w.loop);
    for (const UniqueFd& client : clients) CHECK(w.read(client).find("200 OK") != std::string::npos);
    CHECK(w.loop.meter().stats(w.clock.monotonic_ns()).longest_ns < loop::long_turn_ns);
}

TEST_CASE("HttpServer: an idle connection makes room for a new one of the same client, once it is idle for a while") {
    SocketWorld w(small_limits());
    std::vector<UniqueFd> open;
    for (int i = 0; i < 3; ++i) open.push_back(w.connect());
    CHECK(w.ask(w.connect(), get).find(" 429 ") != std::string::npos);
    pass(w.loop, w.clock, 1'500);
    for (int i = 1; i < 3; ++i) w.ask(open[static_cast<size_t>(i)], get);
    const UniqueFd fresh = w.connect();
    CHECK(w.ask(fresh, get).find("200 OK") != std::string::npos);
    CHECK(w.is_closed(open[0]));
    CHECK(w.ask(open[1], get).find("200 OK") != std::string::npos);
}

TEST_CASE("HttpServer: watches leave their client room for what has an end") {
    SocketWorld w(small_limits());
    std::vector<UniqueFd> watching;
    for (int i = 0; i < 2; ++i) {
        watching.push_back(w.connect());
        CHECK(w.ask(watching.back(), watch).find("event") != std::string::npos);
    }
    const UniqueFd third = w.connect();
    CHECK(w.ask(third, watch).starts_with("HTTP/1.1 429 "));
    CHECK(w.is_closed(third));
    pass(w.loop, w.clock, 2'100);
    const UniqueFd other = w.connect();
    CHECK(w.ask(other, get).find("200 OK") != std::string::npos);
    CHECK(w.ask(other, "HEAD /watch HTTP/1.1\r\nHost: h\r\n\r\n").find("200 OK") != std::string::npos);
    watching.pop_back();
    settle(w.loop);
    CHECK(w.ask(other, watch).find("event") != std::string::npos);
    CHECK(w.server.counters().watches_refused == 1);
}

TEST_CASE("HttpServer: who is refused keeps nobody else from being refused") {
    SocketWorld w(small_limits());
    std::vector<UniqueFd> open;
    for (int i = 0; i < 20; ++i) open.push_back(w.connect());
    CHECK(w.server.connections() == 5);
    CHECK(w.ask(w.connect(), get).find(" 429 ") != std::string::npos);
    pass(w.loop, w.clock, 11'000);  // nor do they stay
    CHECK(w.server.connections() == 3);
}

TEST_CASE("HttpServer: another uid has a budget of its own") {
    if (::geteuid() != 0) return;
    SocketWorld w(small_limits());
    std::vector<UniqueFd> open;
    for (int i = 0; i < 3; ++i) open.push_back(w.connect());
    CHECK(w.ask(w.connect(), get).find(" 429 ") != std::string::npos);
    REQUIRE(::chmod(w.directory.c_str(), 0755) == 0);
    REQUIRE(::seteuid(12'345) == 0);  // of root's group still, which this server lets in
    const UniqueFd other = w.connect();
    REQUIRE(::seteuid(0) == 0);
    CHECK(w.ask(other, get).find("200 OK") != std::string::npos);
}

namespace {
/// A TLS client, driven by hand.
struct TlsClient {
    TlsClient(SocketWorld& world, const std::string& certificate, EVP_PKEY* key) : w(world), fd(w.connect("tls")) {
        if (!certificate.empty()) {
            SSL_CTX_use_certificate(context, parse_certificate(certificate).value().get());
            SSL_CTX_use_PrivateKey(context, key);
        }
        session = SSL_new(context);
        SSL_set_fd(session, fd.get());
    }
    ~TlsClient() {
        SSL_free(session);
        SSL_CTX_free(context);
    }
    /// The first line of the answer; "reset" or "end" when there is none.
    std::string ask(const std::string& text) {
        for (int i = 0; i < 20 && SSL_connect(session) != 1; ++i) settle(w.loop);
        SSL_write(session, text.data(), static_cast<int>(text.size()));
        char piece[4096];
        for (int i = 0; i < 20; ++i) {
            settle(w.loop);
            const int got = SSL_read(session, piece, sizeof piece);
            if (got > 0) return std::string(piece, std::string_view(piece, static_cast<size_t>(got)).find("\r\n"));
            if (SSL_get_error(session, got) == SSL_ERROR_WANT_READ) continue;
            return SSL_get_error(session, got) == SSL_ERROR_SYSCALL && errno == ECONNRESET ? "reset" : "end";
        }
        return "nothing";
    }
    SocketWorld& w;
    UniqueFd fd;
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* session = nullptr;
};

/// TLS on a unix socket, where bytes arrive at once.
struct TlsWorld : SocketWorld {
    explicit TlsWorld(ServerLimits limits) : SocketWorld(limits) {
        ::signal(SIGPIPE, SIG_IGN);  // OpenSSL's client writes as it likes
        auto listener = listen_unix(directory + "/tls", -1);
        REQUIRE(listener);
        Pki pki;
        pki.ca_certificate = render_certificate(authority.certificate.get()).value();
        PkiNames names;
        names.dns = {"localhost"};
        pki.server_certificate = sign_server_certificate(authority, key.get(), names).value();
        pki.server_key = render_key(key.get()).value();
        auto tls = TlsContext::create(TlsKeys{pki.server_certificate, pki.server_key, pki.ca_certificate});
        REQUIRE(tls);
        server.serve_tls(std::move(listener).value(), std::move(tls).value());
    }
    std::unique_ptr<TlsClient> client(const std::string& name) {
        std::string certificate;
        if (!name.empty()) certificate = sign_client_certificate(authority, key.get(), name, "system:masters").value();
        return std::make_unique<TlsClient>(*this, certificate, key.get());
    }
    Authority authority = make_authority("test").value();
    KeyPtr key = make_key().value();
};
}  // namespace

TEST_CASE("HttpServer: one certificate's connections are not another's") {
    TlsWorld w(small_limits());
    std::vector<std::unique_ptr<TlsClient>> greedy;
    for (int i = 0; i < 3; ++i) {
        greedy.push_back(w.client("greedy"));
        CHECK(greedy.back()->ask(watch) == (i < 2 ? "HTTP/1.1 200 OK" : "HTTP/1.1 429 Too Many Requests"));
    }
    greedy.pop_back();
    pass(w.loop, w.clock, 2'100);
    CHECK(w.client("greedy")->ask(get) == "HTTP/1.1 200 OK");
    settle(w.loop);
    const auto modest = w.client("modest");
    CHECK(modest->ask(watch) == "HTTP/1.1 200 OK");
    greedy.push_back(w.client("greedy"));
    CHECK(greedy.back()->ask(get) == "HTTP/1.1 200 OK");
    CHECK(w.client("greedy")->ask(get) == "HTTP/1.1 429 Too Many Requests");
    // The listener is full, and nobody is idle long enough: also a third one hears a word.
    CHECK(w.client("third")->ask(get) == "HTTP/1.1 429 Too Many Requests");
    CHECK(w.ask(w.connect(), get).find("200 OK") != std::string::npos);
    pass(w.loop, w.clock, 1'500);
    CHECK(w.client("third")->ask(get) == "HTTP/1.1 200 OK");
}

TEST_CASE("HttpServer: handshakes that never come to an end keep no client out") {
    ServerLimits limits = small_limits();
    limits.address_strangers_max = 2;
    TlsWorld w(limits);
    const auto admin = w.client("admin");
    CHECK(admin->ask(get) == "HTTP/1.1 200 OK");
    std::vector<std::unique_ptr<TlsClient>> silent;
    for (int i = 0; i < 10; ++i) silent.push_back(w.client(""));
    CHECK(w.server.connections() == 3);
    CHECK(w.client("other")->ask(get) == "HTTP/1.1 200 OK");
    CHECK(admin->ask(get) == "HTTP/1.1 200 OK");
    // Without a certificate one is no client, and is told so.
    CHECK(w.client("")->ask(get) == "HTTP/1.1 403 Forbidden");
}
