#include "orilla/network/open_service_rules.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>

#include "../../support/net_node.hpp"
#include "../../support/net_peers.hpp"

using namespace orilla;
using namespace orilla::network;
using namespace orilla::test;

namespace {

ServiceRulesConfig rules_config() {
    ServiceRulesConfig config;
    config.pod_cidr = links_config(0).pod_cidr;
    config.service_cidr = links_config(0).service_cidr;
    return config;
}

std::unique_ptr<ServiceRules> open_rules() {
    auto rules = open_service_rules(rules_config());
    REQUIRE(rules);
    return std::move(*rules);
}

void check(const Result<void>& result) {
    if (!result) FAIL(result.error().message());
}

ServicePortSpec service(const std::string& ip, uint16_t port, uint16_t node_port, std::vector<Endpoint> endpoints,
                        Protocol protocol = Protocol::tcp) {
    ServicePortSpec spec;
    spec.cluster_ips = {*parse_ipv4(ip)};
    spec.port = port;
    spec.protocol = protocol;
    spec.node_port = node_port;
    spec.endpoints = std::move(endpoints);
    return spec;
}

Endpoint at(const PodLink& pod, uint16_t port) { return {pod.ip, port}; }

struct CleanRules {
    ~CleanRules() { (void)remove_service_rules(rules_config()); }
};

/// The node's own namespace, for servers and clients on it.
constexpr char node_netns[] = "/proc/self/ns/net";

/// A node with two pods that serve TCP and UDP on 8080 and are named one and two.
struct World {
    NetCleanUp clean_links;
    CleanRules clean_rules;
    OutsideHost outside;
    NetNode node;
    PodLink one = node.pod("pod-one");
    PodLink two = node.pod("pod-two");
    NamedServer tcp_one{one.netns_path, SOCK_STREAM, "0.0.0.0", 8080, "one"};
    NamedServer tcp_two{two.netns_path, SOCK_STREAM, "0.0.0.0", 8080, "two"};
    NamedServer udp_one{one.netns_path, SOCK_DGRAM, "0.0.0.0", 8080, "one"};
    NamedServer udp_two{two.netns_path, SOCK_DGRAM, "0.0.0.0", 8080, "two"};
    std::unique_ptr<ServiceRules> rules = open_rules();

    Answer ask_from(const std::string& netns, int type, const std::string& ip, uint16_t port) {
        return in_netns(netns, [&] { return ask(type, ip, port); });
    }
};

}  // namespace

TEST_CASE("ServiceRules: ClusterIP and NodePort answer from pods, the node, loopback and outside") {
    World world;
    const std::vector<Endpoint> ends = {at(world.one, 8080)};
    check(world.rules->replace_all(
        {{"default/web", {service("10.43.0.10", 80, 30080, ends), service("10.43.0.10", 53, 30053, ends, Protocol::udp)}}}));
    const std::string pod = world.two.netns_path, outside = world.outside.netns;
    for (const auto& [type, port, node_port] : {std::tuple{SOCK_STREAM, 80, 30080}, std::tuple{SOCK_DGRAM, 53, 30053}}) {
        const auto cluster_port = static_cast<uint16_t>(port), any_port = static_cast<uint16_t>(node_port);
        INFO("socket type " << type);
        CHECK(world.ask_from(pod, type, "10.43.0.10", cluster_port).name == "one 10.42.0.3");
        CHECK(ask(type, "10.43.0.10", cluster_port).name == "one 10.42.0.1");
        CHECK(world.ask_from(outside, type, "192.168.77.1", any_port).name == "one 192.168.77.2");
        CHECK(ask(type, "127.0.0.1", any_port).name == "one 10.42.0.1");
        CHECK(ask(type, "192.168.77.1", any_port).name == "one 192.168.77.1");
        CHECK(ask(type, "10.42.0.1", any_port).name == "one 10.42.0.1");
        CHECK(world.ask_from(pod, type, "192.168.77.1", any_port).name == "one 10.42.0.3");
        CHECK(world.ask_from(pod, type, "10.42.0.1", any_port).name == "one 10.42.0.3");
    }
}

TEST_CASE("ServiceRules: a pod reaches itself and others through services, with and without br_netfilter") {
    World world;
    const std::string bridged = GENERATE("0", "1");
    const std::string sysctl = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    INFO("bridge-nf-call-iptables " << bridged);
    REQUIRE(sh("test ! -e " + sysctl + " || echo " + bridged + " > " + sysctl) == 0);
    check(world.rules->replace_all({{"default/web", {service("10.43.0.10", 80, 30080, {at(world.one, 8080)})}}}));
    CHECK(world.ask_from(world.one.netns_path, SOCK_STREAM, "10.43.0.10", 80).name == "one 10.42.0.1");
    CHECK(world.ask_from(world.one.netns_path, SOCK_STREAM, "192.168.77.1", 30080).name == "one 10.42.0.1");
    CHECK(world.ask_from(world.two.netns_path, SOCK_STREAM, "10.43.0.10", 80).name == "one 10.42.0.3");
    CHECK(world.ask_from(world.two.netns_path, SOCK_STREAM, "10.42.0.1", 30080).name == "one 10.42.0.3");
    CHECK(world.ask_from(world.two.netns_path, SOCK_STREAM, "10.42.0.2", 8080).name == "one 10.42.0.3");
}

TEST_CASE("ServiceRules: pods reach hosts outside as the node, and each other as themselves") {
    World world;
    check(world.rules->replace_all({}));
    NamedServer server(world.outside.netns, SOCK_STREAM, "0.0.0.0", 7000, "outside");
    CHECK(world.ask_from(world.one.netns_path, SOCK_STREAM, "192.168.77.2", 7000).name == "outside 192.168.77.1");
    CHECK(world.ask_from(world.one.netns_path, SOCK_STREAM, "10.42.0.3", 8080).name == "two 10.42.0.2");
    CHECK(ask(SOCK_STREAM, "10.42.0.3", 8080).name == "two 10.42.0.1");
}

TEST_CASE("ServiceRules: endpoints on the node's network and outside answer too") {
    World world;
    NamedServer host(node_netns, SOCK_STREAM, "0.0.0.0", 7001, "host");
    NamedServer far(world.outside.netns, SOCK_STREAM, "0.0.0.0", 7002, "far");
    check(
        world.rules->replace_all({{"default/host", {service("10.43.0.11", 80, 30081, {{*parse_ipv4("192.168.77.1"), 7001}})}},
                                  {"default/far", {service("10.43.0.12", 80, 30082, {{*parse_ipv4("192.168.77.2"), 7002}})}}}));
    const std::string pod = world.one.netns_path;
    CHECK(world.ask_from(pod, SOCK_STREAM, "10.43.0.11", 80).name == "host 10.42.0.2");
    CHECK(ask(SOCK_STREAM, "10.43.0.11", 80).name.substr(0, 4) == "host");
    CHECK(ask(SOCK_STREAM, "127.0.0.1", 30081).name.substr(0, 4) == "host");
    CHECK(world.ask_from(world.outside.netns, SOCK_STREAM, "192.168.77.1", 30081).name == "host 192.168.77.2");
    CHECK(world.ask_from(pod, SOCK_STREAM, "10.43.0.12", 80).name == "far 192.168.77.1");
    CHECK(ask(SOCK_STREAM, "10.43.0.12", 80).name == "far 192.168.77.1");
    CHECK(world.ask_from(world.outside.netns, SOCK_STREAM, "192.168.77.1", 30082).name == "far 192.168.77.1");
}

TEST_CASE("ServiceRules: the load spreads evenly, also over three endpoints") {
    World world;
    const PodLink three = world.node.pod("pod-three");
    NamedServer tcp_three(three.netns_path, SOCK_STREAM, "0.0.0.0", 8080, "three");
    const std::vector<Endpoint> ends = {at(world.one, 8080), at(world.two, 8080), at(three, 8080)};
    check(world.rules->replace_all({{"default/web", {service("10.43.0.10", 80, 30080, ends)}}}));
    std::map<std::string, int> counts;
    constexpr int connections = 1500;
    in_netns(world.two.netns_path, [&] {
        for (int i = 0; i < connections && counts[""] == 0; ++i) ++counts[ask(SOCK_STREAM, "10.43.0.10", 80).name.substr(0, 3)];
        return 0;
    });
    REQUIRE(counts[""] == 0);
    counts.erase("");
    REQUIRE(counts.size() == 3);
    // 500 each, standard deviation 18: outside of 5 of them once in a million runs.
    for (const auto& [name, count] : counts) {
        INFO(name << " got " << count);
        CHECK(count > 410);
        CHECK(count < 590);
    }
}

TEST_CASE("ServiceRules: without endpoints, and for addresses of no service, connections are refused at once") {
    World world;
    check(world.rules->replace_all(
        {{"default/web", {service("10.43.0.10", 80, 30080, {}), service("10.43.0.10", 53, 30053, {}, Protocol::udp)}}}));
    REQUIRE(sh("echo 0 > /proc/sys/net/ipv4/icmp_ratelimit") == 0);
    const auto before = std::chrono::steady_clock::now();
    for (const std::string& netns : {world.one.netns_path, std::string(node_netns)}) {
        INFO("from " << netns);
        CHECK(world.ask_from(netns, SOCK_STREAM, "10.43.0.10", 80).error == ECONNREFUSED);
        // The node's own sends fail already ("operation not permitted"), others get the ICMP error.
        const int refused = netns == node_netns ? EPERM : ECONNREFUSED;
        CHECK(world.ask_from(netns, SOCK_DGRAM, "10.43.0.10", 53).error == refused);
        CHECK(world.ask_from(netns, SOCK_STREAM, "10.43.0.10", 81).error == ECONNREFUSED);
        CHECK(world.ask_from(netns, SOCK_STREAM, "10.43.9.9", 80).error == ECONNREFUSED);
        CHECK(world.ask_from(netns, SOCK_STREAM, "192.168.77.1", 30080).error == ECONNREFUSED);
        CHECK(world.ask_from(netns, SOCK_DGRAM, "192.168.77.1", 30053).error == refused);
    }
    CHECK(world.ask_from(world.outside.netns, SOCK_STREAM, "192.168.77.1", 30080).error == ECONNREFUSED);
    CHECK(world.ask_from(world.outside.netns, SOCK_DGRAM, "192.168.77.1", 30053).error == ECONNREFUSED);
    CHECK(ask(SOCK_STREAM, "127.0.0.1", 30080).error == ECONNREFUSED);
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(2));
}

TEST_CASE("ServiceRules: a client address with affinity keeps its endpoint, until that is gone") {
    World world;
    ServicePortSpec web = service("10.43.0.10", 80, 30080, {at(world.one, 8080), at(world.two, 8080)});
    web.affinity_timeout_s = 10800;
    check(world.rules->replace_all({{"default/web", {web}}}));
    const std::string outside = world.outside.netns;
    const auto ask_node_port = [&] { return world.ask_from(outside, SOCK_STREAM, "192.168.77.1", 30080).name.substr(0, 3); };
    const std::string first = ask_node_port();
    for (int i = 0; i < 40; ++i) CHECK(ask_node_port() == first);
    // Others may get the other one: of 20 addresses not all get the same.
    std::set<std::string> seen;
    for (int i = 10; i < 30; ++i) {
        const std::string source = "192.168.77." + std::to_string(i);
        REQUIRE(sh_in(outside, "ip addr add " + source + "/24 dev lan1") == 0);
        std::set<std::string> of_one;
        for (int n = 0; n < 4; ++n)
            of_one.insert(in_netns(outside, [&] { return ask(SOCK_STREAM, "192.168.77.1", 30080, source).name.substr(0, 3); }));
        CHECK(of_one.size() == 1);
        seen.insert(of_one.begin(), of_one.end());
    }
    CHECK(seen.size() == 2);
    web.endpoints = {first == "one" ? at(world.two, 8080) : at(world.one, 8080)};
    check(world.rules->update("default/web", {web}));
    CHECK(ask_node_port() == (first == "one" ? "two" : "one"));
    web.endpoints = {at(world.one, 8080), at(world.two, 8080)};
    check(world.rules->update("default/web", {web}));
    for (int i = 0; i < 20; ++i) CHECK(ask_node_port() == (first == "one" ? "two" : "one"));
    CHECK(output_of("nft list table ip orilla 2>&1").find("affinity-2-10800") != std::string::npos);
    // A daemon that starts anew with the same services leaves the memory alone.
    world.rules = open_rules();
    check(world.rules->replace_all({{"default/web", {web}}}));
    for (int i = 0; i < 20; ++i) CHECK(ask_node_port() == (first == "one" ? "two" : "one"));
}

TEST_CASE("ServiceRules: affinity ends when its time has passed without a connection") {
    World world;
    ServicePortSpec web = service("10.43.0.10", 80, 30080, {at(world.one, 8080), at(world.two, 8080)});
    web.affinity_timeout_s = 1;
    check(world.rules->replace_all({{"default/web", {web}}}));
    std::set<std::string> seen;
    for (int i = 0; i < 12 && seen.size() < 2; ++i) {
        seen.insert(world.ask_from(world.one.netns_path, SOCK_STREAM, "10.43.0.10", 80).name.substr(0, 3));
        std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    }
    CHECK(seen.size() == 2);
}

TEST_CASE("ServiceRules: established connections survive changes, a restart and a rewrite of the table") {
    World world;
    const std::vector<Endpoint> ends = {at(world.one, 8080)};
    const ServiceRules::Services services = {{"default/web", {service("10.43.0.10", 80, 30080, ends)}}};
    check(world.rules->replace_all(services));
    Answer inside = world.ask_from(world.two.netns_path, SOCK_STREAM, "10.43.0.10", 80);
    Answer outside = world.ask_from(world.outside.netns, SOCK_STREAM, "192.168.77.1", 30080);
    Answer local = ask(SOCK_STREAM, "127.0.0.1", 30080);
    const auto alive = [](const Answer& answer) {
        char text[64];
        return ::send(answer.socket.get(), "?", 1, MSG_NOSIGNAL) == 1 && ::recv(answer.socket.get(), text, sizeof text, 0) > 0;
    };
    const auto all_alive = [&] { return alive(inside) && alive(outside) && alive(local); };
    CHECK(all_alive());
    check(world.rules->update("default/other", {service("10.43.0.99", 80, 0, ends)}));
    CHECK(all_alive());
    world.rules = open_rules();
    CHECK(all_alive());
    // A daemon that does not know everything yet leaves the table of the one before alone.
    CHECK(world.rules->repair_if_missing());
    CHECK_FALSE(world.rules->update("default/other", {}));
    CHECK(ask(SOCK_STREAM, "10.43.0.99", 80).name.substr(0, 3) == "one");
    check(world.rules->replace_all(services));
    CHECK(all_alive());
    REQUIRE(sh("nft delete table ip orilla") == 0);
    check(world.rules->repair());
    CHECK(all_alive());
    // Also to an endpoint that new connections do not get any more.
    check(world.rules->update("default/web", {service("10.43.0.10", 80, 30080, {at(world.two, 8080)})}));
    CHECK(all_alive());
    CHECK(world.ask_from(world.two.netns_path, SOCK_STREAM, "10.43.0.10", 80).name.substr(0, 3) == "two");
}

TEST_CASE("ServiceRules: a UDP client goes on with another endpoint when its own is removed") {
    World world;
    const auto dns = [&](const PodLink& pod) { return service("10.43.0.10", 53, 30053, {at(pod, 8080)}, Protocol::udp); };
    check(world.rules->replace_all({{"kube-system/dns", {dns(world.one)}}}));
    Answer cluster = world.ask_from(world.two.netns_path, SOCK_DGRAM, "10.43.0.10", 53);
    Answer node_port = world.ask_from(world.outside.netns, SOCK_DGRAM, "192.168.77.1", 30053);
    CHECK(cluster.name.substr(0, 3) == "one");
    CHECK(node_port.name.substr(0, 3) == "one");
    check(world.rules->update("kube-system/dns", {dns(world.two)}));
    for (const Answer* answer : {&cluster, &node_port}) {
        char text[64] = {};
        CHECK(::send(answer->socket.get(), "?", 1, 0) == 1);
        CHECK(::recv(answer->socket.get(), text, sizeof text, 0) > 0);
        CHECK(std::string(text, 3) == "two");
    }
    // Also when it was removed while no daemon was there, and the table had to be written anew.
    REQUIRE(sh("nft flush ruleset") == 0);
    world.rules = open_rules();
    check(world.rules->replace_all({{"kube-system/dns", {dns(world.one)}}}));
    for (const Answer* answer : {&cluster, &node_port}) {
        char text[64] = {};
        CHECK(::send(answer->socket.get(), "?", 1, 0) == 1);
        CHECK(::recv(answer->socket.get(), text, sizeof text, 0) > 0);
        CHECK(std::string(text, 3) == "one");
    }
}

TEST_CASE("Links: the connections of pods that have gone are forgotten, and their addresses are free after that") {
    World world;
    check(world.rules->replace_all({{"default/web", {service("10.43.0.10", 80, 30080, {at(world.one, 8080)})}}}));
    const Answer answer = world.ask_from(world.two.netns_path, SOCK_STREAM, "10.43.0.10", 80);
    CHECK(answer.name.substr(0, 3) == "one");
    const auto tracked = [] { return std::stoi(output_of("cat /proc/sys/net/netfilter/nf_conntrack_count")); };
    const int before = tracked();  // also of other tests
    REQUIRE(before > 0);
    REQUIRE(world.node.wait(world.node.links->detach("pod-one")));
    SECTION("a while after") { world.node.run_for(700); }
    SECTION("by the next daemon, when there was no time") {
        world.node.links.reset();
        auto again = Links::open(world.node.loop, world.node.thread, links_config(0));
        REQUIRE(again);
        world.node.links = std::move(*again);
        world.node.run_for(100);
    }
    CHECK(tracked() < before);
}

TEST_CASE("ServiceRules: pods cannot reach the node's loopback services") {
    World world;
    NamedServer local(node_netns, SOCK_STREAM, "127.0.0.2", 7003, "secret");
    CHECK(ask(SOCK_STREAM, "127.0.0.2", 7003).name.substr(0, 6) == "secret");
    const std::string pod = world.one.netns_path;
    REQUIRE(sh_in(pod,
                  "ip link set lo down && ip route add 127.0.0.2/32 via 10.42.0.1 src 10.42.0.2 && "
                  "echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet") == 0);
    const auto try_it = [&] { return in_netns(pod, [] { return ask(SOCK_STREAM, "127.0.0.2", 7003, "", 300); }); };
    // Without our rules it would be open: the bridge routes loopback addresses.
    CHECK(try_it().name.substr(0, 6) == "secret");
    check(world.rules->replace_all({}));
    CHECK(try_it().error == ETIMEDOUT);
}

TEST_CASE("ServiceRules: pods cannot pretend to be others") {
    World world;
    const std::string pod = world.one.netns_path;
    REQUIRE(sh_in(pod, "ip addr add 10.99.0.1/32 dev eth0") == 0);
    REQUIRE(sh("ip route add 10.99.0.1/32 dev orilla0") == 0);
    const auto try_it = [&] { return in_netns(pod, [] { return ask(SOCK_STREAM, "10.42.0.3", 8080, "10.99.0.1", 300); }); };
    CHECK(try_it().name == "two 10.99.0.1");
    check(world.rules->replace_all({}));
    CHECK(try_it().error == ETIMEDOUT);
}

TEST_CASE("ServiceRules: another owner's address is refused until it is given up") {
    World world;
    const auto web = service("10.43.0.10", 80, 30080, {at(world.one, 8080)});
    const auto rival = service("10.43.0.10", 80, 0, {at(world.two, 8080)});
    check(world.rules->replace_all({{"a/web", {web}}}));
    check(world.rules->update("b/rival", {rival}));
    REQUIRE(world.rules->find_conflict("b/rival"));
    CHECK(world.rules->find_conflict("b/rival")->find("a/web") != std::string::npos);
    CHECK_FALSE(world.rules->find_conflict("a/web"));
    CHECK(ask(SOCK_STREAM, "10.43.0.10", 80).name.substr(0, 3) == "one");
    check(world.rules->update("a/web", {}));
    CHECK_FALSE(world.rules->find_conflict("b/rival"));
    CHECK(ask(SOCK_STREAM, "10.43.0.10", 80).name.substr(0, 3) == "two");
    CHECK(ask(SOCK_STREAM, "127.0.0.1", 30080).error == ECONNREFUSED);
}

TEST_CASE("ServiceRules: hostPorts, more than sixteen endpoints, and other tables") {
    World world;
    REQUIRE(sh("nft 'add table inet firewall; add chain inet firewall forward "
               "{ type filter hook forward priority 0; policy accept; }'") == 0);
    ServicePortSpec any;
    any.node_port = 9090;
    any.endpoints = {at(world.one, 8080)};
    ServicePortSpec bound;
    bound.cluster_ips = {*parse_ipv4("192.168.77.1")};
    bound.port = 9091;
    bound.endpoints = {at(world.two, 8080)};
    std::vector<Endpoint> many;
    for (uint32_t i = 0; i < 200; ++i) many.push_back({*parse_ipv4("10.42.0.100"), static_cast<uint16_t>(1000 + i)});
    many.push_back(at(world.one, 8080));
    check(world.rules->replace_all(
        {{"hostPort/pod-one", {any}}, {"hostPort/pod-two", {bound}}, {"default/many", {service("10.43.0.20", 80, 0, many)}}}));
    CHECK(world.ask_from(world.outside.netns, SOCK_STREAM, "192.168.77.1", 9090).name == "one 192.168.77.2");
    CHECK(world.ask_from(world.outside.netns, SOCK_STREAM, "192.168.77.1", 9091).name == "two 192.168.77.2");
    CHECK(ask(SOCK_STREAM, "127.0.0.1", 9090).name == "one 10.42.0.1");
    CHECK(ask(SOCK_STREAM, "127.0.0.1", 9091).error == ECONNREFUSED);
    CHECK(output_of("nft list chains ip").find("endpoints-201") != std::string::npos);
    CHECK(output_of("nft list tables").find("inet firewall") != std::string::npos);
    check(world.rules->update("default/many", {}));
    CHECK(output_of("nft list chains ip").find("endpoints-201") == std::string::npos);
    REQUIRE(sh("nft delete table inet firewall") == 0);
}

TEST_CASE("ServiceRules: a table that somebody changed is put right") {
    World world;
    const ServiceRules::Services services = {{"default/web", {service("10.43.0.10", 80, 30080, {at(world.one, 8080)})}}};
    check(world.rules->replace_all(services));
    const std::string good = output_of("nft -n list table ip orilla");
    for (const char* harm :
         {"nft flush map ip orilla endpoints", "nft flush chain ip orilla postrouting", "nft flush chain ip orilla endpoints-1",
          "nft delete table ip orilla", "nft 'add element ip orilla hairpin { 10.42.0.9 . 10.42.0.9 }'", "nft flush ruleset"}) {
        INFO(harm);
        REQUIRE(sh(harm) == 0);
        check(world.rules->repair());
        CHECK(output_of("nft -n list table ip orilla") == good);
    }
    REQUIRE(sh("nft flush ruleset") == 0);
    CHECK(world.rules->repair_if_missing());
    CHECK(output_of("nft -n list table ip orilla") == good);
    REQUIRE(sh("nft flush ruleset") == 0);
    check(world.rules->update("default/new", {service("10.43.0.11", 80, 0, {at(world.two, 8080)})}));
    CHECK(ask(SOCK_STREAM, "10.43.0.10", 80).name.substr(0, 3) == "one");
    CHECK(ask(SOCK_STREAM, "10.43.0.11", 80).name.substr(0, 3) == "two");
}
