#include "orilla/network/check_kernel.hpp"

#include <fmt/core.h>
#include <linux/rtnetlink.h>

#include <thread>

#include "links/pod_namespace.hpp"
#include "netlink/conntrack.hpp"
#include "netlink/rtnetlink.hpp"
#include "orilla/network/open_service_rules.hpp"

namespace orilla::network {

namespace {
const Cidr pods{Ipv4{0x0a2a0000}, 24}, services{Ipv4{0x0a2b0000}, 16};

Result<void> try_bridge() {
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    return apply_bridge(socket, "orilla0", pods.at(1), 1500);
}

Result<void> try_veth() {
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    TRY(const int bridge, find_link(socket, "orilla0"));
    TRY(const PreparedNamespace pod, create_pod_namespace());
    TRY_VOID(create_veth(socket, "pod0", bridge, 1500, pod.netns.get(), pods.at(2)));
    return apply_port(socket, "pod0", bridge);
}

/// One service that uses every kind of rule.
Result<void> try_rules() {
    TRY(auto rules, open_service_rules({"orilla", "orilla0", pods, services}));
    ServicePortSpec spec;
    spec.cluster_ips = {services.at(10)};
    spec.port = 80;
    spec.node_port = 30080;
    spec.endpoints = {{pods.at(2), 80}, {Ipv4{0xc0000201}, 80}};
    spec.affinity_timeout_s = 60;
    return rules->replace_all({{"check", {spec}}});
}

Result<void> try_conntrack() { return forget_flows_of({pods.at(2)}); }

struct Probe {
    const char* name;
    Result<void> (*attempt)();
    const char* without;
};
constexpr Probe probes[] = {
    {"bridge", try_bridge, "pods get no network: enable CONFIG_BRIDGE"},
    {"veth", try_veth, "pods get no network: enable CONFIG_VETH"},
    {"nf_tables", try_rules,
     "services do not work: enable CONFIG_NF_TABLES_IPV4, CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_REJECT, "
     "CONFIG_NFT_CT, CONFIG_NFT_NUMGEN and CONFIG_NFT_FIB_IPV4 (Linux 5.10 or later)"},
    {"ctnetlink", try_conntrack, "UDP clients may stay with an endpoint that is gone: enable CONFIG_NF_CT_NETLINK"},
};

void run_probes(std::vector<MissingFeature>& missing) {
    auto inside = EnteredNamespace::create();
    if (!inside) {
        missing.push_back({"network namespaces", inside.error().message() + ": pods get no network: run as root, and "
                                                                            "enable CONFIG_NET_NS"});
        return;
    }
    for (const Probe& probe : probes) {
        auto done = probe.attempt();
        if (!done) missing.push_back({probe.name, fmt::format("{}: {}", done.error().message(), probe.without)});
    }
}
}  // namespace

std::vector<MissingFeature> check_kernel() {
    std::vector<MissingFeature> missing;
    // A thread of its own: nobody else may find himself in the namespace.
    std::thread thread([&missing] { run_probes(missing); });
    thread.join();
    return missing;
}

}  // namespace orilla::network
