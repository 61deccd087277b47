#include "nft/service_state.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace orilla;
using namespace orilla::network;

namespace {

const Cidr pods{Ipv4{0x0a2a0000}, 24};

Endpoint pod(int index, uint16_t port = 8080) { return {pods.at(static_cast<uint32_t>(index)), port}; }

ServicePortSpec web(std::vector<Endpoint> endpoints, uint16_t node_port = 0, int affinity_timeout_s = 0) {
    ServicePortSpec spec;
    spec.cluster_ips = {Ipv4{0x0a2b000a}};
    spec.port = 80;
    spec.node_port = node_port;
    spec.endpoints = std::move(endpoints);
    spec.affinity_timeout_s = affinity_timeout_s;
    return spec;
}

size_t count(const std::vector<ServiceElement>& elements, ServiceMap map) {
    size_t found = 0;
    for (const ServiceElement& element : elements) found += element.map == map;
    return found;
}

/// What the kernel would have after the change; fails when the kernel would refuse it.
void apply(std::set<ServiceChain>& chains, std::set<ServiceElement>& elements, const ServiceChange& change) {
    for (const ServiceChain& chain : change.chains_added) REQUIRE(chains.insert(chain).second);
    for (const ServiceElement& element : change.elements_removed) REQUIRE(elements.erase(element) == 1);
    for (const ServiceElement& element : change.elements_added) {
        REQUIRE(elements.insert(element).second);
        if (!element.chain.rejects()) REQUIRE(chains.count(element.chain) == 1);
    }
    for (const ServiceChain& chain : change.chains_removed) {
        for (const ServiceElement& element : elements) REQUIRE(element.chain != chain);
        REQUIRE(chains.erase(chain) == 1);
    }
}

}  // namespace

TEST_CASE("ServiceState: a service is one element of services and one of endpoints for each endpoint") {
    ServiceState state(pods);
    const ServiceChange change = state.set("default/web", {web({pod(3), pod(2)}, 30080)});
    CHECK(count(change.elements_added, ServiceMap::services) == 1);
    CHECK(count(change.elements_added, ServiceMap::node_ports) == 1);
    CHECK(count(change.elements_added, ServiceMap::endpoints) == 4);
    CHECK(count(change.elements_added, ServiceMap::hairpin) == 2);
    CHECK(count(change.elements_added, ServiceMap::chains) == 2);
    CHECK(count(change.elements_added, ServiceMap::remote_endpoints) == 0);
    CHECK(change.elements_removed.empty());
    REQUIRE(change.chains_added.size() == 2);
    CHECK(change.chains_added[0].name() == "endpoints-2");
    CHECK(change.chains_added[1].name() == "node-port-endpoints-2");
}

TEST_CASE("ServiceState: the same again changes nothing, in any order of endpoints") {
    ServiceState state(pods);
    (void)state.set("default/web", {web({pod(3), pod(2)})});
    CHECK(state.set("default/web", {web({pod(2), pod(3), pod(2)})}).empty());
}

TEST_CASE("ServiceState: without endpoints the service rejects") {
    ServiceState state(pods);
    const ServiceChange change = state.set("default/web", {web({})});
    REQUIRE(change.elements_added.size() == 1);
    CHECK(change.elements_added[0].chain.name() == "reject");
    CHECK(change.chains_added.empty());
}

TEST_CASE("ServiceState: affinity has chains of its own and a list of what is still there") {
    ServiceState state(pods);
    const ServiceChange change = state.set("default/web", {web({pod(2), pod(3)}, 0, 10800)});
    REQUIRE(change.chains_added.size() == 1);
    CHECK(change.chains_added[0].name() == "affinity-2-10800");
    CHECK(count(change.elements_added, ServiceMap::affinity_endpoints) == 2);
    CHECK(count(change.elements_added, ServiceMap::affinity_slots) == 2);
    // Another endpoint in front moves the slots, but not what clients are remembered with.
    const ServiceChange more = state.set("default/web", {web({pod(1), pod(2), pod(3)}, 0, 10800)});
    CHECK(count(more.elements_removed, ServiceMap::affinity_endpoints) == 0);
    CHECK(count(more.elements_added, ServiceMap::affinity_endpoints) == 1);
}

TEST_CASE("ServiceState: an endpoint that leaves is taken out of every map that nobody else needs") {
    ServiceState state(pods);
    (void)state.set("default/web", {web({pod(2), pod(3)})});
    ServicePortSpec other = web({pod(2)});
    other.cluster_ips = {Ipv4{0x0a2b000b}};
    (void)state.set("default/other", {other});
    const ServiceChange change = state.set("default/web", {web({})});
    CHECK(count(change.elements_removed, ServiceMap::endpoints) == 2);
    CHECK(count(change.elements_removed, ServiceMap::hairpin) == 1);
    REQUIRE(change.chains_removed.size() == 1);
    CHECK(change.chains_removed[0].name() == "endpoints-2");
}

TEST_CASE("ServiceState: UDP frontends that change have their flows looked at, TCP ones have not") {
    ServiceState state(pods);
    ServicePortSpec dns = web({pod(2), pod(3)});
    dns.protocol = Protocol::udp;
    (void)state.set("kube-system/dns", {dns});
    dns.endpoints = {pod(3)};
    const ServiceChange change = state.set("kube-system/dns", {dns});
    REQUIRE(change.udp_frontends.size() == 1);
    CHECK(change.udp_frontends[0].destination == Endpoint{dns.cluster_ips[0], 80});
    CHECK(change.udp_frontends[0].endpoints == std::vector<Endpoint>{pod(3)});
    CHECK(state.set("default/web", {web({pod(2)})}).udp_frontends.empty());
}

TEST_CASE("ServiceState: endpoints over the limit are not used") {
    ServiceState state(pods);
    std::vector<Endpoint> many;
    for (uint32_t i = 0; i < endpoints_per_service_port_max + 5; ++i) many.push_back({Ipv4{0x0b000000 + i}, 80});
    const ServiceChange change = state.set("default/web", {web(many)});
    CHECK(count(change.elements_added, ServiceMap::endpoints) == endpoints_per_service_port_max);
    CHECK(count(change.elements_added, ServiceMap::remote_endpoints) == endpoints_per_service_port_max);
}

TEST_CASE("parse_service_chain: reads back every name and nothing else") {
    for (const ServiceChain chain : {ServiceChain{}, ServiceChain{false, 3, 0}, ServiceChain{true, 1024, 0},
                                     ServiceChain{false, 2, 10800}, ServiceChain{true, 7, 1}})
        CHECK(parse_service_chain(chain.name()) == chain);
    for (const char* wrong : {"", "prerouting", "endpoints-", "endpoints-0", "endpoints-03", "endpoints-3x", "affinity-3",
                              "affinity-3-", "affinity-3-0", "node-port-", "endpoints-1025", "endpoints-99999999999"})
        CHECK_FALSE(parse_service_chain(wrong));
}

TEST_CASE("ServiceState: random changes keep the kernel's maps equal to a table made at once") {
    std::mt19937 random(20240611);
    ServiceState state(pods);
    std::set<ServiceChain> chains;
    std::set<ServiceElement> elements;
    const auto below = [&random](uint32_t bound) { return static_cast<int>(random() % bound); };
    for (int step = 0; step < 600; ++step) {
        std::vector<ServicePortSpec> ports;
        for (int p = below(3); p > 0; --p) {
            ServicePortSpec spec =
                web({}, below(2) ? static_cast<uint16_t>(30000 + below(4)) : 0, below(3) ? 0 : 60 * below(3));
            spec.cluster_ips = {Ipv4{0x0a2b0000 + static_cast<uint32_t>(below(6))}};
            spec.port = static_cast<uint16_t>(80 + below(2));
            spec.protocol = below(2) ? Protocol::tcp : Protocol::udp;
            for (int e = below(5); e > 0; --e)
                spec.endpoints.push_back(below(4) ? pod(2 + below(6)) : Endpoint{Ipv4{0xc0a84d02}, 7000});
            ports.push_back(spec);
        }
        apply(chains, elements, state.set("owner-" + std::to_string(below(8)), ports));
        const ServiceTableContents all = state.contents();
        REQUIRE(std::equal(elements.begin(), elements.end(), all.elements.begin(), all.elements.end()));
        REQUIRE(chains == all.chains);
        REQUIRE(plan_service_change(all, all).empty());
    }
}

TEST_CASE("ServiceState: other endpoints for pods and the node are slots of their own") {
    ServiceState state(pods);
    ServicePortSpec spec = web({pod(2)}, 30080, 60);
    spec.inside_endpoints = {pod(2), pod(3)};
    const ServiceChange change = state.set("default/web", {spec});
    CHECK(count(change.elements_added, ServiceMap::inside) == 2);
    CHECK(count(change.elements_added, ServiceMap::endpoints) == 6);
    std::set<uint32_t> ids;
    for (const ServiceElement& element : change.elements_added)
        if (element.map == ServiceMap::affinity_endpoints && element.ip) ids.insert(element.affinity_id);
    CHECK(ids.size() == 3);
    REQUIRE(change.chains_added.size() == 4);
    std::set<ServiceChain> chains;
    std::set<ServiceElement> elements;
    apply(chains, elements, change);
    spec.inside_endpoints = spec.endpoints;  // no difference any more
    apply(chains, elements, state.set("default/web", {spec}));
    CHECK(chains.size() == 2);
    apply(chains, elements, state.set("default/web", {}));
    CHECK(chains.empty());
    CHECK(elements.empty());
}

TEST_CASE("ServiceState: ranges of clients are for the addresses and not for the node port") {
    ServiceState state(pods);
    ServicePortSpec spec = web({pod(2)}, 30080);
    spec.sources = {*parse_cidr("192.0.2.0/24"), *parse_cidr("0.0.0.0/0"), *parse_cidr("192.0.2.0/24")};
    spec.owns_ips = true;
    std::set<ServiceChain> chains;
    std::set<ServiceElement> elements;
    const ServiceChange change = state.set("default/web", {spec});
    apply(chains, elements, change);
    CHECK(count(change.elements_added, ServiceMap::sources) == 2);
    CHECK(count(change.elements_added, ServiceMap::owned) == 1);
    std::set<std::string> names;
    for (const ServiceChain& chain : chains) names.insert(chain.name());
    CHECK(names == std::set<std::string>{"node-port-endpoints-1", "restricted-endpoints-1"});
    spec.endpoints.clear();
    apply(chains, elements, state.set("default/web", {spec}));
    REQUIRE(chains.size() == 1);
    CHECK(chains.begin()->name() == "restricted-reject");
    spec.drops = true;
    apply(chains, elements, state.set("default/web", {spec}));
    REQUIRE(chains.size() == 1);
    CHECK(chains.begin()->name() == "dropped");
    for (const ServiceChain& chain : chains) CHECK(parse_service_chain(chain.name()) == chain);
    apply(chains, elements, state.set("default/web", {}));
    CHECK(elements.empty());
}
