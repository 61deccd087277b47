#include "orilla/network/dns.hpp"

#include <atomic>
#include <catch2/catch.hpp>

#include "../../support/net_node.hpp"
#include "../../support/net_peers.hpp"
#include "dns/dns_message.hpp"
#include "orilla/network/open_service_rules.hpp"

using namespace orilla;
using namespace orilla::network;
using namespace orilla::test;

namespace {

std::string query(const std::string& name) {
    return be16(7) + be16(0x0100) + be16(1) + be16(0) + be16(0) + be16(0) + name_bytes(name) + be16(1) + be16(1);
}

/// A node whose DNS service 10.43.0.10 leads to the server on the bridge.
struct World {
    NetCleanUp clean_links;
    OutsideHost outside;
    NetNode node;
    PodLink pod = node.pod("pod-one");
    loop::InlineExecutor files{node.loop};
    SystemRandom random;
    DnsZone zone{"cluster.local", links_config(0).pod_cidr, links_config(0).service_cidr};
    ServiceRulesConfig rules_config;
    std::unique_ptr<ServiceRules> rules;
    std::unique_ptr<DnsServer> server;

    World() {
        DnsService web;
        web.cluster_ips = {*parse_ipv4("10.43.0.99")};
        zone.set_service("default", "web", web);
        rules_config.pod_cidr = links_config(0).pod_cidr;
        rules_config.service_cidr = links_config(0).service_cidr;
        auto opened_rules = open_service_rules(rules_config);
        REQUIRE(opened_rules);
        rules = std::move(*opened_rules);
        ServicePortSpec udp;
        udp.cluster_ips = {*parse_ipv4("10.43.0.10")};
        udp.port = 53;
        udp.protocol = Protocol::udp;
        udp.endpoints = {{node.links->gateway(), 53}};
        ServicePortSpec tcp = udp;
        tcp.protocol = Protocol::tcp;
        REQUIRE(rules->replace_all({{"kube-system/kube-dns", {udp, tcp}}}));
        DnsServerConfig config;
        config.address = node.links->gateway();
        config.pod_cidr = links_config(0).pod_cidr;
        config.upstreams = {{*parse_ipv4("192.168.77.2"), 53}};
        auto opened = DnsServer::open(node.loop, files, random, zone, config);
        if (!opened) FAIL(opened.error().message());
        server = std::move(*opened);
    }
    ~World() { (void)remove_service_rules(rules_config); }

    /// Asks from a namespace, while the node's loop runs here.
    std::string ask_from(const std::string& netns, int type, const std::string& ip, const std::string& bytes) {
        std::string reply;
        std::atomic<bool> done{false};
        std::thread client([&] {
            reply = in_netns(netns, [&] { return exchange(type, ip, bytes); });
            done = true;
            node.loop.post_from_thread([] {});
        });
        while (!done) node.loop.turn(true);
        client.join();
        return reply;
    }

  private:
    static std::string exchange(int type, const std::string& ip, std::string bytes) {
        const UniqueFd fd = make_socket(type, 700);
        const sockaddr_in peer = socket_address(ip, 53);
        if (type == SOCK_STREAM) bytes.insert(0, be16(static_cast<uint16_t>(bytes.size())));
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) return "no connection";
        if (::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return "not sent";
        std::string reply(4096, '\0');
        const ssize_t got = ::recv(fd.get(), reply.data(), reply.size(), 0);
        if (got <= 0) return "no reply";
        reply.resize(static_cast<size_t>(got));
        return reply;
    }
};

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

TEST_CASE("DnsServer: pods and the node ask the service's address over UDP and TCP") {
    World world;
    const std::string bytes = query("web.default.svc.cluster.local");
    for (const std::string& netns : {world.pod.netns_path, std::string("/proc/self/ns/net")})
        for (const int type : {SOCK_DGRAM, SOCK_STREAM})
            for (const char* ip : {"10.43.0.10", "10.42.0.1"}) {
                INFO("socket type " << type << " to " << ip << " from " << netns);
                const std::string reply = world.ask_from(netns, type, ip, bytes);
                INFO(reply);
                CHECK(ends_with(reply, be32(0x0a2b0063)));
            }
}

TEST_CASE("DnsServer: a host outside gets no answer, and is not asked back") {
    World world;
    REQUIRE(sh_in(world.outside.netns, "ip route add 10.42.0.0/24 via 192.168.77.1") == 0);
    const std::string bytes = query("web.default.svc.cluster.local");
    CHECK(world.ask_from(world.outside.netns, SOCK_DGRAM, "10.42.0.1", bytes) == "no reply");
    CHECK(world.ask_from(world.outside.netns, SOCK_STREAM, "10.42.0.1", bytes) == "no reply");
    CHECK(world.server->counters().refused == 2);
    CHECK(world.server->counters().forwarded == 0);
}

TEST_CASE("DnsServer: an upstream that is not there is SERVFAIL, and cluster names are answered meanwhile") {
    World world;
    REQUIRE(sh_in(world.outside.netns, "ip link set lan1 down") == 0);
    std::thread impatient([&] {
        in_netns(world.pod.netns_path, [] {
            const UniqueFd fd = make_socket(SOCK_DGRAM, 100);
            const sockaddr_in peer = socket_address("10.43.0.10", 53);
            const std::string bytes = query("example.org");
            return ::sendto(fd.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&peer), sizeof peer);
        });
    });
    impatient.join();
    CHECK(ends_with(world.ask_from(world.pod.netns_path, SOCK_DGRAM, "10.43.0.10", query("web.default.svc.cluster.local")),
                    be32(0x0a2b0063)));
    CHECK(world.server->counters().forwarded == 1);
    for (int i = 0; i < 60 && world.server->counters().timeouts == 0; ++i) world.node.run_for(100);
    CHECK(world.server->counters().timeouts == 1);
}
