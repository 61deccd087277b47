#include "netlink/loss_watch.hpp"

#include <arpa/inet.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <bit>
#include <cstddef>
#include <cstring>

#include "netlink/netlink.hpp"

namespace orilla::network {

namespace {

constexpr size_t body = NLMSG_HDRLEN;
/// The byte of ifi_flags with IFF_UP in it.
constexpr size_t low_flags =
    body + offsetof(ifinfomsg, ifi_flags) + (std::endian::native == std::endian::big ? sizeof(unsigned) - 1 : 0);

/// Removals of devices and addresses, devices that are down, routes of the main table, changed forwarding.
std::vector<sock_filter> losses_alone() {
    return {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELLINK), 9, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELADDR), 8, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNETCONF), 7, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWLINK), 0, 2),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, low_flags),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, IFF_UP, 3, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, body + offsetof(rtmsg, rtm_table)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RT_TABLE_MAIN, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
}

NetworkLoss loss_of_forwarding(std::string_view message) {
    netconfmsg header;
    std::string_view rest;
    if (!split_body(message, header, rest) || header.ncm_family != AF_INET) return {};
    const NetlinkAttributes found(rest.data(), rest.size());
    if (!found.has(NETCONFA_FORWARDING) || found.value<int>(NETCONFA_FORWARDING) != 0) return {};
    const int index = found.value<int>(NETCONFA_IFINDEX);
    if (index == NETCONFA_IFINDEX_ALL) return {{}, 0, true};
    return {{}, std::max(index, 0), false};
}

}  // namespace

NetworkLoss parse_network_loss(std::string_view datagram) {
    nlmsghdr head;
    if (datagram.size() < body) return {};
    std::memcpy(&head, datagram.data(), sizeof head);
    const std::string_view message = datagram.substr(body);
    std::string_view rest;
    if (head.nlmsg_type == RTM_NEWNETCONF) return loss_of_forwarding(message);
    if (head.nlmsg_type == RTM_DELADDR) {
        ifaddrmsg address;
        if (!split_body(message, address, rest)) return {};
        return {{}, static_cast<int>(address.ifa_index), false};
    }
    if (head.nlmsg_type == RTM_DELROUTE) {
        rtmsg route;
        if (!split_body(message, route, rest)) return {};
        return {{}, NetlinkAttributes(rest.data(), rest.size()).value<int>(RTA_OIF), false};
    }
    ifinfomsg link;
    if ((head.nlmsg_type != RTM_DELLINK && head.nlmsg_type != RTM_NEWLINK) || !split_body(message, link, rest)) return {};
    if (head.nlmsg_type == RTM_NEWLINK && (link.ifi_flags & IFF_UP)) return {};
    return {NetlinkAttributes(rest.data(), rest.size()).name(IFLA_IFNAME), 0, false};
}

Result<std::unique_ptr<LossWatch>> LossWatch::open(loop::Loop& loop) {
    NetlinkListenSpec spec;
    spec.protocol = NETLINK_ROUTE;
    spec.groups = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_NETCONF};
    spec.filter = losses_alone();
    spec.what = "devices and addresses";
    TRY(auto listener, NetlinkListener::open(loop, std::move(spec)));
    return std::unique_ptr<LossWatch>(new LossWatch(std::move(listener)));
}

loop::Task<Result<NetworkLoss>> LossWatch::next() {
    const NetworkLoss nobodys;
    for (;;) {
        AWAIT(auto heard, listener_->next());
        if (!heard) co_return std::move(heard).error();
        NetworkLoss loss = parse_network_loss(*heard);
        if (heard->empty()) loss.everybody = true;
        if (loss != nobodys) co_return loss;
    }
}

}  // namespace orilla::network
