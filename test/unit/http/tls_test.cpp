// TLS with the certificates of a box's own CA: who is known, and who is not.
#include "orilla/http/tls.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "../../support/fake_clock.hpp"
#include "../../support/pki_directory.hpp"
#include "http/transport.hpp"
#include "orilla/http/server.hpp"
#include "orilla/http/sockets.hpp"
#include "pki/certificates.hpp"

using namespace orilla;
using namespace orilla::http;
using namespace orilla::pki;

namespace {
const PkiNames& names = test::pki_names;
using Directory = test::PkiDirectory;

TlsKeys keys_of(const Pki& pki) { return {pki.server_certificate, pki.server_key, pki.ca_certificate}; }

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

TEST_CASE("TLS: the administrator's certificate is known") {
    const Directory directory;
    const auto pki = ensure_pki(directory.path + "/pki", names);
    auto tls = TlsContext::create(keys_of(pki.value()));
    REQUIRE(tls);
    TlsPair pair(*tls.value(), pki->ca_certificate, pki->admin_certificate, pki->admin_key);
    REQUIRE(pair.shake());
    const Peer peer = pair.server->peer();
    CHECK(peer.kind == Peer::Kind::certificate);
    CHECK(peer.common_name == "orilla-admin");
    CHECK(peer.organisations == std::vector<std::string>{"system:masters"});
}

TEST_CASE("TLS: without a certificate, or with a stranger's, the handshake ends and nobody is known") {
    const Directory directory;
    const auto pki = ensure_pki(directory.path + "/pki", names);
    const auto other = ensure_pki(directory.path + "/other", names);  // the same names, another key
    auto tls = TlsContext::create(keys_of(pki.value()));
    REQUIRE(tls);
    for (const auto& [certificate, key] : {std::pair<std::string, std::string>{},
                                           {other->admin_certificate, other->admin_key},
                                           {pki->server_certificate, pki->server_key}}) {
        TlsPair pair(*tls.value(), pki->ca_certificate, certificate, key);
        REQUIRE(pair.shake());
        const Peer peer = pair.server->peer();
        CHECK(peer.kind == Peer::Kind::nobody);
        CHECK(peer.common_name.empty());
        CHECK(peer.organisations.empty());
    }
}

namespace {
class NoHandler final : public Handler {
  public:
    std::shared_ptr<const Caller> identify(const Peer&) const override { return std::make_shared<Caller>(); }
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

TEST_CASE("Server: strangers at the TLS port cannot take every connection") {
    const Directory directory;
    const auto pki = ensure_pki(directory.path + "/pki", names);
    auto tls = TlsContext::create(keys_of(pki.value()));
    auto listener = listen_tcp("127.0.0.1:0");
    REQUIRE(listener);
    const int listening = listener->get();
    test::FakeClock clock;
    loop::Loop loop(clock);
    NoHandler handler;
    ServerLimits limits;
    limits.connections_max = 1;
    Server server(loop, handler, limits);
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
