#include "orilla/network/links.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>

#include "../../support/net_node.hpp"
#include "../../support/net_peers.hpp"
#include "orilla/network/check_kernel.hpp"
#include "orilla/network/namespace_lock.hpp"

using namespace orilla;
using namespace orilla::network;
using orilla::test::output_of;
using orilla::test::reaches;
using orilla::test::reaches_from;
using orilla::test::sh;
using orilla::test::sh_in;

namespace {

using Node = test::NetNode;
using CleanUp = test::NetCleanUp;
LinksConfig config_with(int pool_size) { return test::links_config(pool_size); }

}  // namespace

TEST_CASE("Links: two pods reach each other, the node and nothing of each other's link layer") {
    const CleanUp clean;
    Node node(config_with(0));
    auto one = node.wait(node.links->attach("pod-one"));
    auto two = node.wait(node.links->attach("pod-two"));
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->ip.text() == "10.42.0.2");
    CHECK(two->ip.text() == "10.42.0.3");
    CHECK(reaches_from(one->netns_path, "10.42.0.3"));
    CHECK(reaches_from(one->netns_path, "10.42.0.1"));
    CHECK(reaches_from(one->netns_path, "127.0.0.1"));
    CHECK(reaches("10.42.0.2"));
    CHECK(sh_in(one->netns_path, "ip neigh show 10.42.0.3 | grep -q . ; test $? = 1") == 0);
    CHECK(sh_in(one->netns_path, "test $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start) = 0") == 0);
    CHECK(sh_in(one->netns_path, "ip -6 addr show dev eth0 | grep -q inet6; test $? = 1") == 0);
}

TEST_CASE("Links: a pod keeps its namespace and address when the daemon starts anew") {
    const CleanUp clean;
    std::string path;
    {
        Node node(config_with(1));
        auto one = node.wait(node.links->attach("pod-one"));
        auto two = node.wait(node.links->attach("pod-two"));
        REQUIRE(one);
        REQUIRE(two);
        path = two->netns_path;
    }
    Node node(config_with(1));
    REQUIRE(node.links->list().size() == 2);
    auto again = node.wait(node.links->attach("pod-two"));
    REQUIRE(again);
    CHECK(again->netns_path == path);
    CHECK(reaches_from(path, "10.42.0.1"));
    auto third = node.wait(node.links->attach("pod-three"));
    REQUIRE(third);
    CHECK(third->ip != again->ip);
    CHECK(third->ip != node.links->find("pod-one")->ip);
    REQUIRE(node.wait(node.links->keep_only({"pod-two", "pod-three"})));
    CHECK(node.links->list().size() == 2);
    CHECK_FALSE(node.links->find("pod-one"));
    CHECK(reaches_from(path, third->ip.text()));
}

TEST_CASE("Links: a link that has gone is made again in the pod's namespace") {
    const CleanUp clean;
    {
        Node node(config_with(0));
        REQUIRE(node.wait(node.links->attach("pod-one")));
    }
    REQUIRE(sh("ip link del orilla0 && ip link del pod0a2a0002") == 0);
    Node node(config_with(0));
    auto one = node.wait(node.links->attach("pod-one"));
    REQUIRE(one);
    CHECK(one->ip.text() == "10.42.0.2");
    CHECK(reaches_from(one->netns_path, "10.42.0.1"));
}

TEST_CASE("Links: pods are back when somebody has removed the bridge, also while no daemon ran") {
    const CleanUp clean;
    std::string path;
    {
        Node node(config_with(1));
        CHECK(node.links->made_bridge());
        path = node.pod("pod-one").netns_path;
        node.pod("pod-two");
        node.run_for(200);
        REQUIRE(sh("ip link del orilla0") == 0);
        node.run_for(500);
        CHECK(reaches_from(path, "10.42.0.1"));
        CHECK(reaches_from(path, "10.42.0.3"));
        CHECK(sh("ip route show 10.43.0.0/16 | grep -q orilla0") == 0);
        CHECK(reaches_from(node.pod("pod-three").netns_path, "10.42.0.2"));
    }
    REQUIRE(sh("ip link del orilla0") == 0);
    Node node(config_with(0));
    node.run_for(500);
    CHECK(reaches_from(path, "10.42.0.3"));
}

TEST_CASE("Links: a link that is removed or taken off the bridge is put right") {
    const CleanUp clean;
    Node node(config_with(2));
    const auto one = node.pod("pod-one"), two = node.pod("pod-two");
    node.run_for(200);
    // All but the bridge: the pods' and those that wait for pods.
    REQUIRE(sh("for link in $(ip -o link show master orilla0 | grep -o 'pod[0-9a-f]*'); do ip link del $link; done") == 0);
    node.run_for(500);
    CHECK(reaches_from(one.netns_path, two.ip.text()));
    CHECK(reaches_from(node.pod("pod-three").netns_path, one.ip.text()));
    REQUIRE(sh("ip link set pod0a2a0002 nomaster") == 0);
    node.run_for(500);
    CHECK(reaches_from(one.netns_path, two.ip.text()));
    REQUIRE(node.wait(node.links->detach("pod-one")));
    node.run_for(200);
    CHECK(sh("ip link show pod0a2a0002 >/dev/null 2>&1") != 0);
}

TEST_CASE("Links: changes of one pod that come at a time happen one after another") {
    const CleanUp clean;
    Node node(config_with(0));
    node.pod("pod-one");
    node.pod("pod-two");
    test::Started first(node.loop, node.links->detach("pod-one"));
    REQUIRE(node.wait(node.links->keep_only({"pod-two"})));
    while (!first.done()) node.loop.turn(true);
    CHECK(first.get());
    CHECK(node.links->list().size() == 1);
    test::Started attaching(node.loop, node.links->attach("pod-three"));
    auto again = node.wait(node.links->attach("pod-three"));
    REQUIRE(again);
    while (!attaching.done()) node.loop.turn(true);
    CHECK(attaching.get()->ip == again->ip);
}

TEST_CASE("Links: a name that cannot be removed does not keep the daemon from starting") {
    const CleanUp clean;
    REQUIRE(sh("mkdir -p /run/orilla-test/netns/pod-one_10.42.0.9") == 0);
    CHECK_NOTHROW(Node(config_with(0)));
    REQUIRE(sh("rmdir /run/orilla-test/netns/pod-one_10.42.0.9") == 0);
}

TEST_CASE("Links: what belongs to no pod is removed, other files and links are left alone") {
    const CleanUp clean;
    Node node(config_with(0));
    REQUIRE(node.wait(node.links->attach("pod-one")));
    REQUIRE(sh("ip link add pod0a2a0063 type veth peer name x0 && ip link set pod0a2a0063 master orilla0 && "
               "ip link add pod0a2a0064 type veth peer name x1") == 0);
    REQUIRE(node.wait(node.links->keep_only({"pod-one"})));
    CHECK(sh("ip link show pod0a2a0063 >/dev/null 2>&1") != 0);
    CHECK(sh("ip link show pod0a2a0064 >/dev/null") == 0);
    CHECK(sh("ip link show pod0a2a0002 >/dev/null") == 0);
    REQUIRE(node.wait(node.links->detach("pod-one")));
    CHECK(sh("ip link show pod0a2a0002 >/dev/null 2>&1") != 0);
    CHECK(output_of("ls /run/orilla-test/netns").empty());
    CHECK(sh("ip link del pod0a2a0064") == 0);
}

TEST_CASE("Links: a namespace made elsewhere gets an address too") {
    const CleanUp clean;
    Node node(config_with(0));
    REQUIRE(sh("ip netns add given") == 0);
    auto link = node.wait(node.links->attach_namespace("pod-given", "/run/netns/given"));
    REQUIRE(link);
    CHECK(reaches_from("/run/netns/given", "10.42.0.1"));
    CHECK(sh_in(link->netns_path, "ip addr show dev eth0 | grep -q 10.42.0.2/32") == 0);
    REQUIRE(sh("ip netns del given") == 0);
}

TEST_CASE("Links: a pod CIDR that the node's network uses is refused, and says where") {
    REQUIRE(sh("ip link add lan0 type bridge && ip addr add 10.42.0.77/16 dev lan0") == 0);
    SystemClock clock;
    loop::Loop loop(clock);
    loop::InlineExecutor inline_executor(loop);
    auto opened = Links::open(loop, inline_executor, config_with(0));
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message().find("lan0") != std::string::npos);
    REQUIRE(sh("ip link del lan0") == 0);
}

TEST_CASE("Links: addresses run out with a clear error and come back") {
    const CleanUp clean;
    LinksConfig config = config_with(0);
    config.pod_cidr = *parse_cidr("10.42.0.0/29");
    Node node(config);
    for (int i = 0; i < 5; ++i) REQUIRE(node.wait(node.links->attach("pod-" + std::to_string(i))));
    auto sixth = node.wait(node.links->attach("pod-5"));
    REQUIRE_FALSE(sixth);
    CHECK(sixth.error().message().find("10.42.0.0/29") != std::string::npos);
    REQUIRE(node.wait(node.links->detach("pod-3")));
    CHECK(node.wait(node.links->attach("pod-5")));
}

namespace {
/// The quickest of some attaches, each long after the one before.
double best_attach_ms(int pool_size) {
    const CleanUp clean;
    Node node(config_with(pool_size));
    double best = 1e9;
    for (int round = 0; round < 8; ++round) {
        node.run_for(100);
        const auto before = std::chrono::steady_clock::now();
        auto link = node.wait(node.links->attach("pod-" + std::to_string(round)));
        best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count());
        REQUIRE(link);
    }
    return best;
}
}  // namespace

TEST_CASE("Links: a start with a prepared namespace is quick") {
    const double prepared_ms = best_attach_ms(2), cold_ms = best_attach_ms(0);
    std::printf("attach: %.3f ms prepared, %.3f ms not\n", prepared_ms, cold_ms);
    CHECK(prepared_ms < cold_ms);
}

TEST_CASE("check_kernel: finds everything here, and leaves nothing behind") {
    const std::string before = output_of("ip -o link; nft list ruleset");
    for (const MissingFeature& missing : check_kernel()) FAIL_CHECK(missing.name + ": " + missing.sentence);
    CHECK(output_of("ip -o link; nft list ruleset") == before);
}

TEST_CASE("a network namespace is locked by one at a time, until it is let go") {
    auto first = lock_network_namespace();
    REQUIRE(first);
    CHECK(*first);
    auto second = lock_network_namespace();
    REQUIRE_FALSE(second);
    CHECK(second.error().code() == Code::conflict);
    CHECK(second.error().message().find("(process " + std::to_string(getpid()) + ")") != std::string::npos);
    first->reset();
    CHECK(lock_network_namespace());
}

TEST_CASE("a network namespace is not locked by somebody who is not root") {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const bool dropped = setgid(65534) == 0 && setuid(65534) == 0;
        const auto squatted = lock_network_namespace();
        (void)!write(ready[1], dropped && squatted && *squatted ? "y" : "n", 1);
        for (;;) pause();
    }
    char answer = 'n';
    REQUIRE(read(ready[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    auto ours = lock_network_namespace();
    CHECK(ours);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
}
