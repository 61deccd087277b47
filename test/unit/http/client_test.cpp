// The client against this program's own server, and against certificates that it must not believe.
#include "orilla/http/client.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "../../support/await.hpp"
#include "../../support/pki_directory.hpp"
#include "http/transport.hpp"
#include "orilla/base/clock.hpp"
#include "orilla/http/server.hpp"
#include "orilla/http/sockets.hpp"
#include "orilla/pki/pki.hpp"

using namespace orilla;
using namespace orilla::http;

namespace {
class Telling final : public Handler {
  public:
    std::shared_ptr<const Caller> identify(const Peer& peer) const override {
        auto caller = std::make_shared<Caller>();
        caller->name = peer.common_name;
        caller->admitted = true;
        return caller;
    }
    Response refuse(const Request&) const override { return Response(401); }
    Response render_http_error(int status, std::string_view) const override { return Response(status); }
    loop::Task<Response> handle(const Request& request) override {
        Response response(200, "text/plain",
                          std::string(method_name(request.method)) + " " + std::string(request.target) + " ");
        response.add_header("X-Agent", request.header("user-agent"));
        response.add_header("X-Caller", request.caller->name);
        response.body += request.body;
        if (request.path == "/large") response.body.assign(300'000, 'x');
        co_return response;
    }
};

int port_of(int listener) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    return ntohs(address.sin_port);
}

struct ClientWorld {
    explicit ClientWorld(bool tls) {
        auto listener = listen_tcp("127.0.0.1:0");
        REQUIRE(listener);
        url = {tls, "127.0.0.1", port_of(listener->get()), "/a?b=c"};
        auto made = pki::ensure_pki(directory.path + "/pki", test::pki_names);
        REQUIRE(made);
        pki = *made;
        auto context = TlsContext::create({pki.server_certificate, pki.server_key, pki.ca_certificate});
        REQUIRE(context);
        server.serve_tls(std::move(*listener), tls ? std::move(*context) : nullptr);
    }
    /// Status and body, or the error.
    std::string ask(ClientRequest request, AnswerLimits limits = {}, ServerTrust trust = {}) {
        request.url = url;
        auto answer = test::await(loop, http::ask(loop, std::move(request), limits, std::move(trust)));
        return answer ? std::to_string(answer->status) + " " + answer->body : answer.error().message();
    }
    SystemClock clock;
    loop::Loop loop{clock};
    Telling handler;
    test::PkiDirectory directory;
    pki::Pki pki;
    Server server{loop, handler};
    Url url;
};

/// Takes one connection, answers when a request begins, and closes with most of it unread.
loop::Task<void> refuse_early(loop::Loop& loop, int listener, TlsContext* tls) {
    UniqueFd peer;
    {
        loop::FdWatch coming(loop, listener);
        while (!peer) {
            co_await coming.readable();
            peer.reset(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        }
    }
    Transport transport(loop, std::move(peer), tls);
    while (tls && transport.try_handshake().state != IoState::done) co_await transport.watch().readable();
    char begun[64];
    while (transport.try_read(begun, sizeof begun).state != IoState::done) co_await transport.watch().readable();
    transport.try_write("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\n\r\ntoo large", {});
}
}  // namespace

TEST_CASE("ask: a server that answers before it has read the request, and closes, is heard") {
    const bool encrypted = GENERATE(false, true);
    SystemClock clock;
    loop::Loop loop(clock);
    test::PkiDirectory directory;
    auto made = pki::ensure_pki(directory.path + "/pki", test::pki_names);
    REQUIRE(made);
    auto context = TlsContext::create({made->server_certificate, made->server_key, made->ca_certificate});
    REQUIRE(context);
    const auto listener = listen_tcp("127.0.0.1:0");
    REQUIRE(listener);
    loop::Scope scope(loop);
    scope.spawn(refuse_early(loop, listener->get(), encrypted ? context->get() : nullptr));
    ClientRequest request;
    request.method = "POST";
    request.url = {encrypted, "127.0.0.1", port_of(listener->get()), "/"};
    request.body = std::string(size_t{32} << 20, 'y');  // more than the kernel takes in
    const auto answer = test::await(loop, http::ask(loop, std::move(request), {}, {}));
    REQUIRE(answer);
    CHECK(answer->status == 413);
    CHECK(answer->body == "too large");
}

TEST_CASE("ask: what is sent arrives, and the answer with its headers") {
    ClientWorld world(false);
    CHECK(world.ask({}) == "200 GET /a?b=c ");
    ClientRequest post;
    post.method = "POST";
    post.headers = {{"User-Agent", "me"}};
    post.body = std::string(100'000, 'y');
    CHECK(world.ask(post) == "200 POST /a?b=c " + post.body);
    post.url = world.url;
    auto answer = test::await(world.loop, http::ask(world.loop, post, {}, {}));
    REQUIRE(answer);
    CHECK(answer->header("x-agent") == "me");
    AnswerLimits small;
    small.body_bytes_max = 1'000;
    world.url.target = "/large";
    CHECK(world.ask({}, small) == "the answer's body is larger than 1000 bytes");
    small.cuts_body = true;
    CHECK(world.ask({}, small) == "200 " + std::string(1'000, 'x'));
}

TEST_CASE("ask: without a server there is an error that names the address") {
    Url nowhere;
    {
        const ClientWorld world(false);
        nowhere = world.url;
    }
    SystemClock clock;
    loop::Loop loop(clock);
    ClientRequest request;
    request.url = nowhere;
    const auto refused = test::await(loop, ask(loop, request, {}, {}));
    CHECK(refused.error().message() == "dial tcp 127.0.0.1:" + std::to_string(nowhere.port) + ": connect: Connection refused");
    request.url.host = "localhost";
    const auto named = test::await(loop, ask(loop, request, {}, {}));
    CHECK(named.error().message() == "dial tcp localhost: not an IPv4 address");
}

TEST_CASE("ask: a server is believed when the authority has signed it for the name") {
    ClientWorld world(true);
    const ServerTrust trust{world.pki.ca_certificate, "kubernetes.default.svc", "", ""};
    CHECK(world.ask({}, {}, trust) == "200 GET /a?b=c ");
    CHECK(world.ask({}) == "200 GET /a?b=c ");  // nothing is checked
    ServerTrust other_name = trust;
    other_name.server_name = "example.com";
    CHECK(world.ask({}, {}, other_name) == "tls: failed to verify certificate: hostname mismatch");
    ServerTrust by_address = trust;
    by_address.server_name.clear();  // 127.0.0.1, which its certificate has
    CHECK(world.ask({}, {}, by_address) == "200 GET /a?b=c ");
    by_address.server_name = "127.0.0.9";
    CHECK(world.ask({}, {}, by_address) == "tls: failed to verify certificate: IP address mismatch");
    by_address.server_name = std::string(300, 'x');  // no session can be made
    CHECK(world.ask({}, {}, by_address) == "TLS handshake or stream failed");
    auto other = pki::ensure_pki(world.directory.path + "/other", test::pki_names);
    REQUIRE(other);
    const ServerTrust stranger{other->ca_certificate, "kubernetes.default.svc", "", ""};
    CHECK(world.ask({}, {}, stranger).starts_with("tls: failed to verify certificate: "));
    world.url.tls = false;
    CHECK(world.ask({}) == "EOF");
}

TEST_CASE("ask: a client shows its certificate") {
    ClientWorld world(true);
    ServerTrust trust{world.pki.ca_certificate, "kubernetes.default.svc", world.pki.admin_certificate, world.pki.admin_key};
    ClientRequest request;
    request.url = world.url;
    auto answer = test::await(world.loop, http::ask(world.loop, request, {}, trust));
    REQUIRE(answer);
    CHECK(answer->header("x-caller") == "orilla-admin");
    trust.key = world.pki.server_key;
    CHECK_FALSE(world.ask({}, {}, trust).starts_with("200"));
}
