#include "http/http1_channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <optional>

#include "../../support/await.hpp"
#include "../../support/fake_clock.hpp"
#include "orilla/http/server.hpp"

using namespace orilla;
using namespace orilla::http;
using orilla::test::FakeClock;
using orilla::test::settle;

namespace {
/// Gives its pieces one by one, each when `more` is called.
class Pieces final : public BodyStream {
  public:
    Pieces(loop::Loop& loop, std::optional<uint64_t> length) : length_(length), event_(loop) {}
    std::optional<uint64_t> length() const override { return length_; }
    bool ended() const override { return ended_ && ready_.empty(); }
    void take_ready(std::string* out) override { out->append(std::exchange(ready_, {})); }
    const Headers& trailers() const override { return trailers_; }
    loop::Task<Result<bool>> next(std::string* out) override {
        while (ready_.empty() && !ended_ && !broken) co_await event_.wait();
        if (broken) co_return Error(Code::unavailable, "the client has gone");
        if (ready_.empty()) co_return false;
        take_ready(out);
        co_return true;
    }
    void more(std::string_view text, bool ends = false) {
        ready_ += text;
        ended_ = ends;
        event_.notify_all();
    }
    void fail() {
        broken = true;
        event_.notify_all();
    }
    Headers trailers_;
    bool broken = false;

  private:
    std::optional<uint64_t> length_;
    loop::Event event_;
    std::string ready_;
    bool ended_ = false;
};

struct Asking {
    Asking() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        server = UniqueFd(ends[1]);
        channel = std::make_unique<Http1Channel>(loop, std::make_unique<Transport>(loop, UniqueFd(ends[0]), nullptr), limits);
    }
    /// Begins a GET, or what `method` says.
    void ask(std::string_view method = "GET", BodyStream* body = nullptr, std::string_view upgrade = {}) {
        RequestHead head;
        head.method = method;
        head.target = "/x";
        head.authority = "h";
        head.upgrade = upgrade;
        const HeaderView fields[] = {{"A", "b"}, {"Content-Length", "7"}, {"Transfer-Encoding", "chunked"}, {"host", "evil"}};
        head.headers = fields;
        REQUIRE(channel->room() == 1);
        exchange = channel->begin(head, body);
    }
    void answer(std::string_view text) {
        REQUIRE(::send(server.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
        settle(loop);
    }
    /// What the server was sent.
    std::string heard() {
        settle(loop);
        char piece[65536];
        const ssize_t got = ::recv(server.get(), piece, sizeof piece, 0);
        return got > 0 ? std::string(piece, static_cast<size_t>(got)) : std::string();
    }
    /// Reads the next head beside everything else; its status as text, or the error's.
    std::string head() {
        scope.cancel();
        scope_said = "waits";
        scope.spawn(read_head());
        settle(loop);
        return scope_said;
    }
    loop::Task<void> read_head() {
        AWAIT(auto read, exchange->read_head());
        scope_said = read ? std::to_string(exchange->head().status) : read.error().message();
    }
    /// The answer's body as far as it is here: behind it how it ended.
    std::string body() {
        std::string said;
        loop::Scope reading(loop);
        reading.spawn(read_body(&said));
        settle(loop);
        return said;
    }
    loop::Task<void> read_body(std::string* said) {
        for (;;) {
            AWAIT(auto more, exchange->next(said));
            if (!more) *said += "|" + more.error().message();
            else if (!*more) *said += "|end";
            if (!more || !*more) co_return;
        }
    }
    /// One whole exchange.
    std::string whole(std::string_view text, std::string_view method = "GET") {
        ask(method);
        heard();
        answer(text);
        std::string said = head();
        if (said.size() == 3) said += " " + body();
        exchange.reset();
        return said;
    }

    FakeClock clock;
    loop::Loop loop{clock};
    ChannelLimits limits;
    UniqueFd server;
    std::unique_ptr<Channel> channel;
    std::unique_ptr<Exchange> exchange;
    std::string scope_said;
    loop::Scope scope{loop};
};
}  // namespace

TEST_CASE("Channel: one exchange after another over one connection") {
    Asking world;
    for (int i = 0; i < 3; ++i) {
        world.ask();
        CHECK(world.channel->room() == 0);
        CHECK(world.heard() == "GET /x HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n");
        CHECK(world.head() == "waits");
        world.answer("HTTP/1.1 200 OK\r\nB: c\r\nContent-Length: 2\r\n\r\no");
        CHECK(world.scope_said == "200");
        CHECK(world.exchange->head().header("b") == "c");
        CHECK(world.exchange->length() == 2);
        world.answer("k");
        CHECK(world.body() == "ok|end");
        world.exchange.reset();
        CHECK(world.channel->room() == 1);
    }
}

TEST_CASE("Channel: answers of every framing, and whether the connection is kept behind them") {
    struct Case {
        const char* text;
        const char* said;
        bool kept;
        const char* method = "GET";
    };
    const Case cases[] = {
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "200 ok|end", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 |end", true},
        {"HTTP/1.1 204 No\r\n\r\n", "204 |end", true},
        {"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", "304 |end", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 |end", true, "HEAD"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200 |end", true, "HEAD"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", "200 ok|end", false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 ok|end", false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", "200 ok|end", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more", "200 ok|end", false},
        {"HTTP/1.1 204 No\r\n\r\nbody", "204 |end", false},
    };
    for (const Case& one : cases) {
        Asking world;
        INFO(one.text);
        CHECK(world.whole(one.text, one.method) == one.said);
        CHECK(world.channel->room() == (one.kept ? 1 : 0));
        CHECK(world.channel->is_over() == !one.kept);
    }
}

TEST_CASE("Channel: an answer that two readers could read in two ways is an error, and the last of its channel") {
    for (const char* text : {
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
             "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
             "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
             "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
             "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
             "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
             "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
             "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
             "HTTP/1.1 200 OK\n\n",
             "HTTP/1.1  200 OK\r\n\r\n",
             "HTTP/1.2 200 OK\r\n\r\n",
             "HTTP/2.0 200 OK\r\n\r\n",
             "HTTP/1.1 099 No\r\n\r\n",
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
             "SSH-2.0-OpenSSH\r\n",
             "\r\nHTTP/1.1 200 OK\r\n\r\n",
         }) {
        Asking world;
        INFO(text);
        CHECK(world.whole(text).size() > 3);
        CHECK(world.channel->is_over());
    }
    for (const char* chunks :
         {"2\nok\r\n0\r\n\r\n", "2 \r\nok\r\n0\r\n\r\n", "+2\r\nok\r\n0\r\n\r\n", "2\r\nokX0\r\n\r\n", "2\r\nok\n0\r\n\r\n",
          "ffffffffffffffffff\r\nok", "0\r\nA b\r\n\r\n", "0\r\nA: b\n\r\n", ";\r\n"}) {
        Asking world;
        INFO(chunks);
        const std::string said = world.whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks));
        CHECK(said.find("malformed") != std::string::npos);
        CHECK(world.channel->is_over());
    }
}

TEST_CASE("Channel: what would be two requests is not sent") {
    const HeaderView fields[] = {{"A", "b\r\nHost: evil"}, {"A b", "c"}, {"", "x"}, {"A", std::string_view("\0", 1)}};
    std::vector<RequestHead> heads(4);
    heads[0].target = "/x HTTP/1.1\r\nHost: evil\r\n\r\nGET /y";
    heads[1].method = "GET /y";
    heads[2].authority = "h\r\nA: b";
    heads[3].target = "";
    for (const HeaderView& field : fields) heads.push_back({.headers = {&field, 1}});
    for (const RequestHead& head : heads) {
        Asking world;
        world.exchange = world.channel->begin(head, nullptr);
        CHECK(world.head() == "the request cannot be said in HTTP/1.1");
        CHECK_FALSE(world.exchange->has_sent());
        world.exchange.reset();
        CHECK(world.heard().empty());
    }
}

TEST_CASE("Channel: an answer that breaks off says so, one without a length ends with the connection") {
    for (const auto& [text, said] :
         {std::pair<std::string, std::string>{"HTTP/1.1 200 OK\r\n\r\nall", "200 all|end"},
          {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nall", "200 all|unexpected EOF"},
          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n", "200 all|unexpected EOF"},
          {"HTTP/1.1 200", "unexpected EOF"},
          {"", "EOF"}}) {
        Asking world;
        world.ask();
        world.heard();
        world.answer(text);
        ::shutdown(world.server.get(), SHUT_WR);
        std::string seen = world.head();
        if (seen.size() == 3 && seen != "EOF") seen += " " + world.body();
        CHECK(seen == said);
        CHECK_FALSE(world.exchange->was_stale());
        world.exchange.reset();
        CHECK(world.channel->is_over());
    }
}

TEST_CASE("Channel: interim answers come one by one") {
    Asking world;
    world.ask();
    world.answer(
        "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "1\r\n\r\nx");
    CHECK(world.head() == "103");
    CHECK(world.exchange->head().header("link") == "a");
    CHECK(world.head() == "100");
    CHECK(world.head() == "200");
    CHECK(world.body() == "x|end");
    world.exchange.reset();
    std::string many;
    for (int i = 0; i < 9; ++i) many += "HTTP/1.1 103 Early Hints\r\n\r\n";
    world.ask();
    world.answer(many);
    for (int i = 0; i < world.limits.interim_answers_max; ++i) CHECK(world.head() == "103");
    CHECK(world.head() == "too many 1xx informational responses");
}

TEST_CASE("Channel: the request's body goes out as it comes, and the answer may come first") {
    Asking world;
    SECTION("with a length") {
        Pieces body(world.loop, 6);
        body.more("abc");
        world.ask("POST", &body);
        CHECK(world.heard() == "POST /x HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 6\r\n\r\nabc");
        body.more("def", true);
        CHECK(world.heard() == "def");
        world.answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        CHECK(world.head() == "200");
        world.exchange.reset();
        CHECK(world.channel->room() == 1);
    }
    SECTION("in chunks, with trailers") {
        Pieces body(world.loop, std::nullopt);
        body.trailers_ = {{"Sum", "1"}, {"Content-Length", "9"}};
        world.ask("PUT", &body);
        CHECK(world.heard() == "PUT /x HTTP/1.1\r\nHost: h\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n");
        body.more("hello, world");
        CHECK(world.heard() == "c\r\nhello, world\r\n");
        body.more("", true);
        CHECK(world.heard() == "0\r\nSum: 1\r\n\r\n");
    }
    SECTION("both at once") {
        Pieces body(world.loop, std::nullopt);
        world.ask("POST", &body);
        world.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
        CHECK(world.head() == "200");
        CHECK(world.body() == "hi");
        body.more("ho");
        CHECK(world.heard().ends_with("2\r\nho\r\n"));
        world.answer("0\r\n\r\n");
        CHECK(world.body() == "|end");
        SECTION("kept when the request has ended, too") {
            body.more("", true);
            CHECK(world.heard() == "0\r\n\r\n");
            world.exchange.reset();
            CHECK(world.channel->room() == 1);
        }
        SECTION("and not before") {
            world.exchange.reset();
            CHECK(world.channel->is_over());
        }
    }
    SECTION("an empty one has a length") {
        world.ask("POST");
        CHECK(world.heard() == "POST /x HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 0\r\n\r\n");
    }
    SECTION("one that breaks off ends the channel, and whoever waits hears why") {
        Pieces body(world.loop, 6);
        world.ask("POST", &body);
        CHECK(world.head() == "waits");
        body.fail();
        settle(world.loop);
        CHECK(world.scope_said == "the client has gone");
        world.exchange.reset();
        CHECK(world.channel->is_over());
    }
    SECTION("one that is longer or shorter than it said is never sent as if it were right") {
        Pieces body(world.loop, 6);
        world.ask("POST", &body);
        const bool is_longer = GENERATE(true, false);
        body.more(is_longer ? "seven77" : "five5", true);
        CHECK(world.head().starts_with("the request's body is"));
        world.exchange.reset();
        CHECK(world.channel->is_over());
    }
}

TEST_CASE("Channel: a server that refuses a body before it has read it, and closes, is heard") {
    Asking world;
    Pieces body(world.loop, 10'000'000);
    world.ask("POST", &body);
    body.more(std::string(2'000'000, 'x'));
    settle(world.loop);
    world.answer("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    CHECK(world.head() == "413");
    CHECK(world.body() == "no|end");
    world.exchange.reset();
    CHECK(world.channel->is_over());
}

TEST_CASE("Channel: a server that ends while it is idle is noticed, and told of") {
    Asking world;
    int told = 0;
    world.channel->on_over([&told] { ++told; });
    world.whole("HTTP/1.1 204 No\r\n\r\n");
    CHECK(world.channel->room() == 1);
    SECTION("by its end") {
        world.server.reset();
        settle(world.loop);
        CHECK(told == 1);
        CHECK(world.channel->room() == 0);
    }
    SECTION("by bytes that nobody has asked for") {
        const bool was_looked_at = GENERATE(true, false);
        if (was_looked_at) CHECK(world.channel->room() == 1);
        world.answer("HTTP/1.1 408 Timeout\r\n\r\n");
        CHECK(world.channel->room() == 0);
        CHECK(world.channel->is_over());
    }
    SECTION("and an end that crosses a request shows that nobody has heard it") {
        world.ask();
        world.server.reset();
        CHECK(world.head().size() > 3);
        CHECK(world.exchange->was_stale());
    }
}

TEST_CASE("Channel: an upgrade has the connection, from what came behind the answer on") {
    Asking world;
    world.ask("GET", nullptr, "echo");
    CHECK(world.heard().ends_with("Connection: Upgrade\r\nUpgrade: echo\r\n\r\n"));
    world.answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\nhello");
    CHECK(world.head() == "101");
    Duplex* duplex = world.exchange->upgraded();
    REQUIRE(duplex);
    char buffer[16];
    const auto got = test::await(world.loop, duplex->read(buffer, sizeof buffer));
    REQUIRE(got);
    CHECK(std::string(buffer, *got) == "hello");
    duplex->end_writing();
    settle(world.loop);
    CHECK(::recv(world.server.get(), buffer, sizeof buffer, 0) == 0);
    world.exchange.reset();
    CHECK(world.channel->is_over());
}
