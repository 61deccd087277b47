#include "http/h2/session.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace orilla;
using namespace orilla::http;

namespace {
using H2Fields = std::vector<HeaderView>;

/// One side of a connection; it notes what comes, and takes bodies when told.
struct H2Side final : H2Heads, H2User {
    explicit H2Side(H2Session::Role role, const H2Limits& limits = {}) : session(H2Session::create(role, limits, *this)) {
        REQUIRE(session);
    }
    void on_head(H2Stream& stream) override {
        stream.user = this;
        heads.push_back(&stream);
        if (!stream.has_head) interim += std::to_string(stream.head.status()) + ";";
    }
    void on_change(H2Stream& stream) override {
        if (!takes) return;
        const size_t bytes = stream.unread.size();
        bodies[stream.id] += stream.unread;
        stream.unread.clear();
        if (bytes > 0) session->consume(stream, bytes);
    }
    std::string output() {
        std::string out;
        REQUIRE(session->take_output(out, SIZE_MAX));
        return out;
    }
    bool takes = true;
    std::vector<H2Stream*> heads;
    std::map<int32_t, std::string> bodies;
    std::string interim;
    std::unique_ptr<H2Session> session;
};

/// Lets both say all they have to say. False when one of them was refused.
bool talk(H2Side& client, H2Side& server, int64_t now_ms = 0) {
    for (;;) {
        const std::string there = client.output();
        const std::string back = server.output();
        if (there.empty() && back.empty()) return true;
        if (!there.empty() && !server.session->receive(there, now_ms)) return false;
        const std::string words = server.output();
        if (!(back + words).empty() && !client.session->receive(back + words, now_ms)) return false;
    }
}

H2Fields h2_get(std::string_view path = "/") {
    return {{":method", "GET"}, {":scheme", "https"}, {":authority", "shop.example"}, {":path", path}};
}

std::string h2_frame(int type, int flags, uint32_t stream, std::string_view payload) {
    std::string out;
    for (int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    for (int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
    return out + std::string(payload);
}
const std::string h2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2_frame(4, 0, 0, "");

struct H2Pair {
    explicit H2Pair(const H2Limits& limits = {}) : client(H2Session::Role::client), server(H2Session::Role::server, limits) {
        REQUIRE(talk(client, server));
    }
    /// What becomes of a request: the error that its stream was closed with, or "open".
    std::string fate(const H2Fields& fields, std::string_view body = {}) {
        H2Stream* stream = client.session->submit_request(fields, !body.empty());
        REQUIRE(stream);
        stream->out = body;
        stream->out_ended = true;
        const size_t before = server.heads.size();
        talk(client, server);
        std::string text = server.heads.size() > before ? "heard " : "";
        text += stream->closed ? std::to_string(stream->error) : "open";
        client.session->forget(*stream, H2Error::cancel);
        talk(client, server);
        return text;
    }
    H2Side client, server;
};
}  // namespace

TEST_CASE("H2Session: a request and its answer, with bodies, an interim answer and trailers both ways") {
    H2Pair pair;
    const std::string question(40'000, 'q'), answer(300'000, 'a');
    H2Stream* asked = pair.client.session->submit_request({{":method", "POST"},
                                                           {":scheme", "http"},
                                                           {":authority", "a"},
                                                           {":path", "/x?y"},
                                                           {"cookie", "a=1"},
                                                           {"cookie", "b=2"}},
                                                          true);
    REQUIRE(asked);
    asked->user = &pair.client;
    asked->out = question;
    asked->out_ended = true;
    asked->out_trailers = {{"x-sum", "7"}};
    REQUIRE(talk(pair.client, pair.server));
    REQUIRE(pair.server.heads.size() == 1);
    H2Stream& heard = *pair.server.heads[0];
    CHECK(heard.head.pseudo(H2Block::Pseudo::path) == "/x?y");
    REQUIRE(heard.head.fields().size() == 1);
    CHECK(heard.head.fields()[0].value == "a=1; b=2");
    CHECK(heard.ended);
    CHECK(pair.server.bodies[heard.id] == question);
    REQUIRE(heard.trailers.fields().size() == 1);
    CHECK(heard.trailers.fields()[0].name == "x-sum");

    REQUIRE(pair.server.session->submit_interim(heard, {{":status", "103"}, {"link", "</a>"}}));
    heard.out = answer;
    heard.out_ended = true;
    heard.out_trailers = {{"grpc-status", "0"}};
    REQUIRE(pair.server.session->submit_answer(heard, {{":status", "200"}, {"X-Upper", "v"}}, true));
    REQUIRE(talk(pair.client, pair.server));
    CHECK(pair.client.interim == "103;");
    CHECK(asked->head.status() == 200);
    CHECK(asked->head.fields()[0].name == "x-upper");
    CHECK(pair.client.bodies[asked->id] == answer);
    CHECK(asked->trailers.fields()[0].value == "0");
    CHECK(asked->closed);
    CHECK(asked->error == 0);
    CHECK(heard.closed);
}

TEST_CASE("H2Session: a body that nobody takes stops at its window, all of them at the connection's") {
    H2Limits limits;
    limits.stream_window_bytes = 70'000;
    limits.connection_window_bytes = 100'000;
    H2Pair pair(limits);
    pair.server.takes = false;
    const std::string large(1'000'000, 'x');
    H2Stream* streams[2];
    for (H2Stream*& one : streams) {
        one = pair.client.session->submit_request(h2_get(), true);
        one->out = large;
        one->out_ended = true;
        REQUIRE(talk(pair.client, pair.server));
    }
    CHECK(pair.server.heads[0]->unread.size() == 70'000);
    CHECK(pair.server.heads[1]->unread.size() == 30'000);
    // The reader takes some: as much follows.
    pair.server.takes = true;
    for (int i = 0; i < 100; ++i) {
        for (H2Stream* one : pair.server.heads) pair.server.on_change(*one);
        REQUIRE(talk(pair.client, pair.server));
    }
    CHECK(pair.server.bodies[1].size() == large.size());
    CHECK(pair.server.bodies[3].size() == large.size());
}

TEST_CASE("H2Session: what was not read of a stream that is gone does not narrow the connection") {
    H2Limits limits;
    limits.connection_window_bytes = 70'000;
    limits.stream_window_bytes = 65'535;
    H2Pair pair(limits);
    const std::string body(60'000, 'x');
    for (int i = 0; i < 10; ++i) {
        pair.server.takes = false;
        H2Stream* one = pair.client.session->submit_request(h2_get(), true);
        REQUIRE(one);
        one->out = body;
        REQUIRE(talk(pair.client, pair.server));
        REQUIRE(pair.server.heads.back()->unread.size() == body.size());
        pair.server.session->forget(*pair.server.heads.back(), H2Error::none);
        REQUIRE(talk(pair.client, pair.server));
        CHECK(one->closed);
        pair.client.session->forget(*one, H2Error::cancel);
    }
}

TEST_CASE("H2Session: what RFC 9113 calls malformed is reset and never heard") {
    H2Pair pair;
    const auto with = [](std::string_view name, std::string_view value) {
        H2Fields fields = h2_get();
        fields.push_back({name, value});
        return fields;
    };
    CHECK(pair.fate(with("x-fine", "a b\tc")) == "heard open");
    CHECK(pair.fate(with("te", "trailers")) == "heard open");
    // H2Fields of the connection.
    CHECK(pair.fate(with("connection", "close")) == "1");
    CHECK(pair.fate(with("keep-alive", "5")) == "1");
    CHECK(pair.fate(with("proxy-connection", "x")) == "1");
    CHECK(pair.fate(with("transfer-encoding", "chunked")) == "1");
    CHECK(pair.fate(with("upgrade", "h2c")) == "1");
    CHECK(pair.fate(with("te", "gzip")) == "1");
    // Bytes that would mean something in HTTP/1.1.
    CHECK(pair.fate(with("x-a", "b\r\nx-c: d")) == "1");
    CHECK(pair.fate(with("x-a", "b\nc")) == "1");
    CHECK(pair.fate(with("x-a", std::string_view("b\0c", 3))) == "1");
    CHECK(pair.fate(with("x-a", " b")) == "1");
    CHECK(pair.fate(with("x-a", "b\t")) == "1");
    CHECK(pair.fate(with("x a", "b")) == "1");
    CHECK(pair.fate(with("x:a", "b")) == "1");
    CHECK(pair.fate(with("x-a\r\nx-b", "b")) == "1");
    CHECK(pair.fate(with("", "b")) == "1");
    CHECK(pair.fate({{":method", "GE T"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}}) == "1");
    CHECK(pair.fate({{":method", "GET"}, {":scheme", "http"}, {":authority", "a b"}, {":path", "/"}}) == "1");
    CHECK(pair.fate({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/\r\nx"}}) == "1");
    CHECK(pair.fate({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "x"}}) == "1");
    // Pseudo-headers.
    CHECK(pair.fate(with(":path", "/b")) == "1");
    CHECK(pair.fate(with(":status", "200")) == "1");
    CHECK(pair.fate(with(":unknown", "x")) == "1");
    CHECK(pair.fate({{":method", "GET"}, {":scheme", "http"}, {"x-a", "b"}, {":authority", "a"}, {":path", "/"}}) == "1");
    CHECK(pair.fate({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}) == "1");
    CHECK(pair.fate({{":method", "GET"}, {":authority", "a"}, {":path", "/"}}) == "1");
    CHECK(pair.fate({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", ""}}) == "1");
    CHECK(pair.fate(
              {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}}) ==
          "1");
    // Lengths.
    CHECK(pair.fate(with("content-length", "3"), "abc") == "heard open");
    CHECK(pair.fate(with("content-length", "4"), "abc") == "heard 1");
    CHECK(pair.fate(with("content-length", "2"), "abc") == "heard 1");
    CHECK(pair.fate(with("content-length", "2")) == "1");
    CHECK(pair.fate(with("content-length", "-1")) == "1");
    CHECK(pair.fate(with("content-length", "3, 3"), "abc") == "1");
    H2Fields twice = with("content-length", "3");
    twice.push_back({"content-length", "3"});
    CHECK(pair.fate(twice, "abc") == "1");
}

TEST_CASE("H2Session: names in capitals are malformed") {
    H2Side server(H2Session::Role::server);
    // Literals without indexing: GET, http, "/", :authority "a", and "X-A: b".
    std::string block(
        "\x82\x86\x84\x41\x01"
        "a"
        "\x00\x03X-A\x01"
        "b",
        5 + 1 + 7);
    REQUIRE(server.session->receive(h2_preface + h2_frame(1, 5, 1, block), 0));
    CHECK(server.heads.empty());
}

TEST_CASE("H2Session: a block beyond the bounds is read and marked, not kept") {
    H2Limits limits;
    limits.header_bytes_max = 4'000;
    limits.header_count_max = 20;
    H2Pair pair(limits);
    const std::string value(500, 'v');
    H2Fields fields = h2_get();
    for (int i = 0; i < 10; ++i) fields.push_back({"x-a", value});
    REQUIRE(pair.client.session->submit_request(fields, false));
    REQUIRE(talk(pair.client, pair.server));
    REQUIRE(pair.server.heads.size() == 1);
    CHECK(pair.server.heads[0]->head.is_too_large());
    CHECK(pair.server.heads[0]->head.fields().size() < 10);
    H2Fields many = h2_get();
    for (int i = 0; i < 30; ++i) many.push_back({"x", "y"});
    REQUIRE(pair.client.session->submit_request(many, false));
    REQUIRE(pair.client.session->submit_request(h2_get("/next"), false));
    REQUIRE(talk(pair.client, pair.server));
    REQUIRE(pair.server.heads.size() == 3);
    CHECK(pair.server.heads[1]->head.is_too_large());
    CHECK(pair.server.heads[2]->head.pseudo(H2Block::Pseudo::path) == "/next");
}

TEST_CASE("H2Session: frames that lead nowhere end the connection") {
    const auto survives = [](const std::string& one, int count, int64_t ms_each = 0, bool takes_answers = true) {
        H2Side server(H2Session::Role::server);
        REQUIRE(server.session->receive(h2_preface, 0));
        for (int i = 0; i < count; ++i) {
            if (!server.session->receive(one, i * ms_each)) return false;
            if (takes_answers) server.output();
        }
        return !server.session->is_over();
    };
    const std::string ping = h2_frame(6, 0, 0, "12345678"), settings = h2_frame(4, 0, 0, "");
    CHECK(survives(ping, 1'000));
    CHECK_FALSE(survives(ping, 3'000));
    CHECK(survives(ping, 3'000, 100));
    CHECK_FALSE(survives(ping, 100, 0, false));
    CHECK_FALSE(survives(settings, 100, 0, false));
    CHECK_FALSE(survives(settings, 3'000));
    CHECK_FALSE(survives(h2_frame(2, 0, 1, std::string_view("\0\0\0\0\0", 5)), 3'000));
    CHECK_FALSE(survives(h2_frame(8, 0, 0, std::string_view("\0\0\0\1", 4)), 3'000));

    // CONTINUATION without an end.
    H2Side server(H2Session::Role::server);
    REQUIRE(server.session->receive(h2_preface + h2_frame(1, 0, 1, "\x82"), 0));
    CHECK(server.session->is_in_head());
    bool going = true;
    int frames = 0;
    for (; going && frames < 100; ++frames)
        going = server.session->receive(h2_frame(9, 0, 1, ""), 0).has_value() && !server.session->is_over();
    CHECK(frames < 20);
}

TEST_CASE("H2Session: requests that are reset as fast as they are made end the connection") {
    H2Pair pair;
    int made = 0;
    bool going = true;
    for (; going && made < 2'000; ++made) {
        H2Stream* one = pair.client.session->submit_request(h2_get(), false);
        if (!one) break;
        going = talk(pair.client, pair.server);
        pair.client.session->forget(*one, H2Error::cancel);
        going = going && talk(pair.client, pair.server);
        for (H2Stream* stream : std::exchange(pair.server.heads, {})) stream->user = nullptr;
        pair.server.session->forget_closed();
    }
    CHECK(made >= 200);
    CHECK(made < 300);
    // The same that the server is made to reset: an update of a window beyond what there is.
    H2Side server(H2Session::Role::server);
    REQUIRE(server.session->receive(h2_preface, 0));
    made = 0;
    for (going = true; going && made < 2'000; ++made) {
        const auto id = static_cast<uint32_t>(2 * made + 1);
        const std::string request = h2_frame(1, 5, id,
                                             "\x82\x86\x84\x41\x01"
                                             "a");
        going = server.session->receive(request + h2_frame(8, 0, id, "\x7f\xff\xff\xff"), 0).has_value();
        server.output();
        for (H2Stream* stream : std::exchange(server.heads, {})) stream->user = nullptr;
        server.session->forget_closed();
        going = going && !server.session->is_over();
    }
    CHECK(made < 300);
}

TEST_CASE("H2Session: no more streams at once than said, and none after a goodbye") {
    H2Limits limits;
    limits.streams_max = 3;
    H2Pair pair(limits);
    CHECK(pair.client.session->room() == 3);
    for (int i = 0; i < 3; ++i) REQUIRE(pair.client.session->submit_request(h2_get(), true));
    CHECK(pair.client.session->room() == 0);
    CHECK_FALSE(pair.client.session->submit_request(h2_get(), false));
    REQUIRE(talk(pair.client, pair.server));
    CHECK(pair.server.session->streams() == 3);
    pair.server.session->go_away(H2Error::none);
    REQUIRE(talk(pair.client, pair.server));
    CHECK(pair.client.session->is_leaving());
    CHECK_FALSE(pair.client.session->is_over());

    // A client that does not care.
    H2Side server(H2Session::Role::server, limits);
    REQUIRE(server.session->receive(h2_preface, 0));
    for (uint32_t i = 0; i < 20; ++i) {
        const auto received = server.session->receive(h2_frame(1, 4, 2 * i + 1,
                                                               "\x82\x86\x84\x41\x01"
                                                               "a"),
                                                      0);
        server.output();
        if (!received) break;
    }
    CHECK(server.session->streams() <= 6);
    CHECK(server.heads.size() == 3);
}
