#include <catch2/catch.hpp>

#include "mdns/mdns_responder.hpp"

using namespace orilla;
using namespace orilla::network;

namespace {

struct FixedRandom final : Random {
    uint64_t next() override { return 0; }
};

constexpr auto type_a = static_cast<uint16_t>(DnsType::a), type_aaaa = static_cast<uint16_t>(DnsType::aaaa),
               type_any = static_cast<uint16_t>(DnsType::any), type_nsec = static_cast<uint16_t>(DnsType::nsec);
const std::string wordpress = "wordpress.local";
const MdnsSource some_browser{1, false, false};

LinkAddresses addresses_at(const char* ip) { return {{*parse_ipv4(ip)}, {}}; }
std::string address_bytes(const char* ip) { return be32(parse_ipv4(ip)->value); }
MdnsRecord record_of(const char* ip, uint32_t ttl_s = 120, const std::string& name = wordpress) {
    return {name, type_a, ttl_s, address_bytes(ip), true};
}

MdnsMessage ask_for(uint16_t type = type_a, bool wants_unicast = false) {
    MdnsMessage message;
    message.id = 7;
    message.questions.push_back({wordpress, type, wants_unicast});
    return message;
}
MdnsMessage tell(const MdnsRecord& said) {
    MdnsMessage message;
    message.is_response = true;
    message.answers.push_back(said);
    return message;
}

/// One box with one name on one link, and a clock.
struct MdnsBox {
    explicit MdnsBox(const char* ip = "192.0.2.10") {
        responder.set_addresses(addresses_at(ip), now_ms);
        responder.set_names({wordpress}, now_ms);
    }
    /// What is said until then, in order.
    std::vector<MdnsMessage> until(int64_t end_ms) {
        std::vector<MdnsMessage> out;
        while (responder.next_due_ms() <= end_ms) {
            now_ms = std::max(now_ms, responder.next_due_ms());
            for (const std::string& bytes : responder.take_due(now_ms)) out.push_back(*parse_mdns(bytes));
        }
        now_ms = std::max(now_ms, end_ms);
        return out;
    }
    std::vector<MdnsMessage> soon() { return until(now_ms); }
    std::string hear(const MdnsMessage& message, MdnsSource from = some_browser) {
        return responder.hear(render_mdns(message), from, now_ms);
    }
    FixedRandom random;
    MdnsResponder responder{random};
    int64_t now_ms = 1'000'000;
};

/// A box whose name is its own, some time ago.
struct SettledMdnsBox : MdnsBox {
    SettledMdnsBox() { until(now_ms + 60'000); }
};

}  // namespace

TEST_CASE("mdns messages: come back as they were written") {
    MdnsMessage message;
    message.id = 9;
    message.is_response = true;
    message.is_cut = true;
    message.questions = {{wordpress, type_any, true}, {wordpress, type_aaaa, false}};
    message.answers = {record_of("192.0.2.1"), record_of("192.0.2.2", 10, "other.local")};
    message.authorities = {record_of("192.0.2.3")};
    message.additionals = {record_of("192.0.2.4")};
    message.additionals[0].flush = false;
    const std::string bytes = render_mdns(message);
    CHECK(bytes.size() < 130);  // names are written once
    const auto read = parse_mdns(bytes);
    REQUIRE(read);
    CHECK(read->id == 9);
    CHECK(read->is_response);
    CHECK(read->is_cut);
    CHECK(read->questions == message.questions);
    CHECK(read->answers == message.answers);
    CHECK(read->authorities == message.authorities);
    CHECK(read->additionals == message.additionals);
    for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(parse_mdns(std::string_view(bytes).substr(0, size)));
}

TEST_CASE("mdns messages: other operations, failures and too many records are none") {
    std::string bytes = render_mdns(ask_for());
    bytes[2] = 0x28;  // update
    CHECK_FALSE(parse_mdns(bytes));
    bytes[2] = 0, bytes[3] = 3;
    CHECK_FALSE(parse_mdns(bytes));
    bytes[3] = 0, bytes[7] = 127;  // answers
    CHECK_FALSE(parse_mdns(bytes));
    bytes[7] = 0, bytes[4] = 1;  // questions: 257
    CHECK_FALSE(parse_mdns(bytes));
}

TEST_CASE("mdns: a name is asked for three times before it is told twice") {
    MdnsBox box;
    const int64_t start_ms = box.now_ms;
    const auto probes = box.until(start_ms + 500);
    REQUIRE(probes.size() == 3);
    for (const MdnsMessage& probe : probes) {
        CHECK_FALSE(probe.is_response);
        CHECK(probe.questions == std::vector<MdnsQuestion>{{wordpress, type_any, true}});
        REQUIRE(probe.authorities.size() == 1);
        CHECK(probe.authorities[0].data == address_bytes("192.0.2.10"));
        CHECK_FALSE(probe.authorities[0].flush);
    }
    box.hear(ask_for());
    CHECK(box.soon().empty());  // not ours yet
    CHECK(box.until(start_ms + 749).empty());
    const auto told = box.until(start_ms + 10'000);
    REQUIRE(told.size() == 2);
    CHECK(told[0].is_response);
    REQUIRE(told[0].answers.size() == 2);
    CHECK(told[0].answers[0] == record_of("192.0.2.10"));
    CHECK(told[0].answers[1].type == type_nsec);
    CHECK(box.responder.next_due_ms() == INT64_MAX);  // nothing to do until somebody asks
}

TEST_CASE("mdns: an address of IPv6 is told, too; without one that is said") {
    MdnsBox box;
    Ipv6Bytes ip{};
    ip[0] = 0x20, ip[15] = 5;
    box.responder.set_addresses({{*parse_ipv4("192.0.2.10")}, {ip}}, box.now_ms);
    box.until(box.now_ms + 60'000);
    box.hear(ask_for(type_aaaa));
    const auto said = box.soon();
    REQUIRE(said.size() == 1);
    REQUIRE(said[0].answers.size() == 2);
    CHECK(said[0].answers[1] == MdnsRecord{wordpress, type_aaaa, 120, std::string(ip.data(), ip.size()), true});
    SettledMdnsBox v4;
    v4.hear(ask_for(type_aaaa));
    const auto only = v4.soon();
    REQUIRE(only.size() == 1);
    CHECK(only[0].answers[1].type == type_nsec);
    CHECK(only[0].answers[1].data == name_bytes(wordpress) + std::string("\0\1\x40", 3));
}

TEST_CASE("mdns: however often it is asked, it says a name once a second") {
    SettledMdnsBox box;
    size_t said = 0;
    for (int i = 0; i < 1'000; ++i) {
        box.hear(ask_for());
        said += box.until(box.now_ms + 5).size();
    }
    CHECK(said == 6);  // the first one at once
    box.hear(ask_for(type_any));
    CHECK(box.until(box.now_ms + 1'000).size() == 1);  // the last one is not forgotten
}

TEST_CASE("mdns: names of others are not answered for") {
    SettledMdnsBox box;
    MdnsMessage other = ask_for();
    other.questions[0].name = "printer.local";
    CHECK(box.hear(other).empty());
    CHECK(box.soon().empty());
}

TEST_CASE("mdns: who knows already is not told; half of its time is not enough") {
    SettledMdnsBox box;
    MdnsMessage knows = ask_for();
    knows.answers.push_back(record_of("192.0.2.10", 60));
    box.hear(knows);
    CHECK(box.soon().empty());
    knows.answers[0].ttl_s = 59;
    box.hear(knows);
    CHECK(box.soon().size() == 1);
}

TEST_CASE("mdns: the rest of what a cut query knows is waited for") {
    SettledMdnsBox box;
    MdnsMessage cut = ask_for();
    cut.is_cut = true;
    box.hear(cut);
    CHECK(box.until(box.now_ms + 399).empty());
    MdnsMessage rest;
    rest.answers.push_back(record_of("192.0.2.10"));
    box.hear(rest);
    CHECK(box.until(box.now_ms + 5'000).empty());
    box.hear(cut);
    box.hear(rest, {2, false, false});  // another one knows: that is not the one who asked
    CHECK(box.until(box.now_ms + 5'000).size() == 1);
}

TEST_CASE("mdns: an ordinary resolver gets an ordinary answer") {
    SettledMdnsBox box;
    const auto reply = parse_mdns(box.hear(ask_for(), {1, true, false}));
    REQUIRE(reply);
    CHECK(reply->id == 7);
    CHECK(reply->questions == std::vector<MdnsQuestion>{{wordpress, type_a, false}});
    REQUIRE(reply->answers.size() == 1);
    CHECK(reply->answers[0].ttl_s == 10);
    CHECK_FALSE(reply->answers[0].flush);
    CHECK(box.soon().empty());
    int answered = 0;
    for (int i = 0; i < 200; ++i) answered += box.hear(ask_for(), {1, true, false}).empty() ? 0 : 1;
    CHECK(answered == 49);  // a second has so many
}

TEST_CASE("mdns: who asks for an answer of his own gets it if the others have heard it lately") {
    SettledMdnsBox box;
    CHECK(box.hear(ask_for(type_a, true)).empty());
    CHECK(box.soon().size() == 1);
    box.now_ms += 29'000;
    const auto reply = parse_mdns(box.hear(ask_for(type_a, true)));
    REQUIRE(reply);
    CHECK(reply->questions.empty());
    CHECK(reply->answers[0] == record_of("192.0.2.10"));
    CHECK(box.soon().empty());
}

TEST_CASE("mdns: a name that another host has is left to him, and tried again later") {
    MdnsBox box;
    box.until(box.now_ms + 250);
    box.hear(tell(record_of("192.0.2.99")));
    CHECK(box.responder.take_conflicts() == std::vector<MdnsResponder::Conflict>{{wordpress, true}});
    CHECK(box.until(box.now_ms + 59'000).empty());
    box.hear(ask_for());
    CHECK(box.soon().empty());
    CHECK(box.until(box.now_ms + 10'000).size() == 5);  // he has gone
    CHECK(box.responder.take_conflicts() == std::vector<MdnsResponder::Conflict>{{wordpress, false}});
    box.hear(ask_for());
    CHECK(box.soon().size() == 1);
}

TEST_CASE("mdns: what we say ourselves, a farewell and other records are no conflict") {
    SettledMdnsBox box;
    box.hear(tell(record_of("192.0.2.10")));
    box.hear(tell(record_of("192.0.2.99", 0)));
    box.hear(tell(record_of("192.0.2.99")), {9, false, true});
    box.hear(tell(record_of("192.0.2.99")), {9, true, false});  // from another port: no answer
    CHECK(box.responder.next_due_ms() == INT64_MAX);
    CHECK(box.responder.take_conflicts().empty());
}

TEST_CASE("mdns: a name that is claimed by another is asked for again, and kept if he is silent") {
    SettledMdnsBox box;
    box.hear(tell(record_of("192.0.2.99")));
    const auto said = box.until(box.now_ms + 5'000);
    REQUIRE(said.size() == 5);
    CHECK_FALSE(said[0].is_response);
    CHECK(said[4].is_response);
    // Who lies again at once is only contradicted.
    box.hear(tell(record_of("192.0.2.99")));
    const auto again = box.until(box.now_ms + 1'000);
    REQUIRE(again.size() == 1);
    CHECK(again[0].is_response);
    CHECK(box.responder.take_conflicts().empty());
}

TEST_CASE("mdns: of two that want a name at once the one with the larger data gets it") {
    MdnsBox smaller("192.0.2.10"), larger("192.0.2.20");
    const auto probe_of = [](MdnsBox& box) { return box.soon().front(); };
    const MdnsMessage small_probe = probe_of(smaller), large_probe = probe_of(larger);
    smaller.hear(large_probe);
    larger.hear(small_probe);
    CHECK(smaller.until(smaller.now_ms + 999).empty());
    CHECK(larger.until(larger.now_ms + 999).size() == 3);  // two more probes, and the name is told
    const auto defended = parse_mdns(larger.hear(small_probe));
    REQUIRE(defended);
    smaller.hear(*defended);
    CHECK(smaller.responder.take_conflicts().size() == 1);
    // The same claim is no claim against us: our own probe that comes back.
    MdnsBox alone;
    alone.hear(probe_of(alone));
    CHECK(alone.until(alone.now_ms + 760).size() == 3);
}

TEST_CASE("mdns: a name that is not wanted any more is taken back") {
    SettledMdnsBox box;
    box.responder.set_names({}, box.now_ms);
    const auto said = box.soon();
    REQUIRE(said.size() == 1);
    CHECK(said[0].answers[0] == record_of("192.0.2.10", 0));
    CHECK(box.responder.next_due_ms() == INT64_MAX);
    MdnsBox early;
    early.until(early.now_ms + 250);
    early.responder.set_names({}, early.now_ms);  // nobody was told it
    CHECK(early.soon().empty());
}

TEST_CASE("mdns: a new address is told at once; without one nothing is said") {
    SettledMdnsBox box;
    box.responder.set_addresses(addresses_at("192.0.2.77"), box.now_ms);
    const auto said = box.until(box.now_ms + 1'000);
    REQUIRE(said.size() == 2);
    CHECK(said[0].answers[0] == record_of("192.0.2.77"));
    box.responder.set_addresses({}, box.now_ms);
    box.hear(ask_for());
    CHECK(box.until(box.now_ms + 60'000).empty());
    box.responder.set_addresses(addresses_at("192.0.2.10"), box.now_ms);
    CHECK_FALSE(box.soon().front().is_response);  // another LAN, perhaps
}

TEST_CASE("mdns: many names go out in several messages") {
    MdnsBox box;
    std::set<std::string> names;
    for (int i = 0; i < 10; ++i) names.insert("app" + std::to_string(i) + ".local");
    box.responder.set_names(names, box.now_ms);
    size_t questions = 0;
    for (const MdnsMessage& probe : box.soon()) questions += probe.questions.size();
    CHECK(questions == 10);
}
