#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "../../support/await.hpp"
#include "dns/dns_message.hpp"
#include "dns/dns_upstream.hpp"
#include "orilla/loop/timeout.hpp"
#include "orilla/network/dns.hpp"

using namespace orilla;
using namespace orilla::network;

namespace {

const Ipv4 loopback{0x7f000001};

std::string plain_query(const std::string& name, DnsType type, uint16_t id = 7) {
    return be16(id) + be16(0x0100) + be16(1) + be16(0) + be16(0) + be16(0) + name_bytes(name) +
           be16(static_cast<uint16_t>(type)) + be16(1);
}

/// A port that was free a moment ago.
uint16_t free_port() {
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return ntohs(address.sin_port);
}

struct World {
    SystemClock clock;
    loop::Loop loop{clock};
    loop::InlineExecutor files{loop};
    SystemRandom random;
    DnsZone zone{"cluster.local", *parse_cidr("10.42.0.0/24"), *parse_cidr("10.43.0.0/16")};
    DnsZone upstream_zone{"example.org", *parse_cidr("192.0.2.0/24"), *parse_cidr("198.51.100.0/24")};
    std::unique_ptr<DnsServer> upstream, server;
    DnsServerConfig config;

    World() {
        DnsService web;
        web.cluster_ips = {Ipv4{0x0a2b000a}};
        zone.set_service("default", "web", web);
        DnsService far;
        far.external_name = "www.default.svc.example.org";
        zone.set_service("default", "far", far);
        DnsService www;
        www.cluster_ips = {Ipv4{0xc6336401}};
        upstream_zone.set_service("default", "www", www);
        DnsServerConfig other;
        other.address = loopback;
        other.port = free_port();
        upstream = open(upstream_zone, other);
        config.address = loopback;
        config.port = free_port();
        config.upstreams = {{loopback, other.port}};
    }
    std::unique_ptr<DnsServer> open(const DnsZone& names, DnsServerConfig with) {
        auto opened = DnsServer::open(loop, files, random, names, with);
        if (!opened) FAIL(opened.error().message());
        return std::move(*opened);
    }
    std::string ask(const std::string& bytes, DnsTransport transport = DnsTransport::udp, int64_t wait_ms = 5000) {
        const DnsUpstream to{loopback, config.port};
        auto task = transport == DnsTransport::udp ? exchange_udp(loop, to, bytes) : exchange_tcp(loop, to, bytes);
        auto reply = test::await(loop, loop::with_timeout(loop, std::move(task), wait_ms));
        return reply.value_or("late");
    }
};

int rcode(const std::string& reply) { return reply.size() > 3 ? reply[3] & 15 : -1; }
bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

TEST_CASE("DnsServer: cluster names are answered over UDP and TCP without asking anybody") {
    World world;
    world.server = world.open(world.zone, world.config);
    for (const DnsTransport transport : {DnsTransport::udp, DnsTransport::tcp}) {
        const std::string reply = world.ask(plain_query("web.default.svc.cluster.local", DnsType::a), transport);
        CHECK(ends_with(reply, be32(0x0a2b000a)));
        CHECK(rcode(world.ask(plain_query("nobody.default.svc.cluster.local", DnsType::a), transport)) == 3);
    }
    CHECK(world.server->counters().queries == 4);
    CHECK(world.server->counters().forwarded == 0);
    CHECK(world.upstream->counters().queries == 0);
}

TEST_CASE("DnsServer: other names are asked upstream, the client gets its own id back") {
    World world;
    world.server = world.open(world.zone, world.config);
    for (const DnsTransport transport : {DnsTransport::udp, DnsTransport::tcp}) {
        const std::string reply = world.ask(plain_query("www.default.svc.example.org", DnsType::a, 0x4711), transport);
        CHECK(reply.substr(0, 2) == be16(0x4711));
        CHECK(ends_with(reply, be32(0xc6336401)));
    }
    const std::string chased = world.ask(plain_query("far.default.svc.cluster.local", DnsType::a));
    CHECK(ends_with(chased, be32(0xc6336401)));
    CHECK(world.server->counters().forwarded == 3);
}

TEST_CASE("DnsServer: an upstream that refuses is passed over, and without one that answers it is SERVFAIL") {
    World world;
    world.config.upstreams.insert(world.config.upstreams.begin(), DnsUpstream{loopback, free_port()});
    world.server = world.open(world.zone, world.config);
    CHECK(rcode(world.ask(plain_query("www.default.svc.example.org", DnsType::a))) == 0);
    world.upstream.reset();
    CHECK(rcode(world.ask(plain_query("www.default.svc.example.org", DnsType::a))) == 2);
    CHECK(world.server->counters().timeouts == 1);
    CHECK(rcode(world.ask(plain_query("web.default.svc.cluster.local", DnsType::a))) == 0);
}

TEST_CASE("DnsServer: one client's questions to a silent upstream are bounded, and others go on") {
    World world;
    const UniqueFd silent(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    world.config.upstreams = {{loopback, ntohs(address.sin_port)}};
    world.server = world.open(world.zone, world.config);
    std::vector<test::Started<std::string>> waiting;
    for (uint16_t i = 0; i < 100; ++i)
        waiting.emplace_back(world.loop, exchange_udp(world.loop, {loopback, world.config.port},
                                                      plain_query("slow.example.org", DnsType::a, i)));
    CHECK(rcode(world.ask(plain_query("web.default.svc.cluster.local", DnsType::a))) == 0);
    CHECK(world.server->counters().forwarded == 64);
    CHECK(world.server->counters().refused == 36);
}

TEST_CASE("DnsServer: an address that is taken is an error that names it") {
    World world;
    world.server = world.open(world.zone, world.config);
    auto second = DnsServer::open(world.loop, world.files, world.random, world.zone, world.config);
    REQUIRE_FALSE(second);
    CHECK(second.error().message().find("127.0.0.1:" + std::to_string(world.config.port)) != std::string::npos);
}

TEST_CASE("DnsServer: a resolv.conf without resolvers, and one that is missing, fail at once") {
    World world;
    const std::string path = "/tmp/orilla-resolv-" + std::to_string(::getpid());
    world.config.upstreams.clear();
    world.config.resolv_conf = path;
    const auto ask = [&world] {
        world.server = world.open(world.zone, world.config);
        const int code = rcode(world.ask(plain_query("www.default.svc.example.org", DnsType::a), DnsTransport::udp, 500));
        world.server.reset();
        return code;
    };
    CHECK(ask() == 2);
    std::ofstream(path) << "search x\n";
    CHECK(ask() == 2);
    std::remove(path.c_str());
}

TEST_CASE("parse_resolv_conf: takes the nameserver lines it can use") {
    const auto found = parse_resolv_conf(
        "# nameserver 9.9.9.9\nnameserver 127.0.0.53\nnameserver\t10.0.0.1 # x\n"
        "nameserver ::1\nnameservers 1.1.1.1\nnameserver 10.0.0.2\r\noptions ndots:5");
    REQUIRE(found.size() == 3);
    CHECK(found[0].ip.text() == "127.0.0.53");
    CHECK(found[1].ip.text() == "10.0.0.1");
    CHECK(found[2].ip.text() == "10.0.0.2");
}
