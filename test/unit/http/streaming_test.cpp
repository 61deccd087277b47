// Requests whose bodies a Handler takes as they come, and answers that are passed on.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <functional>

#include "../../support/fake_clock.hpp"
#include "orilla/http/server.hpp"
#include "orilla/http/sockets.hpp"

using namespace orilla;
using namespace orilla::http;
using orilla::test::FakeClock;
using orilla::test::pass;
using orilla::test::settle;

namespace {
/// A body that is given as a text, at once or as it is asked for; or the request's own, sent back.
class Given final : public BodyStream {
  public:
    Given(std::string text, std::optional<uint64_t> length, bool at_once) : text_(std::move(text)), length_(length) {
        at_once_ = at_once;
    }
    explicit Given(BodyStream* source) : length_(source->length()), source_(source) {}
    std::optional<uint64_t> length() const override { return length_; }
    bool ended() const override { return source_ ? source_->ended() : given_; }
    void take_ready(std::string* out) override {
        if (source_) return source_->take_ready(out);
        if (at_once_) out->append(std::exchange(text_, {}));
        given_ = at_once_;
    }
    const Headers& trailers() const override { return source_ ? source_->trailers() : trailers_; }
    loop::Task<Result<bool>> next(std::string* out) override {
        if (source_) {
            AWAIT(auto more, source_->next(out));
            co_return more;
        }
        if (std::exchange(given_, true)) co_return false;
        *out += text_;
        co_return true;
    }
    Headers trailers_;

  private:
    std::string text_;
    std::optional<uint64_t> length_;
    BodyStream* source_ = nullptr;
    bool at_once_ = false;
    bool given_ = false;
};

class StreamHandler final : public Handler {
  public:
    explicit StreamHandler(loop::Loop& loop) : loop_(loop) {}
    std::shared_ptr<const Caller> identify(const Peer&) const override {
        auto caller = std::make_shared<Caller>();
        caller->admitted = true;
        return caller;
    }
    Response refuse(const Request&) const override { return Response(403); }
    Response render_http_error(int status, std::string_view message) const override {
        return Response(status, "text/plain", std::string(message));
    }
    bool streams_body(const Request&) const override { return true; }
    loop::Task<Response> handle(const Request& request) override {
        ++handled;
        client = std::string(request.client) + " " + std::to_string(request.tag);
        seen = std::string(request.method_text) + " " + std::string(request.authority) + " " + std::string(request.path);
        if (request.path == "/early") {
            AWAIT_VOID(request.interim->send(103, "Link: a\r\n"));
        }
        if (request.path == "/slow") {
            co_await loop_.sleep_for(1'000);
        }
        if (request.path == "/ignore") co_return Response(404, "", "no");
        Response response(200, "", "");
        response.adds_date = false;
        if (request.path == "/echo") {
            response.body_stream = std::make_unique<Given>(request.body_stream);
        } else if (request.path == "/take") {
            std::string body;
            for (bool more = true; more;) {
                AWAIT(auto made, request.body_stream->next(&body));
                if (!made) co_return Response(400, "", made.error().message());
                more = *made;
                pieces += more;
            }
            for (const auto& [name, value] : request.body_stream->trailers()) body += "|" + name + ":" + value;
            response.body = body;
        } else if (make) {
            response.status = status;
            response.body_stream = make();
        } else {
            response.body = "ok";
        }
        co_return response;
    }
    int handled = 0;
    int pieces = 0;
    int status = 200;
    std::string seen;
    std::string client;
    std::function<std::unique_ptr<BodyStream>()> make;

  private:
    loop::Loop& loop_;
};

struct Streaming {
    explicit Streaming(ServerLimits limits = {}) : server(loop, handler, limits) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        server.adopt(UniqueFd(ends[0]), {});
        client = UniqueFd(ends[1]);
    }
    void send(std::string_view text) {
        REQUIRE(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
        settle(loop);
    }
    /// Everything that is there, and "|closed" behind it when that is all.
    std::string heard() {
        std::string text;
        char piece[65536];
        for (;;) {
            settle(loop);
            const ssize_t count = ::recv(client.get(), piece, sizeof piece, 0);
            if (count == 0) text += "|closed";
            if (count <= 0) return text;
            text.append(piece, static_cast<size_t>(count));
        }
    }
    FakeClock clock;
    loop::Loop loop{clock};
    StreamHandler handler{loop};
    Server server;
    UniqueFd client;
};

const std::string plain_get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string plain_ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
}  // namespace

TEST_CASE("streaming: a body is taken as it comes, beyond the limit for whole ones") {
    ServerLimits limits;
    limits.connection.parser.body_bytes_max = 4;
    Streaming world(limits);
    SECTION("with a length") {
        world.send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234");
        CHECK(world.handler.pieces == 1);
        world.send("56789");
        CHECK(world.handler.pieces == 2);
        CHECK(world.heard() == "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
    }
    SECTION("in chunks with trailers, of which those that frame are left out") {
        world.send("POST /take HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        world.send("3\r\ndef\r\n0\r\nSum: 1\r\nContent-Length: 3\r\n\r\n");
        CHECK(world.heard() == "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nabcdef|Sum:1");
    }
    SECTION("and the next request is where it ends") {
        world.send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx" + plain_get + plain_get);
        CHECK(world.heard() == "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx" + plain_ok + plain_ok);
    }
    SECTION("a malformed chunk is the Handler's to tell, and the end") {
        world.send("POST /take HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX");
        CHECK(world.heard().find("malformed chunked encoding|closed") != std::string::npos);
    }
    SECTION("a client that goes is told of") {
        world.send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234");
        ::shutdown(world.client.get(), SHUT_WR);
        CHECK(world.heard().find("the client has gone before the end of its request|closed") != std::string::npos);
    }
    SECTION("one that stalls is ended") {
        world.send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234");
        pass(world.loop, world.clock, limits.connection.body_ms_max + 1);
        CHECK(world.server.connections() == 0);
    }
}

TEST_CASE("streaming: leave to send a body is given when it is read, and not when it is not") {
    Streaming world;
    SECTION("read") {
        world.send("POST /take HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        CHECK(world.heard() == "HTTP/1.1 100 Continue\r\n\r\n");
        world.send("ok");
        CHECK(world.heard() == plain_ok);
    }
    SECTION("not read: what comes next could be the body or a request") {
        world.send("POST /ignore HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        const std::string said = world.heard();
        CHECK(said.starts_with("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n"));
        CHECK(said.ends_with("|closed"));
    }
}

TEST_CASE("streaming: a body that nobody wants is dropped when it is short, and ends the connection when not") {
    Streaming world;
    world.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxx" + plain_get);
    std::string said = world.heard();
    CHECK(said.starts_with("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nDate"));
    CHECK(said.ends_with(plain_ok));
    world.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxx");
    said = world.heard();
    CHECK(said.find("Connection: close\r\n") != std::string::npos);
    CHECK(said.ends_with("no|closed"));
    // What it still sends is read, so that the answer is not lost to a reset.
    world.send("GET /evil HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(world.handler.handled == 3);
}

TEST_CASE("streaming: answers are framed by what their stream knows") {
    Streaming world;
    const auto give = [&world](std::string text, std::optional<uint64_t> length, bool at_once, Headers trailers = {}) {
        world.handler.make = [=] {
            auto body = std::make_unique<Given>(text, length, at_once);
            body->trailers_ = trailers;
            return body;
        };
    };
    for (const bool at_once : {true, false}) {
        give("body", 4, at_once);
        world.send(plain_get);
        CHECK(world.heard() == "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
        give("body", {}, at_once);
        world.send(plain_get);
        CHECK(world.heard() == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
        give("", {}, at_once, {{"Sum", "1"}, {"Transfer-Encoding", "x"}, {"A", "b\r\nC: d"}});
        world.send(plain_get);
        CHECK(world.heard() == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSum: 1\r\n\r\n");
    }
    give("body", 4, true);
    world.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(world.heard() == "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    world.handler.status = 304;
    world.send(plain_get);
    CHECK(world.heard() == "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n");
    world.handler.status = 204;
    world.send(plain_get);
    CHECK(world.heard() == "HTTP/1.1 204 No Content\r\n\r\n");
    world.handler.status = 599;
    world.send(plain_get);
    CHECK(world.heard() == "HTTP/1.1 599 \r\nContent-Length: 4\r\n\r\nbody");
    SECTION("HTTP/1.0 gets to know the end by the connection's") {
        give("body", {}, true);
        world.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        CHECK(world.heard() == "HTTP/1.1 599 \r\nConnection: close\r\n\r\nbody|closed");
    }
    SECTION("a body shorter than it has said breaks off") {
        give("bod", 4, GENERATE(true, false));
        world.send(plain_get);
        CHECK(world.heard() == "HTTP/1.1 599 \r\nContent-Length: 4\r\n\r\nbod|closed");
    }
    SECTION("of one that is longer nothing is sent beyond") {
        give("bodybody", 4, GENERATE(true, false));
        world.send(plain_get);
        const std::string said = world.heard();
        CHECK(said.ends_with("|closed"));
        CHECK(said.find("bodyb") == std::string::npos);
    }
}

TEST_CASE("streaming: both directions at once") {
    Streaming world;
    world.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    CHECK(world.heard() == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    world.send("1\r\nc\r\n");
    CHECK(world.heard() == "1\r\nc\r\n");
    world.send("0\r\nSum: 1\r\n\r\n" + plain_get);
    CHECK(world.heard() == "0\r\nSum: 1\r\n\r\n" + plain_ok);
}

TEST_CASE("streaming: an interim answer goes before the answer") {
    Streaming world;
    world.send("GET /early HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(world.heard() == "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + plain_ok);
}

TEST_CASE("streaming: a client that goes is not worked for, when the limits say so") {
    ServerLimits limits;
    limits.connection.ends_with_client = GENERATE(true, false);
    Streaming world(limits);
    world.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    ::shutdown(world.client.get(), SHUT_WR);
    settle(world.loop);
    CHECK(world.server.connections() == (limits.connection.ends_with_client ? 0 : 1));
    pass(world.loop, world.clock, 1'001);
    CHECK(world.heard() == (limits.connection.ends_with_client ? "|closed" : plain_ok + "|closed"));
}

TEST_CASE("streaming: any method, and whom the request names") {
    Streaming world;
    world.send("PROPFIND /a?b HTTP/1.1\r\nHost: Example.org:80\r\n\r\n");
    CHECK(world.handler.seen == "PROPFIND Example.org:80 /a");
    world.send("GET http://example.org/a HTTP/1.1\r\nHost: example.org\r\n\r\n");
    CHECK(world.handler.seen == "GET example.org /a");
    world.send("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(world.handler.seen == "OPTIONS h *");
    world.heard();
    world.send("GET http://evil/ HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(world.heard().starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

namespace {
/// What a new client is answered that sends each byte by itself; empty when it is not spoken to.
std::string ask_from_afar(loop::Loop& loop, const sockaddr_in& address, std::string_view text) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    const int yes = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // each byte by itself
    for (const char c : text) {
        if (::send(fd.get(), &c, 1, MSG_NOSIGNAL) != 1) break;
        settle(loop);
    }
    char answer[1024];
    ssize_t count = -1;
    do {
        settle(loop);
        count = ::recv(fd.get(), answer, sizeof answer, 0);
    } while (count < 0 && errno == EAGAIN);
    return count > 0 ? std::string(answer, static_cast<size_t>(count)) : std::string();
}
}  // namespace

TEST_CASE("streaming: a listener that reads PROXY protocol knows the client from it, and speaks to nobody without") {
    FakeClock clock;
    loop::Loop loop(clock);
    StreamHandler handler(loop);
    Server server(loop, handler);
    auto listener = listen_tcp("127.0.0.1:0");
    REQUIRE(listener);
    sockaddr_in address{};
    socklen_t length = sizeof address;
    REQUIRE(::getsockname(listener->get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    server.serve_plain(std::move(*listener), {.tag = 7, .reads_proxy_protocol = true});
    CHECK(ask_from_afar(loop, address, "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n" + plain_get) == plain_ok);
    CHECK(handler.client == "192.0.2.1:4711 7");
    CHECK(ask_from_afar(loop, address, plain_get).empty());
    CHECK(handler.handled == 1);
    server.stop_listening(7);
    settle(loop);
    UniqueFd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(::connect(late.get(), reinterpret_cast<sockaddr*>(&address), length) == -1);
}
