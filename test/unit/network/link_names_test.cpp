#include "links/link_names.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::network;

TEST_CASE("netns names: carry the pod and its address there and back") {
    const Ipv4 ip = *parse_ipv4("10.42.0.5");
    auto back = parse_netns_name(netns_name("5f1c-00aa", ip));
    REQUIRE(back);
    CHECK(back->pod == "5f1c-00aa");
    CHECK(back->ip == ip);
    CHECK(veth_name(ip) == "pod0a2a0005");
    CHECK(parse_veth_name("pod0a2a0005") == ip);
    CHECK_FALSE(parse_veth_name("pod0A2A0005"));
    CHECK_FALSE(parse_veth_name("eth0"));
    CHECK_FALSE(parse_netns_name("../x_10.42.0.5"));
    CHECK_FALSE(parse_netns_name("x"));
}
