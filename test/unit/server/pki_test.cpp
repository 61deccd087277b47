#include "orilla/server/pki.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../../support/fake_clock.hpp"
#include "server/certificates.hpp"
#include "server/http_server.hpp"
#include "server/sockets.hpp"
#include "server/tls.hpp"

using namespace orilla;
using namespace orilla::server;

namespace {
struct Directory {
    std::string path;
    Directory() {
        char name[] = "/tmp/orilla-pki-XXXXXX";
        REQUIRE(::mkdtemp(name));
        path = name;
    }
    ~Directory() { std::filesystem::remove_all(path); }
};

const PkiNames names = default_pki_names("edge-1", "cluster.local", {"10.43.0.1"});

/// A client with or without a certificate, its handshake driven against a Transport over a socketpair.
struct TlsPair {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* client = nullptr;
    UniqueFd client_fd;
    test::FakeClock clock;
    loop::Loop loop{clock};
    std::unique_ptr<Transport> server;

    TlsPair(TlsContext& tls, const std::string& ca, const std::string& certificate, const std::string& key) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        client_fd.reset(ends[1]);
        server = std::make_unique<Transport>(loop, UniqueFd(ends[0]), &tls);
        auto authority = parse_certificate(ca);
        REQUIRE(authority);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.value().get());
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
        if (!certificate.empty()) {
            SSL_CTX_use_certificate(context, parse_certificate(certificate).value().get());
            SSL_CTX_use_PrivateKey(context, parse_key(key).value().get());
        }
        client = SSL_new(context);
        SSL_set1_host(client, "kubernetes.default.svc");
        SSL_set_fd(client, client_fd.get());
    }
    ~TlsPair() {
        SSL_free(client);
        SSL_CTX_free(context);
    }
    bool shake() {
        bool client_done = false, server_done = false;
        for (int i = 0; i < 20 && !(client_done && server_done); ++i) {
            client_done = client_done || SSL_connect(client) == 1;
            server_done = server_done || server->try_handshake().state == IoState::done;
        }
        return client_done && server_done;
    }
};
}  // namespace

TEST_CASE("ensure_pki: makes certificates once, with private keys") {
    const Directory directory;
    const auto first = ensure_pki(directory.path + "/pki", names);
    REQUIRE(first);
    const auto second = ensure_pki(directory.path + "/pki", names);
    REQUIRE(second);
    CHECK(first.value().server_certificate == second.value().server_certificate);
    struct stat info {};
    for (const char* name : {"ca.key", "server.key", "admin.key"}) {
        REQUIRE(::stat((directory.path + "/pki/" + name).c_str(), &info) == 0);
        CHECK((info.st_mode & 0777) == 0600);
    }
    REQUIRE(::stat((directory.path + "/pki").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    CHECK(::access((directory.path + "/pki.new").c_str(), F_OK) != 0);
}

TEST_CASE("ensure_pki: what a power cut left half-made is made again") {
    const Directory directory;
    std::filesystem::create_directory(directory.path + "/pki.new");
    ::close(::creat((directory.path + "/pki.new/ca.key").c_str(), 0600));
    CHECK(ensure_pki(directory.path + "/pki", names));
}

TEST_CASE("ensure_pki: an empty directory is filled, a damaged one is told of with the way out") {
    const Directory directory;
    const std::string pki = directory.path + "/pki";
    std::filesystem::create_directory(pki);
    REQUIRE(ensure_pki(pki, names));
    std::ofstream(pki + "/server.crt") << "garbage";
    CHECK(ensure_pki(pki, names).error().message().find("server.crt") != std::string::npos);
    CHECK(ensure_pki(pki, names).error().message().find("put back a copy of " + pki) != std::string::npos);
    std::filesystem::remove(pki + "/ca.crt");
    const auto refused = ensure_pki(pki, names);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("read " + pki + "/ca.crt: No such file or directory") == 0);
    CHECK(refused.error().message().find("or move it away to make new certificates") != std::string::npos);
    CHECK(std::filesystem::exists(pki + "/ca.key"));
}

TEST_CASE("ensure_pki: a new name renews only the server's certificate") {
    const Directory directory;
    const auto first = ensure_pki(directory.path + "/pki", names);
    REQUIRE(first);
    const auto second = ensure_pki(directory.path + "/pki", default_pki_names("edge-2", "cluster.local", {"10.50.0.1"}));
    REQUIRE(second);
    CHECK(first.value().ca_certificate == second.value().ca_certificate);
    CHECK(first.value().admin_certificate == second.value().admin_certificate);
    CHECK(first.value().server_certificate != second.value().server_certificate);
    CHECK(certificate_covers(parse_certificate(second.value().server_certificate).value().get(),
                             default_pki_names("edge-2", "cluster.local", {"10.50.0.1"})));
}

TEST_CASE("ensure_pki: names are added and taken away with the list, and the CA stays") {
    const Directory directory;
    const std::string pki = directory.path + "/pki";
    const auto first = ensure_pki(pki, names);
    REQUIRE(first);
    PkiNames more = names;
    add_pki_names(more, {"kitchen.example", "203.0.113.7", "2001:db8::7", "localhost", "127.0.0.1"});
    CHECK(more.dns.size() == names.dns.size() + 1);
    CHECK(more.ips.size() == names.ips.size() + 2);
    const auto wider = ensure_pki(pki, more);
    REQUIRE(wider);
    CHECK(wider->ca_certificate == first->ca_certificate);
    CHECK(certificate_covers(parse_certificate(wider->server_certificate)->get(), {{"kitchen.example"}, {"203.0.113.7", "2001:db8::7"}}));
    CHECK(ensure_pki(pki, more)->server_certificate == wider->server_certificate);
    // For whoever only reads it.
    CHECK(ensure_pki(pki, {})->server_certificate == wider->server_certificate);
    const auto narrower = ensure_pki(pki, names);
    REQUIRE(narrower);
    CHECK_FALSE(certificate_covers(parse_certificate(narrower->server_certificate)->get(), {{"kitchen.example"}, {}}));
}

TEST_CASE("default_pki_names: a box without an address has none to certify") {
    const PkiNames offline = default_pki_names("edge-1", "cluster.local", {"10.43.0.1", ""});
    CHECK(offline.ips == std::vector<std::string>{"127.0.0.1", "::1", "10.43.0.1"});
    const Directory directory;
    CHECK(ensure_pki(directory.path + "/pki", offline));
}

TEST_CASE("ensure_pki: a name that is more than a name is refused") {
    const Directory directory;
    CHECK_FALSE(ensure_pki(directory.path + "/pki", default_pki_names("a,email:copy", "cluster.local", {})));
    CHECK(::access((directory.path + "/pki").c_str(), F_OK) != 0);
}

TEST_CASE("TLS: the administrator's certificate is known") {
    const Directory directory;
    const auto pki = ensure_pki(directory.path + "/pki", names);
    auto tls = TlsContext::create(pki.value());
    REQUIRE(tls);
    TlsPair pair(*tls.value(), pki->ca_certificate, pki->admin_certificate, pki->admin_key);
    REQUIRE(pair.shake());
    CHECK(pair.server->peer_common_name() == "orilla-admin");
    CHECK(pair.server->peer_in_organisation("system:masters"));
    CHECK_FALSE(pair.server->peer_in_organisation("system:nodes"));
}

TEST_CASE("TLS: without a certificate, or with a stranger's, the handshake ends and nobody is known") {
    const Directory directory;
    const auto pki = ensure_pki(directory.path + "/pki", names);
    const auto other = ensure_pki(directory.path + "/other", names);  // the same names, another key
    auto tls = TlsContext::create(pki.value());
    REQUIRE(tls);
    for (const auto& [certificate, key] :
         {std::pair<std::string, std::string>{}, {other->admin_certificate, other->admin_key},
          {pki->server_certificate, pki->server_key}}) {
        TlsPair pair(*tls.value(), pki->ca_certificate, certificate, key);
        REQUIRE(pair.shake());
        CHECK(pair.server->peer_common_name().empty());
        CHECK_FALSE(pair.server->peer_in_organisation("system:masters"));
    }
}

namespace {
class NoHandler final : public Handler {
  public:
    bool admits(const Request&) const override { return false; }
    Response refuse(const Request&) const override { return Response(401); }
    loop::Task<Response> handle(const Request&) override { co_return Response(200); }
    Response render_http_error(int status, std::string_view) const override { return Response(status); }
};

UniqueFd connect_to_loopback(int listener) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    return fd;
}
}  // namespace

TEST_CASE("HttpServer: strangers at the TLS port cannot take every connection") {
    const Directory directory;
    const auto pki = ensure_pki(directory.path + "/pki", names);
    auto tls = TlsContext::create(pki.value());
    auto listener = listen_tcp("127.0.0.1:0");
    REQUIRE(listener);
    const int listening = listener->get();
    test::FakeClock clock;
    loop::Loop loop(clock);
    NoHandler handler;
    HttpServerLimits limits;
    limits.connections_max = 1;
    HttpServer server(loop, handler, limits);
    server.serve_tls(std::move(listener).value(), std::move(tls).value());
    const UniqueFd first = connect_to_loopback(listening);
    const UniqueFd second = connect_to_loopback(listening);
    test::settle(loop);
    CHECK(server.connections() == 1);
    CHECK(server.counters().connections_refused == 1);
    // The one that had its chance makes room for the one that comes.
    char byte = 0;
    CHECK(::recv(first.get(), &byte, 1, MSG_DONTWAIT) == 0);
    CHECK((::recv(second.get(), &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN));
    test::pass(loop, clock, 11'000);  // the handshake never came
    CHECK(server.connections() == 0);
    const UniqueFd third = connect_to_loopback(listening);
    test::settle(loop);
    CHECK(server.connections() == 1);
}

TEST_CASE("render_kubeconfig: holds what a client needs") {
    Pki pki;
    pki.ca_certificate = "ca";
    const std::string text = render_kubeconfig(pki, "https://127.0.0.1:6443");
    CHECK(text.find("server: https://127.0.0.1:6443\n") != std::string::npos);
    CHECK(text.find("certificate-authority-data: Y2E=\n") != std::string::npos);
}
