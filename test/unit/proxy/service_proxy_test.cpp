#include "orilla/proxy/service_proxy.hpp"

#include <catch2/catch.hpp>

#include "health_checks.hpp"

using namespace orilla;
using namespace orilla::proxy;

namespace {

api::Service web() {
    api::Service service;
    service.metadata.name = "web";
    service.spec.cluster_ip = "10.43.0.9";
    auto& port = service.spec.ports.emplace_back();
    port.port = 80;
    port.node_port = 30080;
    return service;
}

const NodePlace box{"box", Ipv4{0xc0000202}};

/// One endpoint on the node `box`, one elsewhere, one that names no node.
Slices three_endpoints() {
    auto slice = std::make_shared<api::EndpointSlice>();
    slice->address_type = "IPv4";
    slice->ports.emplace_back().port = 8080;
    for (const auto& [ip, node] :
         {std::pair("10.42.0.2", "box"), std::pair("192.0.2.7", "other"), std::pair("192.0.2.8", "")}) {
        auto& endpoint = slice->endpoints.emplace_back();
        endpoint.addresses.push_back(ip);
        if (*node) endpoint.node_name = api::Str(node);
    }
    return {slice};
}

}  // namespace

TEST_CASE("plan_service_ports: one port is served at the cluster's addresses and at the node's") {
    auto service = web();
    service.spec.external_ips.push_back("192.0.2.200");
    const auto ports = plan_service_ports(service, three_endpoints(), box);
    REQUIRE(ports.size() == 1);
    CHECK(ports[0].cluster_ips.size() == 2);
    CHECK(ports[0].node_port == 30080);
    CHECK(ports[0].endpoints.size() == 3);
}

TEST_CASE("plan_service_ports: internalTrafficPolicy Local leaves this node's endpoints, but not for the node port") {
    auto service = web();
    service.spec.internal_traffic_policy = api::Str("Local");
    const auto ports = plan_service_ports(service, three_endpoints(), box);
    REQUIRE(ports.size() == 2);
    CHECK(ports[0].cluster_ips.size() == 1);
    CHECK(ports[0].node_port == 0);
    REQUIRE(ports[0].endpoints.size() == 1);
    CHECK(ports[0].endpoints[0].ip.text() == "10.42.0.2");
    CHECK(ports[1].cluster_ips.empty());
    CHECK(ports[1].node_port == 30080);
    CHECK(ports[1].endpoints.size() == 3);
}

TEST_CASE("plan_service_ports: a policy Local drops where only others have endpoints, and refuses where nobody has") {
    auto service = web();
    service.spec.internal_traffic_policy = api::Str("Local");
    service.spec.external_traffic_policy = "Local";
    const auto elsewhere = plan_service_ports(service, three_endpoints(), NodePlace{"third"});
    REQUIRE(elsewhere.size() == 2);
    for (const auto& port : elsewhere) {
        CHECK(port.endpoints.empty());
        CHECK(port.drops);
    }
    CHECK_FALSE(elsewhere[0].inside_endpoints);
    CHECK(elsewhere[1].inside_endpoints->size() == 3);
    for (const auto& port : plan_service_ports(service, {}, box)) CHECK_FALSE(port.drops);
}

TEST_CASE("plan_service_ports: a load balancer's address is its own, and for those in its ranges alone") {
    auto service = web();
    service.spec.type = "LoadBalancer";
    service.spec.load_balancer_source_ranges.push_back(" 192.0.2.9/24 ");
    for (const auto& [ip, mode] : {std::pair("192.0.2.50", "VIP"), std::pair("192.0.2.51", "Proxy")}) {
        auto& ingress = service.status.load_balancer.ingress.emplace_back();
        ingress.ip = ip;
        ingress.ip_mode = api::Str(mode);
    }
    auto ports = plan_service_ports(service, three_endpoints(), box);
    REQUIRE(ports.size() == 2);
    CHECK(ports[0].node_port == 30080);
    CHECK(ports[0].sources.empty());
    CHECK_FALSE(ports[0].owns_ips);
    REQUIRE(ports[1].cluster_ips.size() == 1);  // whoever is behind a proxy takes the packets first
    CHECK(ports[1].cluster_ips[0].text() == "192.0.2.50");
    REQUIRE(ports[1].sources.size() == 1);
    CHECK(ports[1].sources[0].text() == "192.0.2.0/24");
    CHECK(ports[1].owns_ips);
    ports = plan_service_ports(service, three_endpoints(), NodePlace{"box", *parse_ipv4("192.0.2.50")});
    CHECK_FALSE(ports[1].owns_ips);  // the node's address is everybody's
    service.spec.type = "NodePort";
    CHECK(plan_service_ports(service, three_endpoints(), box).size() == 1);
}

TEST_CASE("plan_service_ports: while none is ready, endpoints that end and still serve are used") {
    auto slice = std::make_shared<api::EndpointSlice>(*three_endpoints()[0]);
    for (auto& endpoint : slice->endpoints) endpoint.conditions.ready = false;
    CHECK(plan_service_ports(web(), {slice}, box)[0].endpoints.empty());
    slice->endpoints[1].conditions.terminating = slice->endpoints[1].conditions.serving = true;
    REQUIRE(plan_service_ports(web(), {slice}, box)[0].endpoints.size() == 1);
    slice->endpoints[0].conditions.ready = true;
    const auto ports = plan_service_ports(web(), {slice}, box);
    REQUIRE(ports[0].endpoints.size() == 1);
    CHECK(ports[0].endpoints[0].ip.text() == "10.42.0.2");
}

TEST_CASE("plan_service_ports: an ExternalName is a name alone") {
    auto service = web();
    service.spec.type = "ExternalName";
    service.spec.external_name = "Example.COM.";
    service.spec.external_ips.push_back("192.0.2.200");
    CHECK(plan_service_ports(service, three_endpoints(), box).empty());
    const auto dns = plan_dns_service(service, three_endpoints());
    CHECK(dns.external_name == "example.com");
    CHECK(dns.endpoints.empty());
    CHECK(dns.cluster_ips.empty());
}

TEST_CASE("plan_service_ports: addresses that lead into the node or to nobody become no rule, stored as they may be") {
    auto service = web();
    for (const char* ip : {"127.0.0.1", "169.254.1.1", "224.0.0.1", "0.0.0.0", "192.0.2.200"})
        service.spec.external_ips.push_back(api::Str(ip));
    auto slice = std::make_shared<api::EndpointSlice>(*three_endpoints()[0]);
    for (const char* ip : {"127.0.0.1", "169.254.1.1", "224.0.0.1", "0.0.0.0", "255.255.255.255"})
        slice->endpoints.emplace_back().addresses.push_back(api::Str(ip));
    const auto ports = plan_service_ports(service, {slice}, box);
    REQUIRE(ports.size() == 1);
    CHECK(ports[0].cluster_ips.size() == 2);
    CHECK(ports[0].endpoints == plan_service_ports(web(), three_endpoints(), box)[0].endpoints);
    service.spec.cluster_ip = "None";
    CHECK(plan_dns_service(service, {slice}).endpoints.size() == 3);
}

TEST_CASE("plan_service_ports: a Service of another proxy is left alone, and its name resolves") {
    for (const char* label : {"service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"}) {
        auto service = web();
        service.metadata.labels[label] = "";
        CHECK(plan_service_ports(service, three_endpoints(), box).empty());
        CHECK(plan_dns_service(service, three_endpoints()).cluster_ips.size() == 1);
    }
}

TEST_CASE("count_local_endpoints: those of the node that are ready, each once whatever its slices") {
    auto slices = three_endpoints();
    slices.push_back(slices[0]);
    CHECK(count_local_endpoints(slices, "box") == 1);
    CHECK(count_local_endpoints(slices, "third") == 0);
    auto slice = std::make_shared<api::EndpointSlice>(*slices[0]);
    slice->endpoints[0].conditions.ready = false;
    CHECK(count_local_endpoints({slice}, "box") == 0);
}

TEST_CASE("render_health: as kube-proxy answers") {
    const auto answer = render_health("default/web", 2, true);
    CHECK(answer.status == 200);
    CHECK(answer.body ==
          "{\n\t\"service\": {\n\t\t\"namespace\": \"default\",\n\t\t\"name\": \"web\"\n\t},\n\t\"localEndpoints\": 2,\n"
          "\t\"serviceProxyHealthy\": true\n}");
    CHECK(render_health("default/web", 0, true).status == 503);
    CHECK(render_health("default/web", 2, false).status == 503);
}
