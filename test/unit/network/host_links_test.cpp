#include "links/host_links.hpp"

#include <catch2/catch.hpp>

#include "links/link_names.hpp"

using namespace orilla;
using namespace orilla::network;

namespace {
constexpr int bridge = 7;
constexpr Ipv4 one{0x0a2a0002}, two{0x0a2a0003};

LinkInfo link(Ipv4 ip, int master) { return {static_cast<int>(ip.value & 255), veth_name(ip), master, 1500}; }
}  // namespace

TEST_CASE("plan_port_repairs: ports of the bridge are left alone") {
    const std::vector<LinkInfo> links = {{bridge, "orilla0", 0, 1500}, link(one, bridge), link(two, bridge)};
    CHECK(plan_port_repairs(links, bridge, {one, two}) == PortRepairs{});
}

TEST_CASE("plan_port_repairs: what has lost its bridge, or has another one, is put back; what has gone is missing") {
    CHECK(plan_port_repairs({link(one, 0)}, bridge, {one, two}) == PortRepairs{{two}, {one}});
    CHECK(plan_port_repairs({link(one, 3), link(two, bridge)}, bridge, {one, two}) == PortRepairs{{}, {one}});
}

TEST_CASE("plan_port_repairs: a link that is down is set up again") {
    LinkInfo down = link(one, bridge);
    down.up = false;
    CHECK(plan_port_repairs({down, link(two, bridge)}, bridge, {one, two}) == PortRepairs{{}, {one}});
}

TEST_CASE("describe_bridge_losses: says what has gone, and nothing when all is there") {
    const BridgeFacts whole{true, true, true, true, true, true};
    CHECK(describe_bridge_losses(whole).empty());
    CHECK(describe_bridge_losses({}) == "it had gone");
    BridgeFacts flushed = whole;
    flushed.address = flushed.pod_route = flushed.service_route = false;
    CHECK(describe_bridge_losses(flushed) ==
          "its address had gone, the route to the pods had gone, the route to the services had gone");
    BridgeFacts changed = whole;
    changed.sysctls = false;
    CHECK(describe_bridge_losses(changed) == "forwarding or another sysctl was changed");
}

TEST_CASE("plan_port_repairs: links of nobody are not looked at") {
    CHECK(plan_port_repairs({link(one, 0), {9, "lan0", 0, 1500}}, bridge, {}) == PortRepairs{});
}

TEST_CASE("find_other_owner: a bridge with somebody else's note and pods is not ours") {
    const Ipv4 ip{0x0a2a0002};
    std::vector<LinkInfo> links = {
        {7, "orilla0", 0, 1500, true, "orilla, with the pods of run directory /run/orilla on device 0:25"}, link(ip, 7)};
    CHECK(find_other_owner(links, "orilla0", "run directory /run/orilla on device 0:26") ==
          "run directory /run/orilla on device 0:25");
    CHECK_FALSE(find_other_owner(links, "orilla0", "run directory /run/orilla on device 0:25"));
    CHECK_FALSE(find_other_owner(links, "orilla1", "run directory /run/orilla2 on device 0:25"));
    links[1].master = 8;  // no pods are left on it
    CHECK_FALSE(find_other_owner(links, "orilla0", "run directory /run/orilla2 on device 0:25"));
    links[1].master = 7;
    links[0].note = "to the cellar";  // the administrator's
    CHECK_FALSE(find_other_owner(links, "orilla0", "run directory /run/orilla2 on device 0:25"));
    links[0].note = "";  // of an Orilla that made no notes
    CHECK_FALSE(find_other_owner(links, "orilla0", "run directory /run/orilla2 on device 0:25"));
}
