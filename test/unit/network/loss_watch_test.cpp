#include "netlink/loss_watch.hpp"

#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <catch2/catch.hpp>

#include "netlink/netlink.hpp"

using namespace orilla;
using namespace orilla::network;

namespace {

std::string bytes_of(const NetlinkWriter& writer) {
    return {reinterpret_cast<const char*>(writer.bytes().data()), writer.bytes().size()};
}

std::string link_message(uint16_t type, unsigned flags, const std::string& name) {
    NetlinkWriter out;
    ifinfomsg header{};
    header.ifi_index = 7;
    header.ifi_flags = flags;
    out.begin(type, 0, header, "link");
    out.put_name(IFLA_IFNAME, name);
    out.end();
    return bytes_of(out);
}

std::string netconf_message(int index, int forwarding) {
    NetlinkWriter out;
    netconfmsg header{};
    header.ncm_family = AF_INET;
    // The kernel puts the header's one byte on four; the writer as well.
    out.begin(RTM_NEWNETCONF, 0, header, "netconf");
    out.put_value(NETCONFA_IFINDEX, index);
    out.put_value(NETCONFA_FORWARDING, forwarding);
    out.end();
    return bytes_of(out);
}

const NetworkLoss nobodys;
}  // namespace

TEST_CASE("parse_network_loss: devices that go or are set down, by their name") {
    CHECK(parse_network_loss(link_message(RTM_DELLINK, IFF_UP, "orilla0")) == NetworkLoss{"orilla0", 0, false});
    CHECK(parse_network_loss(link_message(RTM_NEWLINK, 0, "orilla0")) == NetworkLoss{"orilla0", 0, false});
    CHECK(parse_network_loss(link_message(RTM_NEWLINK, IFF_UP, "orilla0")) == nobodys);
}

TEST_CASE("parse_network_loss: addresses and routes, by their device's index") {
    NetlinkWriter address;
    ifaddrmsg of{};
    of.ifa_family = AF_INET;
    of.ifa_index = 9;
    address.begin(RTM_DELADDR, 0, of, "address");
    address.end();
    CHECK(parse_network_loss(bytes_of(address)) == NetworkLoss{"", 9, false});
    NetlinkWriter route;
    rtmsg to{};
    to.rtm_family = AF_INET;
    to.rtm_table = RT_TABLE_MAIN;
    route.begin(RTM_DELROUTE, 0, to, "route");
    route.put_value(RTA_OIF, uint32_t{9});
    route.end();
    CHECK(parse_network_loss(bytes_of(route)) == NetworkLoss{"", 9, false});
}

TEST_CASE("parse_network_loss: forwarding that is switched off, of all or of one device") {
    CHECK(parse_network_loss(netconf_message(NETCONFA_IFINDEX_ALL, 0)) == NetworkLoss{"", 0, true});
    CHECK(parse_network_loss(netconf_message(9, 0)) == NetworkLoss{"", 9, false});
    CHECK(parse_network_loss(netconf_message(9, 1)) == nobodys);
    CHECK(parse_network_loss(netconf_message(NETCONFA_IFINDEX_DEFAULT, 0)) == nobodys);
}

TEST_CASE("parse_network_loss: what is cut short is nobody's") {
    const std::string whole = link_message(RTM_DELLINK, 0, "orilla0");
    for (size_t size = 0; size < whole.size() - 8; ++size) CHECK(parse_network_loss(whole.substr(0, size)) == nobodys);
}
