// Server and channel speak with each other over a pair of sockets: what each of them promises.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <optional>

#include "../../support/fake_clock.hpp"
#include "http/h2/session.hpp"
#include "orilla/http/channel.hpp"
#include "orilla/http/server.hpp"

using namespace orilla;
using namespace orilla::http;
using orilla::test::FakeClock;
using orilla::test::pass;
using orilla::test::settle;

namespace {
/// One end of a pair of sockets.
class FdDuplex final : public Duplex {
  public:
    FdDuplex(loop::Loop& loop, UniqueFd fd) : fd_(std::move(fd)), watch_(loop, fd_.get()) {}
    loop::Task<Result<size_t>> read(char* buffer, size_t size) override {
        for (;;) {
            const ssize_t got = ::recv(fd_.get(), buffer, size, MSG_DONTWAIT);
            if (got >= 0) co_return static_cast<size_t>(got);
            if (errno != EAGAIN) co_return Error::from_errno("read", errno);
            co_await watch_.readable();
        }
    }
    loop::Task<Result<void>> write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (put >= 0) {
                bytes.remove_prefix(static_cast<size_t>(put));
                continue;
            }
            if (errno != EAGAIN) co_return Error::from_errno("write", errno);
            co_await watch_.writable();
        }
        co_return ok();
    }
    void end_writing() override { ::shutdown(fd_.get(), SHUT_WR); }

  private:
    UniqueFd fd_;
    loop::FdWatch watch_;
};

/// Pieces of a body, each after a wait; counts who lives.
class PieceStream final : public BodyStream {
  public:
    PieceStream(loop::Loop& loop, int count, size_t bytes, int64_t wait_ms, int* alive)
        : loop_(loop), left_(count), bytes_(bytes), wait_ms_(wait_ms), alive_(alive) {
        ++*alive_;
        trailers_ = {{"x-sum", "42"}};
    }
    ~PieceStream() override { --*alive_; }
    bool ended() const override { return left_ == 0; }
    void take_ready(std::string*) override {}
    loop::Task<Result<bool>> next(std::string* out) override {
        if (left_ == 0) co_return false;
        if (wait_ms_ > 0) co_await loop_.sleep_for(wait_ms_);
        --left_;
        out->append(bytes_, 'p');
        made += bytes_;
        co_return true;
    }
    const Headers& trailers() const override { return trailers_; }
    size_t made = 0;

  private:
    loop::Loop& loop_;
    int left_;
    size_t bytes_;
    int64_t wait_ms_;
    int* alive_;
    Headers trailers_;
};

class H2Handler final : public Handler {
  public:
    explicit H2Handler(loop::Loop& loop) : loop_(loop) {}
    std::shared_ptr<const Caller> identify(const Peer& peer) const override {
        auto caller = std::make_shared<Caller>();
        caller->name = "uid:" + std::to_string(peer.uid);
        caller->admitted = peer.uid == 0;
        return caller;
    }
    Response refuse(const Request&) const override { return Response(403, "text/plain", "no"); }
    Response render_http_error(int status, std::string_view message) const override {
        return Response(status, "text/plain", std::string(message));
    }
    bool streams_body(const Request& request) const override { return request.path.starts_with("/echo"); }
    loop::Task<Response> handle(const Request& request) override {
        ++running;
        struct Leave {
            int* running;
            ~Leave() { --*running; }
        } leave{&running};
        if (request.path == "/slow") co_await loop_.sleep_for(50);
        if (request.path == "/never") co_await loop_.sleep_for(1'000'000'000);
        if (request.path == "/echo") {
            std::string text;
            for (bool more = true; more;) {
                AWAIT(const auto made, request.body_stream->next(&text));
                if (!made) co_return Response(500, "text/plain", made.error().message());
                more = *made;
            }
            if (!request.body_stream->trailers().empty()) text += request.body_stream->trailers()[0].second;
            co_return Response(200, "text/plain", text);
        }
        if (request.path == "/echo-nothing") co_return Response(403, "text/plain", "not wanted");
        if (request.path == "/hints") {
            Response response(200, "text/plain", "after");
            co_return response;
        }
        if (request.path == "/pieces" || request.path == "/watch" || request.path == "/flood") {
            Response response(200);
            const bool is_flood = request.path == "/flood";
            response.body_stream = std::make_unique<PieceStream>(loop_, is_flood ? 100 : 3, is_flood ? 60'000 : 10,
                                                                 is_flood ? 0 : 1'000, &streams);
            if (request.path == "/watch") {
                response.stream = std::move(response.body_stream);
                response.is_watch = true;
            }
            co_return response;
        }
        std::string text = std::string(request.method_text) + " " + std::string(request.target) + " " +
                           std::string(request.header("host")) + " " + std::string(request.body.substr(0, 20));
        Response response(200, "text/plain", text);
        if (request.path == "/big") response.body.assign(1'000'000, 'b');
        response.add_header("X-Own", "yes");
        response.add_header("Connection", "close");
        co_return response;
    }
    int running = 0;
    int streams = 0;

  private:
    loop::Loop& loop_;
};

struct H2World {
    explicit H2World(ServerLimits limits = {}) : server(loop, handler, limits) {}
    UniqueFd connect_raw(uint32_t uid = 0) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        Peer peer{Peer::Kind::local};
        peer.uid = uid;
        server.adopt(UniqueFd(ends[0]), peer, true);
        return UniqueFd(ends[1]);
    }
    std::unique_ptr<Channel> connect(uint32_t uid = 0) {
        auto channel = await<Result<std::unique_ptr<Channel>>>(
            open_http_2(loop, std::make_unique<FdDuplex>(loop, connect_raw(uid)), ChannelLimits()));
        REQUIRE(channel);
        return std::move(*channel);
    }
    template <class T>
    T await(loop::Task<T> task) {
        std::optional<T> value;
        loop::Scope scope(loop);
        scope.spawn(store(std::move(task), &value));
        settle(loop);
        for (int i = 0; i < 1'000 && !value; ++i) pass(loop, clock, 10);
        REQUIRE(value);
        return std::move(*value);
    }
    template <class T>
    static loop::Task<void> store(loop::Task<T> task, std::optional<T>* out) {
        out->emplace(co_await std::move(task));
    }
    static RequestHead head(std::string_view path, std::string_view method = "GET") {
        RequestHead head;
        head.method = method;
        head.target = path;
        head.authority = "shop.example";
        return head;
    }
    std::string body(Exchange& exchange) {
        std::string text;
        for (;;) {
            const auto more = await(exchange.next(&text));
            if (!more) return text + " broken: " + more.error().message();
            if (!*more) return text;
        }
    }
    /// Status and body, or the error.
    std::string ask(Channel& channel, const RequestHead& head, BodyStream* sent = nullptr) {
        const auto exchange = channel.begin(head, sent);
        const auto read = await(exchange->read_head());
        if (!read) return read.error().message();
        return std::to_string(exchange->head().status) + " " + body(*exchange);
    }
    FakeClock clock;
    loop::Loop loop{clock};
    H2Handler handler{loop};
    int alive = 0;
    Server server;
};
}  // namespace

TEST_CASE("H2Server: a request is answered as HTTP/1.1's is") {
    H2World world;
    const auto channel = world.connect();
    CHECK(channel->protocol() == Protocol::http_2);
    const auto exchange = channel->begin(H2World::head("/a?b"), nullptr);
    REQUIRE(world.await(exchange->read_head()));
    const AnswerHead& head = exchange->head();
    CHECK(head.status == 200);
    std::string names;
    for (const HeaderView& header : head.headers) names += std::string(header.name) + ";";
    CHECK(names == "content-type;content-length;date;x-own;");
    CHECK(world.body(*exchange) == "GET /a?b shop.example ");
    CHECK(world.ask(*channel, H2World::head("/a", "HEAD")) == "200 ");
    CHECK(world.ask(*channel, H2World::head("/big")).size() == 1'000'004);
    CHECK(world.ask(*channel, H2World::head("/a", "PROPFIND")) == "200 PROPFIND /a shop.example ");
    CHECK(world.server.counters().requests == 4);
    CHECK(world.server.counters().answers_by_class[2] == 4);
}

TEST_CASE("H2Server: HTTP/1.1 is spoken on the same socket") {
    H2World world;
    const UniqueFd fd = world.connect_raw();
    for (std::string_view part : {"P", "RI /x HT", "TP/1.1\r\nHost: a\r\n\r\n"}) {
        REQUIRE(::send(fd.get(), part.data(), part.size(), 0) == static_cast<ssize_t>(part.size()));
        settle(world.loop);
    }
    char answer[1000];
    const ssize_t got = ::recv(fd.get(), answer, sizeof answer, 0);
    REQUIRE(got > 0);
    CHECK(std::string_view(answer, 12) == "HTTP/1.1 200");
    const UniqueFd other = world.connect_raw();
    const std::string_view post = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    REQUIRE(::send(other.get(), post.data(), post.size(), 0) == static_cast<ssize_t>(post.size()));
    settle(world.loop);
    const ssize_t more = ::recv(other.get(), answer, sizeof answer, 0);
    REQUIRE(more > 0);
    CHECK(std::string_view(answer, 12) == "HTTP/1.1 200");
    CHECK(std::string_view(answer, static_cast<size_t>(more)).ends_with(" /x a hi"));
}

TEST_CASE("H2Server: bodies go both ways, whole or as streams, with trailers") {
    H2World world;
    const auto channel = world.connect();
    PieceStream whole(world.loop, 3, 40'000, 10, &world.alive);
    CHECK(world.ask(*channel, H2World::head("/p", "POST"), &whole) == "200 POST /p shop.example pppppppppppppppppppp");
    PieceStream pieces(world.loop, 30, 40'000, 1, &world.alive);
    const std::string echoed = world.ask(*channel, H2World::head("/echo", "POST"), &pieces);
    CHECK(echoed.size() == 4 + 1'200'000 + 2);
    CHECK(echoed.ends_with("pp42"));
    const auto exchange = channel->begin(H2World::head("/pieces"), nullptr);
    REQUIRE(world.await(exchange->read_head()));
    CHECK(world.body(*exchange) == std::string(30, 'p'));
    REQUIRE(exchange->trailers().size() == 1);
    CHECK(exchange->trailers()[0].first == "x-sum");
    CHECK(exchange->ended());
}

TEST_CASE("H2Server: a body that is too large, or not wanted, is answered before its end") {
    ServerLimits limits;
    limits.connection.parser.body_bytes_max = 100'000;
    H2World world(limits);
    const auto channel = world.connect();
    PieceStream large(world.loop, 1'000, 40'000, 0, &world.alive);
    CHECK(world.ask(*channel, H2World::head("/p", "POST"), &large) == "413 the request body is too large");
    PieceStream unwanted(world.loop, 1'000, 40'000, 0, &world.alive);
    CHECK(world.ask(*channel, H2World::head("/echo-nothing", "POST"), &unwanted) == "403 not wanted");
    CHECK(unwanted.made < 2'000'000);
    CHECK(world.ask(*channel, H2World::head("/a")) == "200 GET /a shop.example ");
    CHECK(channel->room() == 64);
}

TEST_CASE("H2Server: many at once; a slow one holds up nobody") {
    H2World world;
    const auto channel = world.connect();
    std::vector<std::unique_ptr<Exchange>> slow;
    for (int i = 0; i < 50; ++i) slow.push_back(channel->begin(H2World::head("/slow"), nullptr));
    settle(world.loop);
    CHECK(world.handler.running == 50);
    CHECK(world.ask(*channel, H2World::head("/a")) == "200 GET /a shop.example ");
    CHECK(world.handler.running == 50);
    for (auto& one : slow) REQUIRE(world.await(one->read_head()));
    slow.clear();
    settle(world.loop);
    CHECK(channel->room() == 64);
}

TEST_CASE("H2Server: a client that takes an answer away ends its work at once") {
    H2World world;
    const auto channel = world.connect();
    auto never = channel->begin(H2World::head("/never"), nullptr);
    auto watch = channel->begin(H2World::head("/watch"), nullptr);
    settle(world.loop);
    CHECK(world.handler.running == 1);
    CHECK(world.handler.streams == 1);
    never.reset();
    watch.reset();
    settle(world.loop);
    CHECK(world.handler.running == 0);
    CHECK(world.handler.streams == 0);
    CHECK(world.ask(*channel, H2World::head("/a")) == "200 GET /a shop.example ");
}

TEST_CASE("H2Server: watches and requests count for each client over all its connections") {
    ServerLimits limits;
    limits.client_watches_max = 3;
    limits.client_requests_max = 5;
    H2World world(limits);
    const auto one = world.connect(), other = world.connect();
    std::vector<std::unique_ptr<Exchange>> kept;
    for (int i = 0; i < 2; ++i) kept.push_back(one->begin(H2World::head("/watch"), nullptr));
    kept.push_back(other->begin(H2World::head("/watch"), nullptr));
    settle(world.loop);
    CHECK(world.ask(*other, H2World::head("/watch")) == "429 too many watches, please try again later");
    for (int i = 0; i < 2; ++i) kept.push_back(one->begin(H2World::head("/never"), nullptr));
    settle(world.loop);
    CHECK(world.ask(*other, H2World::head("/a")) == "429 too many requests at once, please try again later");
    kept.clear();
    settle(world.loop);
    CHECK(world.ask(*other, H2World::head("/watch")).starts_with("200 "));
}

TEST_CASE("H2Server: strangers are refused, and so are heads that HTTP/1.1 would not carry") {
    H2World world;
    const auto stranger = world.connect(7);
    CHECK(world.ask(*stranger, H2World::head("/a")) == "403 no");
    const auto channel = world.connect();
    const auto with = [](const std::vector<HeaderView>& headers) {
        RequestHead head = H2World::head("/a");
        head.headers = headers;
        return head;
    };
    RequestHead odd = H2World::head("/a#b");
    CHECK(world.ask(*channel, odd) == "400 malformed :path");
    odd = H2World::head("/a\xc3\xa4");
    CHECK(world.ask(*channel, odd) == "400 malformed :path");
    odd = H2World::head("/");
    odd.authority = "user@shop";
    CHECK(world.ask(*channel, odd) != "200 GET / user@shop ");
    const std::string long_path(20'000, 'x');
    CHECK(world.ask(*channel, H2World::head("/" + long_path)) == "414 the request URL is too long");
    const std::string large(70'000, 'x');
    std::vector<HeaderView> headers{{"x-large", large}};
    CHECK(world.ask(*channel, with(headers)) == "431 the request headers are too large");
    headers = {{"expect", "miracles"}};
    CHECK(world.ask(*channel, with(headers)) == "417 the only expectation that is met here is 100-continue");
    CHECK(world.ask(*channel, H2World::head("/a")) == "200 GET /a shop.example ");
}

TEST_CASE("H2Server: 100 Continue comes when the body is wanted") {
    H2World world;
    const auto channel = world.connect();
    const std::vector<HeaderView> headers{{"expect", "100-continue"}};
    RequestHead head = H2World::head("/echo", "POST");
    head.headers = headers;
    PieceStream late(world.loop, 1, 5, 1'000, &world.alive);
    const auto exchange = channel->begin(head, &late);
    REQUIRE(world.await(exchange->read_head()));
    CHECK(exchange->head().status == 100);
    REQUIRE(world.await(exchange->read_head()));
    CHECK(exchange->head().status == 200);
    CHECK(world.body(*exchange) == "ppppp42");
}

TEST_CASE("H2Server: nobody's answer grows while its client does not read it") {
    H2World world;
    const auto channel = world.connect();
    auto flood = channel->begin(H2World::head("/flood"), nullptr);
    REQUIRE(world.await(flood->read_head()));
    pass(world.loop, world.clock, 1'000);
    CHECK(world.server.unsent_bytes() > 0);
    CHECK(world.server.unsent_bytes() < 200'000);
    CHECK(world.body(*flood).size() == 6'000'000);
    settle(world.loop);
    CHECK(world.server.unsent_bytes() == 0);
    // One that never reads is given up; its neighbours are not.
    auto silent = channel->begin(H2World::head("/flood"), nullptr);
    settle(world.loop);
    CHECK(world.handler.streams == 1);
    pass(world.loop, world.clock, 2 * ConnectionLimits().write_stall_ms_max + 1'000);
    CHECK(world.handler.streams == 0);
    CHECK(world.ask(*channel, H2World::head("/a")) == "200 GET /a shop.example ");
}

TEST_CASE("H2Server: who is idle for long is let go, who begins a head and stops is not waited for") {
    H2World world;
    const auto channel = world.connect();
    bool told = false;
    channel->on_over([&told] { told = true; });
    CHECK(world.ask(*channel, H2World::head("/a")).starts_with("200"));
    pass(world.loop, world.clock, ConnectionLimits().idle_ms_max - 1'000);
    CHECK_FALSE(channel->is_over());
    auto slow = channel->begin(H2World::head("/never"), nullptr);
    pass(world.loop, world.clock, ConnectionLimits().idle_ms_max);
    CHECK_FALSE(channel->is_over());
    slow.reset();
    pass(world.loop, world.clock, ConnectionLimits().idle_ms_max + 1'000);
    CHECK(channel->is_over());
    CHECK(told);  // by a goodbye
    CHECK(channel->room() == 0);
    const auto late = channel->begin(H2World::head("/a"), nullptr);
    CHECK_FALSE(world.await(late->read_head()));
    CHECK_FALSE(late->has_sent());

    const UniqueFd fd = world.connect_raw();
    const std::string begun("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\1\1\0\0\0\0\1\x82", 43);
    REQUIRE(::send(fd.get(), begun.data(), begun.size(), 0) == static_cast<ssize_t>(begun.size()));
    settle(world.loop);
    CHECK(world.server.connections() == 1);
    pass(world.loop, world.clock, ConnectionLimits().head_ms_max + 1'000);
    CHECK(world.server.connections() == 0);
}

TEST_CASE("H2Channel: a server that goes in the middle of an answer is an error; who does not speak HTTP/2 is told") {
    H2World elsewhere;
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    UniqueFd server_end(ends[0]);
    loop::Scope scope(elsewhere.loop);
    std::optional<Result<std::unique_ptr<Channel>>> opened;
    scope.spawn(H2World::store(
        open_http_2(elsewhere.loop, std::make_unique<FdDuplex>(elsewhere.loop, UniqueFd(ends[1])), ChannelLimits()), &opened));
    settle(elsewhere.loop);
    CHECK_FALSE(opened);
    const std::string_view other = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    REQUIRE(::send(server_end.get(), other.data(), other.size(), 0) == static_cast<ssize_t>(other.size()));
    settle(elsewhere.loop);
    REQUIRE(opened);
    CHECK_FALSE(*opened);

    // A server that says its settings, begins an answer and is gone.
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    server_end.reset(ends[0]);
    std::string words("\0\0\0\4\0\0\0\0\0", 9);
    REQUIRE(::send(server_end.get(), words.data(), words.size(), 0) == 9);
    opened.reset();
    scope.spawn(H2World::store(
        open_http_2(elsewhere.loop, std::make_unique<FdDuplex>(elsewhere.loop, UniqueFd(ends[1])), ChannelLimits()), &opened));
    settle(elsewhere.loop);
    REQUIRE(opened);
    REQUIRE(*opened);
    const auto begun = (**opened)->begin(H2World::head("/a"), nullptr),
               unheard = (**opened)->begin(H2World::head("/b"), nullptr);
    settle(elsewhere.loop);
    words.assign("\0\0\1\1\4\0\0\0\1\x88\0\0\2\0\0\0\0\0\1hi", 21);
    REQUIRE(::send(server_end.get(), words.data(), words.size(), 0) == 21);
    REQUIRE(elsewhere.await(begun->read_head()));
    std::string text;
    REQUIRE(elsewhere.await(begun->next(&text)));
    CHECK(text == "hi");
    // It has looked at stream 1 at most.
    words.assign("\0\0\x08\7\0\0\0\0\0\0\0\0\1\0\0\0\0", 17);
    REQUIRE(::send(server_end.get(), words.data(), words.size(), 0) == 17);
    CHECK_FALSE(elsewhere.await(unheard->read_head()));
    CHECK_FALSE(unheard->has_sent());
    CHECK((**opened)->is_over());
    server_end.reset();
    CHECK_FALSE(elsewhere.await(begun->next(&text)));
    CHECK(begun->has_sent());
    CHECK_FALSE(begun->was_stale());
}
