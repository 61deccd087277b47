#include <net/if.h>

#include <catch2/catch.hpp>

#include "../../support/net_node.hpp"
#include "../../support/net_peers.hpp"
#include "mdns/mdns_message.hpp"
#include "mdns/mdns_socket.hpp"
#include "orilla/network/open_lan_names.hpp"

using namespace orilla;
using namespace orilla::network;
using namespace orilla::test;

namespace {

const std::string shop = "shop.local";

MdnsMessage question(bool wants_unicast = false) {
    MdnsMessage message;
    message.id = 77;
    message.questions.push_back({shop, static_cast<uint16_t>(DnsType::a), wants_unicast});
    return message;
}

/// A node on a LAN, and a host there that hears and says multicast DNS.
struct MdnsWorld {
    NetCleanUp clean_links;
    OutsideHost outside;
    NetNode node;
    SystemRandom random;
    std::unique_ptr<LanNames> names = open_lan_names(node.loop, node.thread, random, links_config(0).bridge);
    std::vector<std::string> conflicts;
    int link = 0;
    std::unique_ptr<MdnsSocket> host;
    std::unique_ptr<char[]> buffer = std::make_unique<char[]>(MdnsSocket::packet_bytes_max);

    MdnsWorld() {
        host = in_netns(outside.netns, [this] {
            auto socket = MdnsSocket::open(AF_INET);
            if (!socket) throw std::runtime_error(socket.error().message());
            link = static_cast<int>(if_nametoindex("lan1"));
            (*socket)->join(link);
            return std::move(*socket);
        });
        names->on_conflict([this](const std::string& name, bool) { conflicts.push_back(name); });
    }
    /// What the host has heard meanwhile.
    std::vector<MdnsMessage> heard_in(int ms) {
        node.run_for(ms);
        std::vector<MdnsMessage> out;
        while (const auto packet = host->try_read(buffer.get())) {
            const auto message = parse_mdns(packet->bytes);
            if (message && packet->v4 == *parse_ipv4("192.168.77.1")) out.push_back(*message);
        }
        return out;
    }
    /// As an ordinary resolver does, from an address of the host.
    std::optional<MdnsMessage> ask_from(const std::string& source) {
        const UniqueFd fd = in_netns(outside.netns, [&source] {
            UniqueFd made = make_socket(SOCK_DGRAM, 10);
            const sockaddr_in own = socket_address(source, 0);
            (void)::bind(made.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own);
            return made;
        });
        const sockaddr_in address = socket_address("192.168.77.1", 5353);
        const std::string bytes = render_mdns(question());
        ::sendto(fd.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        char reply[512];
        ssize_t got = -1;
        for (int i = 0; i < 50 && got < 0; ++i) node.run_for(10), got = ::recv(fd.get(), reply, sizeof reply, 0);
        return got < 0 ? std::nullopt : parse_mdns({reply, static_cast<size_t>(got)});
    }
    void say(const MdnsMessage& message) { host->say(link, render_mdns(message)); }
};

}  // namespace

TEST_CASE("LanNames: a name is asked for, told, answered for and taken back") {
    MdnsWorld w;
    w.names->serve({shop});
    const auto begun = w.heard_in(2'300);
    REQUIRE(begun.size() == 5);
    CHECK_FALSE(begun[2].is_response);
    REQUIRE(begun[3].is_response);
    CHECK(begun[3].answers[0].name == shop);
    CHECK(begun[3].answers[0].data == be32(parse_ipv4("192.168.77.1")->value));
    w.node.run_for(1'000);
    w.say(question());
    CHECK(w.heard_in(200).size() == 1);
    w.say(question(true));
    const auto alone = w.heard_in(200);
    REQUIRE(alone.size() == 1);
    CHECK(alone[0].answers[0].ttl_s == 120);
    w.names->serve({});
    const auto farewell = w.heard_in(200);
    REQUIRE(farewell.size() == 1);
    CHECK(farewell[0].answers[0].ttl_s == 0);
    w.say(question());
    CHECK(w.heard_in(200).empty());
}

TEST_CASE("LanNames: an ordinary resolver is answered, one from another network is not") {
    MdnsWorld w;
    w.names->serve({shop});
    w.node.run_for(1'000);
    const auto reply = w.ask_from("192.168.77.2");
    REQUIRE(reply);
    CHECK(reply->id == 77);
    CHECK(reply->answers.size() == 1);
    sh("nsenter --net=/run/netns/outside ip address add 198.51.100.7/32 dev lan1; ip route add 198.51.100.7/32 dev lan0");
    CHECK_FALSE(w.ask_from("198.51.100.7"));
}

TEST_CASE("LanNames: a name of another host is left to him and told") {
    MdnsWorld w;
    w.names->serve({shop});
    w.node.run_for(300);
    MdnsMessage claim;
    claim.is_response = true;
    claim.answers.push_back({shop, static_cast<uint16_t>(DnsType::a), 120, be32(parse_ipv4("192.168.77.2")->value), true});
    w.say(claim);
    (void)w.heard_in(100);
    CHECK(w.conflicts == std::vector<std::string>{shop});
    CHECK(w.heard_in(1'500).empty());
}

TEST_CASE("LanNames: follows the addresses of the node, and its pods' bridge is no LAN") {
    MdnsWorld w;
    w.names->serve({shop});
    (void)w.heard_in(2'500);
    sh("ip address add 192.168.77.8/24 dev lan0");
    const auto told = w.heard_in(1'500);
    REQUIRE_FALSE(told.empty());
    CHECK(told[0].answers.size() == 3);  // two addresses, and that there is none of IPv6
    sh("ip address flush dev lan0");
    (void)w.heard_in(500);
    w.say(question());
    CHECK(w.heard_in(500).empty());
}
