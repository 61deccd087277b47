#include "messages.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::gateway;

namespace {

/// One of every part, with a value in every field that differs from the default.
Change full_change() {
    Change change;
    change.is_whole = true;
    Listener listener{
        "gateway/a/b/web", 8443, ListenerProtocol::passthrough, {"*.example.com", true}, {"a/tls"}, "PEM", true, true};
    change.listeners = {listener, Listener{"ingress/80", 80}};
    change.certificates = {Certificate{"a/tls", "chain", std::string("k\0y", 3), {"example.com"}}};
    Match match{{PathMatch::Type::regex, "/a.*"},
                "GET",
                {{"x", "1", true}},
                {{"q", "2", false}},
                true,
                {"s", "t", true},
                {"m", "n", false}};
    const HeaderChange headers{{{"a", "b"}}, {{"c", "d"}}, {"e"}};
    Rule rule{{match, Match()}, {}, {}, 1'500, 700};
    rule.filters = {RequestHeaders{headers},
                    ResponseHeaders{headers},
                    Redirect{"https", "h", PathChange{true, "/p"}, 8443, 301},
                    Rewrite{"r", PathChange{false, "/q"}},
                    Mirror{"a/m:1", 1, 3},
                    Cors{{"https://a"}, {"PUT"}, {"x-a"}, {"x-b"}, 60, true},
                    Respond{404, "text/plain", "no"}};
    rule.shares = {Share{"a/b:80", 7, {RequestHeaders{headers}}}, Share{}};
    change.routes = {Route{"ingress/a/b", {"ingress/80"}, {{"a", false}, {}}, {rule, Rule()}, -5, "a/b", true}};
    Backend backend{"a/b:80", BackendProtocol::https, {{Ipv4{0x0a2a0001}, 8080, true}}, {}, {1, 2, 3, 4}, {}, true};
    backend.tls = BackendTls{"name", "CA", {"alt"}, "c", "k"};
    backend.balance = {"cookie", 60, 3, 50, false, 9, 8, 7, 6, 5};
    change.backends = {backend, Backend{"a/c:1"}};
    change.gone_listeners = {"l"};
    change.gone_certificates = {"c"};
    change.gone_routes = {"r", "s"};
    change.gone_backends = {"b"};
    return change;
}

/// What a gateway makes of the packets.
Result<std::optional<ChangePieces::Whole>> received(const std::vector<std::string>& packets) {
    ChangePieces pieces;
    std::optional<ChangePieces::Whole> whole;
    for (const std::string& packet : packets) {
        TRY(ToGateway message, decode_to_gateway(packet));
        if (!std::holds_alternative<ChangePiece>(message)) return Error(Code::internal, "no piece");
        TRY(whole, pieces.take(std::get<ChangePiece>(std::move(message))));
    }
    return whole;
}

Error refusal(std::string_view packet) {
    auto message = decode_to_daemon(packet);
    REQUIRE_FALSE(message);
    return message.error();
}

}  // namespace

TEST_CASE("messages: every field of a change arrives") {
    const Change change = full_change();
    const auto packets = encode_change(change, 7);
    REQUIRE(packets);
    CHECK(packets->size() == 1);
    const auto whole = received(*packets);
    REQUIRE(whole);
    REQUIRE(*whole);
    CHECK((*whole)->sequence == 7);
    CHECK((*whole)->change == change);
}

TEST_CASE("messages: a large change goes in packets of bounded size and is one again") {
    Change change = full_change();
    change.certificates.front().chain.assign(300'000, 'x');
    const auto packets = encode_change(change, UINT64_MAX);
    REQUIRE(packets);
    CHECK(packets->size() == 5);
    for (const auto& packet : *packets) CHECK(packet.size() <= packet_bytes_max);
    const auto whole = received(*packets);
    REQUIRE(whole);
    REQUIRE(*whole);
    CHECK((*whole)->change == change);
    // Without its last piece it is none.
    const auto part = received({packets->begin(), packets->end() - 1});
    REQUIRE(part);
    CHECK_FALSE(*part);
    change.certificates.front().chain.assign(change_bytes_max, 'x');
    CHECK(encode_change(change, 1).error().code() == Code::too_large);
}

TEST_CASE("messages: pieces of two changes are not mixed") {
    ChangePieces pieces;
    REQUIRE(pieces.take({1, false, "a"}));
    CHECK_FALSE(pieces.take({2, true, "b"}));
    ChangePieces endless;
    const std::string much(change_bytes_max / 2 + 1, 'x');
    REQUIRE(endless.take({1, false, much}));
    CHECK(endless.take({1, false, much}).error().code() == Code::too_large);
}

TEST_CASE("messages: every message arrives as it was sent") {
    for (const ToGateway& message : {ToGateway(Settings{true, "secret"}), ToGateway(Sockets{{80, 443}}), ToGateway(Retire{})}) {
        const auto again = decode_to_gateway(encode(message));
        REQUIRE(again);
        CHECK(*again == message);
    }
    const BackendReport report{"a/b:80", 1, 2, 3, 4, UINT64_MAX, 6, 7, -8};
    for (const ToDaemon& message :
         {ToDaemon(Applied{9}), ToDaemon(Reports{{report, report}}), ToDaemon(Wanted{"a/b:80"}),
          ToDaemon(Fault{Fault::About::certificate, "a/tls", "no start line"}), ToDaemon(AccessLines{"a\nb\n"})}) {
        const auto again = decode_to_daemon(encode(message));
        REQUIRE(again);
        CHECK(*again == message);
    }
}

TEST_CASE("messages: many reports go in several packets") {
    std::vector<BackendReport> reports(3'000, BackendReport{std::string(100, 'k')});
    for (size_t i = 0; i < reports.size(); ++i) reports[i].requests = i;
    const auto packets = encode_reports(reports);
    CHECK(packets.size() == 6);
    std::vector<BackendReport> again;
    for (const auto& packet : packets) {
        CHECK(packet.size() <= packet_bytes_max);
        const auto message = decode_to_daemon(packet);
        REQUIRE(message);
        for (const auto& report : std::get<Reports>(*message).backends) again.push_back(report);
    }
    CHECK(again == reports);
    CHECK(encode_reports({}).empty());
}

TEST_CASE("messages: what a gateway writes for people holds no control characters") {
    const auto fault =
        decode_to_daemon(encode(ToDaemon(Fault{Fault::About::route, "k", "a\x1b[2J\n" + std::string(5'000, 'x')})));
    REQUIRE(fault);
    CHECK(std::get<Fault>(*fault).message.substr(0, 7) == "a?[2J?x");
    CHECK(std::get<Fault>(*fault).message.size() == fault_bytes_max);
    const auto lines = decode_to_daemon(encode(ToDaemon(AccessLines{"a\r\nb\n" + std::string(100'000, 'x')})));
    REQUIRE(lines);
    CHECK(std::get<AccessLines>(*lines).text.substr(0, 5) == "a?\nb\n");
    // One that was captured does not clean up.
    CHECK(refusal(std::string("\3\0\1k\1\x1b", 6)).code() == Code::bad_request);
    CHECK(refusal(std::string("\4\2a\r", 4)).code() == Code::bad_request);
    CHECK(refusal(std::string("\2\2a\n", 4)).code() == Code::bad_request);
    CHECK(refusal(std::string("\2\0", 2)).code() == Code::bad_request);
}

TEST_CASE("messages: bytes that are no message are refused") {
    const std::string good = encode(ToDaemon(Reports{{BackendReport{"a/b:80", 300}}}));
    REQUIRE(decode_to_daemon(good));
    for (size_t size = 0; size < good.size(); ++size) CHECK_FALSE(decode_to_daemon(good.substr(0, size)));
    CHECK_FALSE(decode_to_daemon(good + 'x'));
    // Longer lists than bytes, numbers in more bytes than they need or than fit, flags and choices that there are not.
    CHECK_FALSE(decode_to_daemon(std::string("\1\xff\xff\xff\xff\x7f", 6)));
    CHECK_FALSE(decode_to_daemon(std::string("\0\x80\0", 3)));
    CHECK(decode_to_daemon(std::string("\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 11)));
    CHECK_FALSE(decode_to_daemon(std::string("\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\2", 11)));
    CHECK_FALSE(decode_to_daemon(std::string("\5", 1)));
    CHECK_FALSE(decode_to_daemon(std::string("\3\4\1k\0", 5)));
    CHECK(decode_to_gateway(std::string("\0\1\0", 3)));
    CHECK_FALSE(decode_to_gateway(std::string("\0\2\0", 3)));
    CHECK_FALSE(decode_to_gateway(std::string("\1\1\x80\x80\x04", 5)));  // port 65536
    CHECK_FALSE(decode_to_gateway(encode(ToGateway(Sockets{std::vector<uint16_t>(sockets_per_message_max + 1, 80)}))));
    CHECK_FALSE(decode_to_daemon(std::string("\4\xf0\xa2\4", 4) + std::string(70'000, 'x')));
    CHECK_FALSE(received({encode(ToGateway(ChangePiece{1, true, "xyz"}))}));
}
