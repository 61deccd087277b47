#include "service/endpoints_plan.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "controller_world.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::ControllerWorld;
using orilla::test::pod_with;
using orilla::test::service_with;

namespace {

struct EndpointsWorld : ControllerWorld {
    /// A pod of `app` that runs at `ip`.
    void run_pod(const std::string& name, const std::string& ip, bool ready = true, std::string_view app = "web") {
        REQUIRE(create(pod_with(name, app)));
        start_pod(name, ip, ready);
    }
    void start_pod(const std::string& name, const std::string& ip, bool ready = true) {
        REQUIRE(edit_status<api::Pod>(name, [ip, ready](api::Pod& pod) {
            pod.status.phase = "Running";
            pod.status.pod_ip = api::Str(ip);
            test::set_ready(pod, ready);
        }));
    }
    std::vector<std::shared_ptr<const api::EndpointSlice>> slices(std::string_view service = "web") {
        std::vector<std::shared_ptr<const api::EndpointSlice>> out;
        for (const auto& slice : objects.list<api::EndpointSlice>("default")) {
            const auto* label = slice->metadata.labels.get("kubernetes.io/service-name");
            if (label && *label == service) out.push_back(slice);
        }
        return out;
    }
    /// IP -> conditions.ready of the only slice.
    std::map<std::string, bool> ready_by_ip(std::string_view service = "web") {
        std::map<std::string, bool> out;
        for (const auto& slice : slices(service))
            for (const auto& endpoint : slice->endpoints)
                out[endpoint.addresses[0].str()] = endpoint.conditions.ready.value_or(true);
        return out;
    }
};

api::Pod pod_with_port(std::string_view name, std::string_view port_name, int32_t number) {
    api::Pod pod = pod_with(name, "web");
    api::ContainerPort port;
    port.name = api::Str(port_name);
    port.container_port = number;
    pod.spec.containers[0].ports.push_back(std::move(port));
    return pod;
}

}  // namespace

TEST_CASE("endpoints: a Service without pods has one empty slice and empty Endpoints") {
    EndpointsWorld world;
    REQUIRE(world.create(service_with("web")));
    REQUIRE(world.slices().size() == 1);
    const auto slice = world.slices()[0];
    CHECK(slice->endpoints.empty());
    CHECK(slice->metadata.name.view().starts_with("web-"));
    CHECK(*slice->metadata.labels.get("endpointslice.kubernetes.io/managed-by") == "endpointslice-controller.k8s.io");
    CHECK(slice->metadata.owner_references[0].kind == "Service");
    REQUIRE(world.get<api::Endpoints>("web"));
    CHECK(world.get<api::Endpoints>("web")->subsets.empty());
}

TEST_CASE("endpoints: pods come and go in one slice that keeps its name") {
    EndpointsWorld world;
    REQUIRE(world.create(service_with("web")));
    const std::string name = world.slices()[0]->metadata.name.str();
    world.run_pod("a", "10.42.0.2");
    world.run_pod("b", "10.42.0.3", false);
    world.run_pod("other", "10.42.0.4", true, "db");
    CHECK(world.ready_by_ip() == std::map<std::string, bool>{{"10.42.0.2", true}, {"10.42.0.3", false}});
    REQUIRE(world.slices().size() == 1);
    CHECK(world.slices()[0]->metadata.name == name);
    CHECK(*world.slices()[0]->ports[0].port == 80);
    CHECK(world.slices()[0]->endpoints[0].target_ref->name == "a");
    world.start_pod("b", "10.42.0.3");
    CHECK(world.ready_by_ip()["10.42.0.3"]);
    REQUIRE(world.remove<api::Pod>("a"));
    CHECK(world.ready_by_ip() == std::map<std::string, bool>{{"10.42.0.3", true}});
    const auto endpoints = world.get<api::Endpoints>("web");
    REQUIRE(endpoints->subsets.size() == 1);
    CHECK(endpoints->subsets[0].addresses[0].ip == "10.42.0.3");
    CHECK(endpoints->subsets[0].ports[0].port == 80);
}

TEST_CASE("endpoints: nothing is written when nothing changed") {
    EndpointsWorld world;
    REQUIRE(world.create(service_with("web")));
    world.run_pod("a", "10.42.0.2");
    const std::string before = world.slices()[0]->metadata.resource_version.str();
    const std::string endpoints = world.get<api::Endpoints>("web")->metadata.resource_version.str();
    REQUIRE(world.edit<api::Pod>("a", [](api::Pod& pod) { pod.metadata.annotations["note"] = "1"; }));
    REQUIRE(world.edit<api::Pod>("a", [](api::Pod& pod) { pod.metadata.labels["note"] = "1"; }));
    CHECK(world.slices()[0]->metadata.resource_version == before);
    CHECK(world.get<api::Endpoints>("web")->metadata.resource_version == endpoints);
}

TEST_CASE("plan_endpoints: does nothing when all is as wanted") {
    EndpointsWorld world;
    REQUIRE(world.create(service_with("web")));
    world.run_pod("a", "10.42.0.2");
    const auto service = world.get<api::Service>("web");
    const auto pod = world.get<api::Pod>("a");
    const auto endpoints = world.get<api::Endpoints>("web");
    const auto slices = world.slices();
    EndpointsObserved seen{service.get(), {pod.get()}, {slices[0].get()}, endpoints.get()};
    CHECK(plan_endpoints("web", seen).empty());
    seen.pods.clear();
    CHECK(plan_endpoints("web", seen).size() == 2);
}

TEST_CASE("endpoints: a terminating pod still serves but is not ready") {
    EndpointsWorld world;
    REQUIRE(world.create(service_with("web")));
    world.run_pod("a", "10.42.0.2");
    REQUIRE(world.run(world.objects.bind("default", "a", "node")));
    REQUIRE(world.remove<api::Pod>("a"));
    REQUIRE(world.get<api::Pod>("a"));  // within its grace period
    const auto slice = world.slices()[0];
    REQUIRE(slice->endpoints.size() == 1);
    CHECK(slice->endpoints[0].conditions.ready == false);
    CHECK(slice->endpoints[0].conditions.serving == true);
    CHECK(slice->endpoints[0].conditions.terminating == true);
    CHECK(world.get<api::Endpoints>("web")->subsets.empty());
}

TEST_CASE("endpoints: publishNotReadyAddresses counts unready pods as ready") {
    EndpointsWorld world;
    api::Service service = service_with("web");
    service.spec.publish_not_ready_addresses = true;
    REQUIRE(world.create(service));
    world.run_pod("a", "10.42.0.2", false);
    CHECK(world.ready_by_ip()["10.42.0.2"]);
    CHECK(world.get<api::Endpoints>("web")->subsets[0].addresses.size() == 1);
}

TEST_CASE("endpoints: a named port is each pod's own") {
    EndpointsWorld world;
    api::Service service = service_with("web");
    service.spec.ports[0].name = "http";
    service.spec.ports[0].target_port = api::Str("web");
    REQUIRE(world.create(service));
    REQUIRE(world.create(pod_with_port("a", "web", 8080)));
    REQUIRE(world.create(pod_with_port("b", "web", 9090)));
    REQUIRE(world.create(pod_with_port("c", "web", 8080)));
    world.start_pod("a", "10.42.0.2");
    world.start_pod("b", "10.42.0.3");
    world.start_pod("c", "10.42.0.4");
    std::map<int32_t, size_t> endpoints_by_port;
    for (const auto& slice : world.slices()) {
        REQUIRE(slice->ports.size() == 1);
        CHECK(slice->ports[0].name == "http");
        endpoints_by_port[*slice->ports[0].port] = slice->endpoints.size();
    }
    CHECK(endpoints_by_port == std::map<int32_t, size_t>{{8080, 2}, {9090, 1}});
    CHECK(world.get<api::Endpoints>("web")->subsets.size() == 2);
}

TEST_CASE("endpoints: a headless Service without ports names its pods' hosts") {
    EndpointsWorld world;
    api::Service service = service_with("web");
    service.spec.cluster_ip = "None";
    service.spec.ports.clear();
    REQUIRE(world.create(service));
    api::Pod pod = pod_with("a", "web");
    pod.spec.hostname = "first";
    pod.spec.subdomain = "web";
    REQUIRE(world.create(pod));
    world.start_pod("a", "10.42.0.2");
    const auto slice = world.slices()[0];
    CHECK(slice->metadata.labels.contains("service.kubernetes.io/headless"));
    CHECK(slice->ports.empty());
    REQUIRE(slice->endpoints.size() == 1);
    CHECK(slice->endpoints[0].hostname == "first");
    CHECK(world.get<api::Endpoints>("web")->subsets[0].addresses[0].hostname == "first");
}

TEST_CASE("endpoints: a slice holds at most 100, and fills up again where there is room") {
    EndpointsWorld world;
    REQUIRE(world.create(service_with("web")));
    for (int i = 0; i < 105; ++i) world.run_pod("p" + std::to_string(i), "10.42.1." + std::to_string(i + 1));
    REQUIRE(world.slices().size() == 2);
    std::multiset<size_t> sizes;
    for (const auto& slice : world.slices()) sizes.insert(slice->endpoints.size());
    CHECK(sizes == std::multiset<size_t>{5, 100});
    CHECK(world.ready_by_ip().size() == 105);
    for (int i = 0; i < 105; i += 2) REQUIRE(world.remove<api::Pod>("p" + std::to_string(i)));
    CHECK(world.ready_by_ip().size() == 52);
}

TEST_CASE("endpoints: slices that people made are left alone") {
    EndpointsWorld world;
    api::Service service = service_with("web");
    service.spec.selector.clear();
    REQUIRE(world.create(service));
    api::EndpointSlice mine;
    mine.metadata.name = "mine";
    mine.metadata.namespace_ = "default";
    mine.metadata.labels["kubernetes.io/service-name"] = "web";
    mine.address_type = "IPv4";
    REQUIRE(world.create(mine));
    CHECK(world.slices().size() == 1);
    CHECK_FALSE(world.get<api::Endpoints>("web"));
}

TEST_CASE("endpoints: Endpoints of a Service without selector are mirrored into a slice") {
    EndpointsWorld world;
    api::Service service = service_with("web");
    service.spec.selector.clear();
    REQUIRE(world.create(service));
    api::Endpoints mine;
    mine.metadata.name = "web";
    mine.metadata.namespace_ = "default";
    mine.subsets.emplace_back();
    mine.subsets[0].addresses.emplace_back().ip = "192.0.2.7";
    mine.subsets[0].ports.emplace_back().port = 5432;
    REQUIRE(world.create(mine));
    REQUIRE(world.slices().size() == 1);
    CHECK(world.ready_by_ip() == std::map<std::string, bool>{{"192.0.2.7", true}});
    CHECK(*world.slices()[0]->ports[0].port == 5432);
    REQUIRE(world.edit<api::Endpoints>("web", [](api::Endpoints& edited) { edited.subsets[0].addresses[0].ip = "192.0.2.8"; }));
    CHECK(world.slices().size() == 1);
    CHECK(world.ready_by_ip() == std::map<std::string, bool>{{"192.0.2.8", true}});
    REQUIRE(world.remove<api::Service>("web"));
    CHECK(world.slices().empty());
    CHECK(world.get<api::Endpoints>("web"));  // it is its maker's
}

TEST_CASE("plan_endpoints: an address that leads nowhere is no endpoint") {
    api::Service service = service_with("web");
    service.metadata.namespace_ = "default";
    api::Pod pod = pod_with("a", "web");
    pod.status.phase = "Running";
    std::vector<const api::Pod*> pods{&pod};
    for (const char* ip : {"127.0.0.1", "169.254.7.7", "0.0.0.0"}) {
        pod.status.pod_ip = api::Str(ip);
        CHECK(group_endpoints(service, pods).empty());
    }
    pod.status.pod_ip = "192.0.2.1";
    CHECK(group_endpoints(service, pods).size() == 1);
    // Endpoints that an older Orilla let in are not mirrored.
    service.spec.selector.clear();
    api::Endpoints endpoints;
    endpoints.metadata.name = "web";
    for (const char* ip : {"127.0.0.1", "192.0.2.7"})
        endpoints.subsets.emplace_back().addresses.emplace_back().ip = api::Str(ip);
    const auto actions = plan_endpoints("web", {&service, {}, {}, &endpoints});
    REQUIRE(actions.size() == 1);
    const auto& slice = std::get<CreateSlice>(actions[0]).object;
    REQUIRE(slice.endpoints.size() == 1);
    CHECK(slice.endpoints[0].addresses[0] == "192.0.2.7");
}

TEST_CASE("endpoints: the older Endpoints go with their Service") {
    EndpointsWorld world;
    REQUIRE(world.create(service_with("web")));
    REQUIRE(world.get<api::Endpoints>("web"));
    REQUIRE(world.remove<api::Service>("web"));
    CHECK_FALSE(world.get<api::Endpoints>("web"));
}

TEST_CASE("endpoints: trafficDistribution becomes hints of ready endpoints, and zones are the nodes'") {
    EndpointsWorld world;
    api::Node node;
    node.metadata.name = "box";
    node.metadata.labels["topology.kubernetes.io/zone"] = "attic";
    REQUIRE(world.create(node));
    for (const char* name : {"ready", "unready"}) {
        api::Pod pod = pod_with(name, "web");
        pod.spec.node_name = "box";
        REQUIRE(world.create(pod));
        world.start_pod(name, name[0] == 'r' ? "10.42.0.2" : "10.42.0.3", name[0] == 'r');
    }
    REQUIRE(world.create(service_with("web")));
    const auto endpoint = [&](size_t i) { return world.slices()[0]->endpoints[i]; };
    CHECK(endpoint(0).zone == "attic");
    CHECK_FALSE(endpoint(0).hints);
    const auto prefer = [&](const char* how) {
        REQUIRE(world.edit<api::Service>("web", [how](auto& one) { one.spec.traffic_distribution = api::Str(how); }));
    };
    prefer("PreferClose");
    REQUIRE(endpoint(0).hints);
    CHECK(endpoint(0).hints->for_zones[0].name == "attic");
    CHECK(endpoint(0).hints->for_nodes.empty());
    CHECK_FALSE(endpoint(1).hints);
    prefer("PreferSameNode");
    CHECK(endpoint(0).hints->for_nodes[0].name == "box");
    REQUIRE(world.edit<api::Node>(
        "box", [](auto& one) { one.metadata.labels["topology.kubernetes.io/zone"] = "cellar"; }, ""));
    CHECK(endpoint(0).hints->for_zones[0].name == "cellar");
}
