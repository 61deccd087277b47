#include "netlink/conntrack.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <string>

#include "netlink/netlink.hpp"

namespace orilla::network {

namespace {
constexpr size_t flows_deleted_a_batch_max = 512;
constexpr int rounds_max = 64;

struct Tuple {
    Endpoint source;
    Endpoint destination;
    uint8_t protocol = 0;
};

Tuple parse_tuple(const NetlinkAttributes& attributes) {
    const NetlinkAttributes ip = attributes.nested(CTA_TUPLE_IP);
    const NetlinkAttributes proto = attributes.nested(CTA_TUPLE_PROTO);
    Tuple tuple;
    tuple.source = {Ipv4{ip.be32(CTA_IP_V4_SRC)}, ntohs(proto.value<uint16_t>(CTA_PROTO_SRC_PORT))};
    tuple.destination = {Ipv4{ip.be32(CTA_IP_V4_DST)}, ntohs(proto.value<uint16_t>(CTA_PROTO_DST_PORT))};
    tuple.protocol = proto.value<uint8_t>(CTA_PROTO_NUM);
    return tuple;
}

nfgenmsg family_header() {
    nfgenmsg header{};
    header.nfgen_family = AF_INET;
    header.version = NFNETLINK_V0;
    return header;
}

constexpr uint16_t message_type(int message) { return NFNL_SUBSYS_CTNETLINK << 8 | message; }

using IsStale = std::function<bool(const Tuple& original, const Tuple& reply)>;

/// Adds the deletion of one dumped entry when it is stale.
void write_deletion(const NetlinkMessage& message, const IsStale& stale, NetlinkWriter& out) {
    if (message.body.size() < sizeof(nfgenmsg) || out.expected().size() >= flows_deleted_a_batch_max) return;
    const std::string_view rest = message.body.substr(sizeof(nfgenmsg));
    const NetlinkAttributes found(rest.data(), rest.size());
    if (!stale(parse_tuple(found.nested(CTA_TUPLE_ORIG)), parse_tuple(found.nested(CTA_TUPLE_REPLY)))) return;
    // It may have ended by itself meanwhile.
    out.begin(message_type(IPCTNL_MSG_CT_DELETE), 0, family_header(), "forget a tracked connection", ENOENT);
    out.put(CTA_TUPLE_ORIG | NLA_F_NESTED, found.bytes(CTA_TUPLE_ORIG));
    for (const uint16_t part : {CTA_ZONE, CTA_ID})
        if (found.has(part)) out.put(part, found.bytes(part));
    out.end();
}

/// Asks for every entry, or only for UDP ones: then the kernel picks, and a large table is not copied.
NetlinkWriter dump_request(bool only_udp) {
    // The kernel's own header numbers the parts of a tuple that a filter compares (Linux 5.8).
    constexpr uint32_t compare_protocol = 1 << 3;
    NetlinkWriter request;
    request.begin(message_type(IPCTNL_MSG_CT_GET), NLM_F_DUMP, family_header(), "list tracked connections");
    if (only_udp) {
        const size_t tuple = request.nest(CTA_TUPLE_ORIG);
        const size_t proto = request.nest(CTA_TUPLE_PROTO);
        request.put_value(CTA_PROTO_NUM, uint8_t{IPPROTO_UDP});
        request.unnest(proto);
        request.unnest(tuple);
        const size_t filter = request.nest(CTA_FILTER);
        request.put_value(CTA_FILTER_ORIG_FLAGS, compare_protocol);
        request.put_value(CTA_FILTER_REPLY_FLAGS, uint32_t{0});
        request.unnest(filter);
    }
    request.end();
    return request;
}

/// Deletes every entry that `stale` says yes to; in rounds, each bounded, until a round finds fewer than its bound.
Result<void> forget(const NetlinkWriter& request, const IsStale& stale) {
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER));
    for (int round = 0; round < rounds_max; ++round) {
        NetlinkWriter deletions;
        auto collect = [&](const NetlinkMessage& message) { write_deletion(message, stale, deletions); };
        TRY_VOID(socket.dump(request, collect));
        TRY_VOID(socket.apply(deletions));
        if (deletions.expected().size() < flows_deleted_a_batch_max) break;
    }
    return ok();
}

using FrontendsByDestination = std::map<Endpoint, const std::vector<Endpoint>*>;

bool leads_nowhere(const FrontendsByDestination& frontends, const Tuple& original, const Tuple& reply) {
    if (original.protocol != IPPROTO_UDP) return false;
    auto found = frontends.find(original.destination);
    if (found == frontends.end()) found = frontends.find({Ipv4{}, original.destination.port});
    if (found == frontends.end()) return false;
    const std::vector<Endpoint>& endpoints = *found->second;
    if (reply.source != original.destination) return !std::binary_search(endpoints.begin(), endpoints.end(), reply.source);
    // Not translated at all: it began before there were endpoints. (With its source translated it is a pod's flow to
    // some other host's port of the same number.)
    return !endpoints.empty() && reply.destination == original.source;
}
}  // namespace

Result<void> forget_stale_flows(const std::vector<UdpFrontend>& frontends) {
    if (frontends.empty()) return ok();
    FrontendsByDestination by_destination;
    for (const UdpFrontend& frontend : frontends) by_destination[frontend.destination] = &frontend.endpoints;
    const IsStale stale = [&by_destination](const Tuple& original, const Tuple& reply) {
        return leads_nowhere(by_destination, original, reply);
    };
    auto forgotten = forget(dump_request(true), stale);
    if (forgotten) return forgotten;
    return forget(dump_request(false), stale);  // a kernel that cannot filter
}

Result<void> forget_flows_of(std::vector<Ipv4> pods) {
    std::sort(pods.begin(), pods.end());
    const auto gone = [&pods](Ipv4 ip) { return std::binary_search(pods.begin(), pods.end(), ip); };
    return forget(dump_request(false), [&gone](const Tuple& original, const Tuple& reply) {
        return gone(original.source.ip) || gone(original.destination.ip) || gone(reply.source.ip);
    });
}

Result<void> forget_flows_but_of(Cidr range, std::vector<Ipv4> kept) {
    std::sort(kept.begin(), kept.end());
    const auto gone = [&](Ipv4 ip) { return range.contains(ip) && !std::binary_search(kept.begin(), kept.end(), ip); };
    return forget(dump_request(false), [&gone](const Tuple& original, const Tuple& reply) {
        return gone(original.source.ip) || gone(original.destination.ip) || gone(reply.source.ip);
    });
}

}  // namespace orilla::network
