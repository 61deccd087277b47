#include "http/connection.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>

#include "../../support/fake_clock.hpp"
#include "orilla/http/server.hpp"
#include "orilla/http/sockets.hpp"

using namespace orilla;
using namespace orilla::http;
using orilla::test::FakeClock;
using orilla::test::pass;
using orilla::test::settle;

namespace {
/// Gives what `pieces` says, then waits for `ended`.
class FakeStream final : public ByteStream {
  public:
    FakeStream(loop::Loop& loop, int* alive) : loop_(loop), alive_(alive) { ++*alive_; }
    ~FakeStream() override { --*alive_; }
    loop::Task<Result<bool>> next(std::string* out) override {
        if (count_ == 3) co_return false;
        if (count_++ > 0) co_await loop_.sleep_for(1'000);
        *out += "piece" + std::to_string(count_) + "\n";
        co_return true;
    }

  private:
    loop::Loop& loop_;
    int* alive_;
    int count_ = 0;
};

/// Says everything back, twice: what a WebSocket or a terminal would do.
class Echo final : public Upgrade {
  public:
    explicit Echo(int* alive) : alive_(alive) { ++*alive_; }
    ~Echo() override { --*alive_; }
    loop::Task<void> run(Duplex& connection) override {
        char buffer[64];
        for (;;) {
            AWAIT(const auto got, connection.read(buffer, sizeof buffer));
            if (!got || *got == 0 || buffer[0] == 'q') co_return;
            const std::string twice = std::string(buffer, *got) + std::string(buffer, *got);
            auto writing = connection.write(twice);
            if (!co_await std::move(writing)) co_return;
        }
    }

  private:
    int* alive_;
};

class FakeHandler final : public Handler {
  public:
    explicit FakeHandler(loop::Loop& loop) : loop_(loop) {}
    std::shared_ptr<const Caller> identify(const Peer& peer) const override {
        auto caller = std::make_shared<Caller>();
        caller->name = "uid:" + std::to_string(peer.uid);
        caller->admitted = peer.kind == Peer::Kind::local && peer.uid == 0;
        return caller;
    }
    Response refuse(const Request&) const override { return Response(403, "text/plain", "no"); }
    Response render_http_error(int status, std::string_view message) const override {
        return Response(status, "text/plain", std::string(message));
    }
    loop::Task<Response> handle(const Request& request) override {
        seen += std::string(method_name(request.method)) + " " + std::string(request.target) + " " + std::string(request.body) +
                ";";
        if (request.path == "/slow") co_await loop_.sleep_for(50);
        Response response(200, "text/plain", "hello " + std::string(request.path));
        if (request.path == "/stream") {
            response.body.clear();
            response.stream = std::make_unique<FakeStream>(loop_, &streams);
        }
        if (request.path == "/echo") {
            response = Response(101);
            response.add_header("Upgrade", "echo");
            response.upgrade = std::make_unique<Echo>(&upgrades);
        }
        if (request.path == "/big") response.body.assign(1'000'000, 'x');
        co_return response;
    }
    std::string seen;
    int streams = 0;
    int upgrades = 0;

  private:
    loop::Loop& loop_;
};

struct World {
    explicit World(ServerLimits limits = {}) : server(loop, handler, limits) {}
    /// The client's end of a new connection.
    UniqueFd connect(Peer peer = {Peer::Kind::local}) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        server.adopt(UniqueFd(ends[0]), peer);
        return UniqueFd(ends[1]);
    }
    void send(const UniqueFd& fd, std::string_view text) {
        REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
        settle(loop);
    }
    /// Everything that is there; `closed` says whether the server ended the connection.
    std::string receive(const UniqueFd& fd, bool* closed = nullptr) {
        std::string text;
        char piece[65536];
        for (;;) {
            settle(loop);
            const ssize_t got = ::recv(fd.get(), piece, sizeof piece, 0);
            if (closed) *closed = got == 0;
            if (got <= 0) return text;
            text.append(piece, static_cast<size_t>(got));
        }
    }
    FakeClock clock;
    loop::Loop loop{clock};
    FakeHandler handler{loop};
    Server server;
};
const std::string get_a = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
}  // namespace

TEST_CASE("Connection: answers one request after another") {
    World world;
    const UniqueFd client = world.connect();
    for (int i = 0; i < 3; ++i) {
        world.send(client, get_a);
        CHECK(world.receive(client) ==
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n"
              "Date: Tue, 14 Nov 2023 22:13:21 GMT\r\n\r\nhello /a");
    }
    CHECK(world.server.connections() == 1);
}

TEST_CASE("Connection: answers pipelined requests in order") {
    World world;
    const UniqueFd client = world.connect();
    world.send(client, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n" + get_a + "GET /b HTTP/1.1\r\n");
    CHECK(world.receive(client).empty());
    pass(world.loop, world.clock, 60);
    world.send(client, "Host: h\r\n\r\n");
    const std::string answers = world.receive(client);
    CHECK(answers.find("hello /slow") < answers.find("hello /a"));
    CHECK(answers.find("hello /a") < answers.find("hello /b"));
    CHECK(answers.ends_with("hello /b"));
}

TEST_CASE("Connection: HEAD gets the length and no body") {
    World world;
    const UniqueFd client = world.connect();
    world.send(client, "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" + get_a);
    const std::string answers = world.receive(client);
    CHECK(answers.find("Content-Length: 8\r\n") != std::string::npos);
    CHECK(answers.find(" GMT\r\n\r\nHTTP/1.1 200") != std::string::npos);
}

TEST_CASE("Connection: a clock that was never set dates nothing") {
    World world;
    world.clock.set_wall_offset_s(0);
    const UniqueFd client = world.connect();
    world.send(client, get_a);
    CHECK(world.receive(client).find("Date: ") == std::string::npos);
}

TEST_CASE("Connection: HTTP/1.0 stays when it asks to, and is told so") {
    World world;
    const UniqueFd client = world.connect();
    world.send(client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(world.receive(client).find("Connection: keep-alive\r\n") != std::string::npos);
    world.send(client, "GET /b HTTP/1.0\r\n\r\n");
    bool closed = false;
    CHECK(world.receive(client, &closed).find("Connection: close\r\n") != std::string::npos);
    CHECK(closed);
}

TEST_CASE("Connection: asks for the body that a client holds back") {
    World world;
    const UniqueFd client = world.connect();
    world.send(client, "POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    CHECK(world.receive(client) == "HTTP/1.1 100 Continue\r\n\r\n");
    world.send(client, "body");
    CHECK(world.receive(client).ends_with("hello /p"));
    CHECK(world.handler.seen == "POST /p body;");
}

TEST_CASE("Connection: a stranger is refused before the body is read") {
    World world;
    const UniqueFd client = world.connect({Peer::Kind::local, 1000});
    world.send(client, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 400\r\n\r\nabc");
    bool closed = false;
    CHECK(world.receive(client, &closed).starts_with("HTTP/1.1 403 Forbidden"));
    CHECK(closed);
    CHECK(world.handler.seen.empty());
}

TEST_CASE("Connection: a malformed request is answered and ends the connection") {
    World world;
    const UniqueFd client = world.connect();
    world.send(client,
               "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil "
               "HTTP/1.1\r\n\r\n");
    bool closed = false;
    CHECK(world.receive(client, &closed).starts_with("HTTP/1.1 400 Bad Request"));
    CHECK(closed);
    CHECK(world.handler.seen.empty());
    pass(world.loop, world.clock, 2'100);
    CHECK(world.server.connections() == 0);
}

TEST_CASE("Connection: a client that does not read holds little in the kernel") {
    World world;
    const UniqueFd client = world.connect();
    world.send(client, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    int waiting = 0;
    REQUIRE(::ioctl(client.get(), FIONREAD, &waiting) == 0);
    CHECK(waiting > 1'000);
    CHECK(waiting <= 2 * ServerLimits().send_buffer_bytes);
}

TEST_CASE("Connection: a large answer waits for a slow reader, and not for ever") {
    World world;
    const UniqueFd client = world.connect();
    world.send(client, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    SECTION("one that reads gets everything") {
        const std::string answer = world.receive(client);
        CHECK(answer.size() > 1'000'000);
        CHECK(answer.ends_with("xxxx"));
    }
    SECTION("one that does not is dropped") {
        pass(world.loop, world.clock, 61'000);
        CHECK(world.server.connections() == 0);
        CHECK(world.server.counters().timeouts == 1);
    }
}

TEST_CASE("Connection: a stream goes out in chunks") {
    World world;
    const UniqueFd client = world.connect();
    world.send(client, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(world.receive(client).ends_with("\r\n\r\n7\r\npiece1\n\r\n"));
    pass(world.loop, world.clock, 1'000);
    CHECK(world.receive(client) == "7\r\npiece2\n\r\n");
    world.send(client, get_a);  // pipelined behind the stream
    pass(world.loop, world.clock, 1'000);
    CHECK(world.receive(client).find("7\r\npiece3\n\r\n0\r\n\r\nHTTP/1.1 200 OK") == 0);
    CHECK(world.handler.streams == 0);
}

TEST_CASE("Connection: a stream of HTTP/1.0 ends with the connection, whatever was asked for") {
    for (const char* wish : {"", "Connection: keep-alive\r\n"}) {
        World world;
        const UniqueFd client = world.connect();
        world.send(client, "GET /stream HTTP/1.0\r\n" + std::string(wish) + "\r\n");
        const std::string head = world.receive(client);
        CHECK(head.find("Connection: close\r\n") != std::string::npos);
        CHECK(head.find("Transfer-Encoding") == std::string::npos);
        CHECK(head.ends_with("\r\n\r\npiece1\n"));
        pass(world.loop, world.clock, 2'000);
        bool closed = false;
        CHECK(world.receive(client, &closed) == "piece2\npiece3\n");
        CHECK(closed);
    }
}

TEST_CASE("Connection: a stream stops when its client goes") {
    World world;
    UniqueFd client = world.connect();
    world.send(client, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(world.handler.streams == 1);
    client.reset();
    settle(world.loop);
    CHECK(world.handler.streams == 0);
    CHECK(world.server.connections() == 0);
}

TEST_CASE("Connection: silence has its limits") {
    World world;
    const UniqueFd idle = world.connect();
    const UniqueFd half = world.connect();
    const UniqueFd bodyless = world.connect();
    world.send(half, "GET / HT");
    world.send(bodyless, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    pass(world.loop, world.clock, 11'000);
    CHECK(world.server.connections() == 2);
    pass(world.loop, world.clock, 50'000);
    CHECK(world.server.connections() == 1);
    pass(world.loop, world.clock, 120'000);
    CHECK(world.server.connections() == 0);
    CHECK(world.server.counters().timeouts == 3);
}

TEST_CASE("Connection: one that never waits lets the others have their turn") {
    World world;
    const UniqueFd greedy = world.connect();
    const UniqueFd modest = world.connect();
    settle(world.loop);
    std::string many;
    for (int i = 0; i < 1'000; ++i) many += "GET /g HTTP/1.1\r\nHost: h\r\n\r\n";
    REQUIRE(::send(greedy.get(), many.data(), many.size(), 0) == static_cast<ssize_t>(many.size()));
    REQUIRE(::send(modest.get(), get_a.data(), get_a.size(), 0) == static_cast<ssize_t>(get_a.size()));
    settle(world.loop);
    const size_t turn = world.handler.seen.find("GET /a");
    REQUIRE(turn != std::string::npos);
    CHECK(turn < 100 * std::string_view("GET /g ;").size());
}

TEST_CASE("Connection: who will be refused anyway may not wait for long") {
    World world;
    const UniqueFd stranger = world.connect({Peer::Kind::nobody});
    const UniqueFd admin = world.connect();
    pass(world.loop, world.clock, 11'000);
    CHECK(world.server.connections() == 1);
}

TEST_CASE("Connection: a client that ends while it is being read is forgotten") {
    World world;
    UniqueFd client = world.connect();
    world.send(client, get_a);
    ::shutdown(client.get(), SHUT_WR);
    CHECK(world.receive(client).ends_with("hello /a"));
    settle(world.loop);
    CHECK(world.server.connections() == 0);
}

TEST_CASE("Connection: any split of two requests gives the same answers") {
    const std::string text = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok" + get_a;
    for (size_t cut = 1; cut < text.size(); ++cut) {
        World world;
        const UniqueFd client = world.connect();
        world.send(client, std::string_view(text).substr(0, cut));
        world.send(client, std::string_view(text).substr(cut));
        REQUIRE(world.receive(client).ends_with("hello /a"));
        REQUIRE(world.handler.seen == "POST /p ok;GET /a ;");
    }
}

TEST_CASE("read_peer: tells the user and the groups at the other end") {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const UniqueFd a(ends[0]), b(ends[1]);
    const Peer peer = read_peer(a.get());
    CHECK(peer.kind == Peer::Kind::local);
    CHECK(peer.uid == ::geteuid());
    CHECK(std::ranges::find(peer.groups, ::getegid()) != peer.groups.end());
}

TEST_CASE("find_group_id: reads the group file") {
    const std::string path = "/tmp/orilla-group-" + std::to_string(::getpid());
    FILE* file = ::fopen(path.c_str(), "w");
    REQUIRE(file);
    ::fputs("root:x:0:\nnotorilla:x:7:\norilla:x:977:alice,bob\n", file);
    ::fclose(file);
    CHECK(find_group_id("orilla", path) == 977);
    CHECK(find_group_id("root", path) == 0);
    CHECK(find_group_id("nobody", path) == -1);
    ::unlink(path.c_str());
}

TEST_CASE("Connection: an upgrade has the connection, from what came behind its request to its end") {
    World world;
    const UniqueFd client = world.connect();
    const std::string request = "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    world.send(client, request + "early");
    const std::string answer = world.receive(client);
    CHECK(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"));
    CHECK(answer.find("Upgrade: echo\r\n") != std::string::npos);
    CHECK(answer.find("Content-") == std::string::npos);
    CHECK(answer.ends_with("\r\n\r\nearlyearly"));
    pass(world.loop, world.clock, 3'600'000);  // a terminal may be quiet for hours
    world.send(client, "\x01GET");
    CHECK(world.receive(client) == "\x01GET\x01GET");
    CHECK(world.handler.upgrades == 1);
    bool closed = false;
    world.send(client, "q");
    CHECK(world.receive(client, &closed).empty());
    CHECK(closed);
    ::shutdown(client.get(), SHUT_RDWR);
    settle(world.loop);
    CHECK(world.handler.upgrades == 0);
    CHECK(world.server.connections() == 0);
}

TEST_CASE("Connection: an upgrade hears that its client has gone, and counts as a watch") {
    ServerLimits limits;
    limits.client_watches_max = 1;
    World world(limits);
    const std::string request = "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    UniqueFd client = world.connect();
    world.send(client, request);
    const UniqueFd second = world.connect();
    world.send(second, request);
    CHECK(world.receive(second).starts_with("HTTP/1.1 429 "));
    CHECK(world.handler.upgrades == 1);
    client.reset();
    settle(world.loop);
    CHECK(world.handler.upgrades == 0);
    const UniqueFd third = world.connect();
    world.send(third, request + "x");
    CHECK(world.receive(third).ends_with("\r\n\r\nxx"));
}
