#include "orilla/proxy/service_proxy.hpp"

#include <catch2/catch.hpp>

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
    const auto ports = plan_service_ports(service, three_endpoints(), "box");
    REQUIRE(ports.size() == 1);
    CHECK(ports[0].cluster_ips.size() == 2);
    CHECK(ports[0].node_port == 30080);
    CHECK(ports[0].endpoints.size() == 3);
}

TEST_CASE("plan_service_ports: internalTrafficPolicy Local leaves this node's endpoints, but not for the node port") {
    auto service = web();
    service.spec.internal_traffic_policy = api::Str("Local");
    const auto ports = plan_service_ports(service, three_endpoints(), "box");
    REQUIRE(ports.size() == 2);
    CHECK(ports[0].cluster_ips.empty());
    CHECK(ports[0].node_port == 30080);
    CHECK(ports[0].endpoints.size() == 3);
    CHECK(ports[1].cluster_ips.size() == 1);
    CHECK(ports[1].node_port == 0);
    REQUIRE(ports[1].endpoints.size() == 1);
    CHECK(ports[1].endpoints[0].ip.text() == "10.42.0.2");
}

TEST_CASE("plan_service_ports: addresses that lead into the node or to nobody become no rule, stored as they may be") {
    auto service = web();
    for (const char* ip : {"127.0.0.1", "169.254.1.1", "224.0.0.1", "0.0.0.0", "192.0.2.200"})
        service.spec.external_ips.push_back(api::Str(ip));
    auto slice = std::make_shared<api::EndpointSlice>(*three_endpoints()[0]);
    for (const char* ip : {"127.0.0.1", "169.254.1.1", "224.0.0.1", "0.0.0.0", "255.255.255.255"})
        slice->endpoints.emplace_back().addresses.push_back(api::Str(ip));
    const auto ports = plan_service_ports(service, {slice}, "box");
    REQUIRE(ports.size() == 1);
    CHECK(ports[0].cluster_ips.size() == 2);
    CHECK(ports[0].endpoints == plan_service_ports(web(), three_endpoints(), "box")[0].endpoints);
    service.spec.cluster_ip = "None";
    CHECK(plan_dns_service(service, {slice}).endpoints.size() == 3);
}

TEST_CASE("plan_service_ports: a Service of another proxy is left alone, and its name resolves") {
    for (const char* label : {"service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"}) {
        auto service = web();
        service.metadata.labels[label] = "";
        CHECK(plan_service_ports(service, three_endpoints(), "box").empty());
        CHECK(plan_dns_service(service, three_endpoints()).cluster_ips.size() == 1);
    }
}
