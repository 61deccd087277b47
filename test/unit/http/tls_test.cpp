// TLS with the certificates of a box's own CA: who is known, and who is not.
#include "orilla/http/tls.hpp"
#include "orilla/base/text.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "../../support/await.hpp"
#include "../../support/fake_clock.hpp"
#include "../../support/pki_directory.hpp"
#include "http/transport.hpp"
#include "orilla/http/channel.hpp"
#include "orilla/http/client.hpp"
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

TEST_CASE("TLS: a server shows what fits the name that is asked for, and refuses a name that it has nothing for") {
    const Directory directory;
    const auto first = ensure_pki(directory.path + "/first", names);
    const auto second = ensure_pki(directory.path + "/second", names);
    std::vector<std::shared_ptr<TlsContext>> contexts;
    for (const auto* pki : {&*first, &*second}) {
        TlsKeys keys;
        keys.certificate = pki->server_certificate + pki->ca_certificate;
        keys.key = pki->server_key;
        auto made = TlsContext::create(keys);
        REQUIRE(made);
        contexts.push_back(std::move(*made));
    }
    std::string asked;
    auto tls = TlsContext::create_choosing([&](std::string_view name) {
        asked = name;
        return name == "second.example" ? contexts[1] : name.empty() ? contexts[0] : nullptr;
    });
    REQUIRE(tls);
    for (const auto& [name, authority] : {std::pair<std::string, std::string>{"", first->ca_certificate},
                                          {"Second.Example", second->ca_certificate},
                                          {"third.example", ""}}) {
        TlsPair pair(**tls, authority.empty() ? first->ca_certificate : authority, {}, {});
        if (!name.empty()) SSL_set_tlsext_host_name(pair.client, name.c_str());
        CHECK(pair.shake() == !authority.empty());
        CHECK(asked == lowered(name));
        if (!authority.empty()) CHECK(SSL_get_verify_result(pair.client) == X509_V_OK);
        if (!authority.empty()) CHECK(pair.server->server_name() == asked);
    }
}

TEST_CASE("TLS: a server that requires certificates ends the handshake without one") {
    const Directory directory;
    const auto pki = ensure_pki(directory.path + "/pki", names);
    TlsKeys keys = keys_of(*pki);
    keys.requires_client_certificate = true;
    std::shared_ptr<TlsContext> strict = std::move(*TlsContext::create(keys));
    auto tls = TlsContext::create_choosing([&](std::string_view) { return strict; });
    for (const bool shows : {true, false}) {
        TlsPair pair(**tls, pki->ca_certificate, shows ? pki->admin_certificate : "", shows ? pki->admin_key : "");
        pair.shake();
        CHECK((pair.server->peer().kind == Peer::Kind::certificate) == shows);
        CHECK((pair.server->try_handshake().state == IoState::done) == shows);
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

namespace {
/// What a server and a client agree on, when they do or do not offer HTTP/2.
Protocol agree(const Pki& pki, bool server_offers, bool client_offers) {
    ::signal(SIGPIPE, SIG_IGN);  // as every program does here: OpenSSL knows no MSG_NOSIGNAL, and a goodbye may find nobody
    SystemClock clock;
    loop::Loop loop(clock);
    NoHandler handler;
    TlsKeys keys = keys_of(pki);
    keys.offers_http_2 = server_offers;
    ServerTrust trust;
    trust.authority = pki.ca_certificate;
    trust.server_name = "kubernetes.default.svc";
    auto tls = TlsContext::create(keys);
    auto client_tls = TlsContext::create_client(trust);
    REQUIRE(client_tls);
    auto listener = listen_tcp("127.0.0.1:0");
    sockaddr_in address{};
    socklen_t length = sizeof address;
    REQUIRE(::getsockname(listener->get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    Server server(loop, handler);
    server.serve_tls(std::move(listener).value(), std::move(tls).value());
    Endpoint endpoint{"127.0.0.1", ntohs(address.sin_port), client_tls->get(), client_offers};
    auto channel = test::await(loop, open_channel(loop, std::move(endpoint), ChannelLimits()));
    REQUIRE(channel);
    RequestHead head;
    head.authority = "a";
    head.scheme = "https";
    const auto exchange = (*channel)->begin(head, nullptr);
    REQUIRE(test::await(loop, exchange->read_head()));
    CHECK(exchange->head().status == 401);
    return (*channel)->protocol();
}
}  // namespace

TEST_CASE("TLS: HTTP/2 is spoken where both sides offer it") {
    const Directory directory;
    const auto pki = ensure_pki(directory.path + "/pki", names);
    CHECK(agree(*pki, true, true) == Protocol::http_2);
    CHECK(agree(*pki, true, false) == Protocol::http_1_1);
    CHECK(agree(*pki, false, true) == Protocol::http_1_1);
}

TEST_CASE("HTTP/2: a client is told when its listener goes, and is answered what it has asked") {
    const Directory directory;
    const auto pki = ensure_pki(directory.path + "/pki", names);
    SystemClock clock;
    loop::Loop loop(clock);
    NoHandler handler;
    auto listener = listen_tcp("127.0.0.1:0");
    sockaddr_in address{};
    socklen_t length = sizeof address;
    REQUIRE(::getsockname(listener->get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    Server server(loop, handler);
    ListenerOptions options;
    options.tag = 7;
    options.speaks_http_2 = true;
    server.serve_plain(std::move(listener).value(), options);
    Endpoint endpoint{"127.0.0.1", ntohs(address.sin_port), nullptr, true};
    auto channel = test::await(loop, open_channel(loop, std::move(endpoint), ChannelLimits()));
    REQUIRE(channel);
    bool told = false;
    (*channel)->on_over([&told] { told = true; });
    RequestHead head;
    head.authority = "a";
    const auto exchange = (*channel)->begin(head, nullptr);
    server.stop_listening(7);
    REQUIRE(test::await(loop, exchange->read_head()));
    CHECK(exchange->head().status == 401);
    while (!told) loop.turn(true);
    CHECK((*channel)->is_over());
}
