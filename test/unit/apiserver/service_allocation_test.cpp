#include "admission/service_allocation.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "../controllers/controller_world.hpp"

using namespace orilla;
using orilla::test::ControllerWorld;
using orilla::test::service_with;

namespace {

const api::ServiceSpec& spec_of(const Result<std::shared_ptr<const api::Service>>& written) {
    REQUIRE(written);
    return (*written)->spec;
}

api::Service with_ip(api::Service service, std::string_view ip) {
    service.spec.cluster_ip = api::Str(ip);
    return service;
}

api::Service with_node_port(api::Service service, int32_t port) {
    service.spec.ports[0].node_port = port;
    return service;
}

}  // namespace

TEST_CASE("a new Service has its cluster IP in the answer") {
    ControllerWorld world;
    const auto web = world.create(service_with("web"));
    const api::ServiceSpec& spec = spec_of(web);
    CHECK(spec.cluster_ip.view().starts_with("10.43."));
    REQUIRE(spec.cluster_ips.size() == 1);
    CHECK(spec.cluster_ips[0] == spec.cluster_ip);
    REQUIRE(spec.ip_families.size() == 1);
    CHECK(spec.ip_families[0] == "IPv4");
    CHECK(spec.ip_family_policy == "SingleStack");
    CHECK(spec.ports[0].node_port == 0);
}

TEST_CASE("two Services never share an address") {
    ControllerWorld world;
    std::set<std::string> ips;
    for (int i = 0; i < 50; ++i) ips.insert(spec_of(world.create(service_with("s" + std::to_string(i)))).cluster_ip.str());
    CHECK(ips.size() == 50);
    CHECK_FALSE(ips.contains("10.43.0.1"));
    CHECK_FALSE(ips.contains("10.43.0.10"));
}

TEST_CASE("a headless Service holds no address") {
    ControllerWorld world;
    const auto web = world.create(with_ip(service_with("web"), "None"));
    CHECK(spec_of(web).cluster_ip == "None");
    REQUIRE(spec_of(web).cluster_ips.size() == 1);
    CHECK(spec_of(web).cluster_ips[0] == "None");
}

TEST_CASE("an address that was asked for is given, once") {
    ControllerWorld world;
    CHECK(spec_of(world.create(with_ip(service_with("a"), "10.43.7.7"))).cluster_ip == "10.43.7.7");
    const auto refused = world.create(with_ip(service_with("b"), "10.43.7.7"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::invalid);
    CHECK(refused.error().message() ==
          "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.43.7.7\"]: failed to "
          "allocate IP 10.43.7.7: provided IP is already allocated");
    REQUIRE(world.remove<api::Service>("a"));
    CHECK(world.create(with_ip(service_with("b"), "10.43.7.7")));
}

TEST_CASE("an address outside the range is refused") {
    ControllerWorld world;
    const auto refused = world.create(with_ip(service_with("a"), "10.44.0.1"));
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message(), Catch::Contains("the provided IP (10.44.0.1) is not in the valid range. The range of "
                                                          "valid IPs is 10.43.0.0/16"));
    CHECK_FALSE(world.create(with_ip(service_with("b"), "10.43.0.0")));
    CHECK_FALSE(world.create(with_ip(service_with("c"), "10.43.255.255")));
    CHECK_FALSE(world.create(with_ip(service_with("d"), "10.43.0.1")));
    CHECK(world.create(with_ip(service_with("e"), "10.43.0.10")));
}

TEST_CASE("a range that is used up says so, and serves again once one is free") {
    ControllerWorld world("10.43.0.0/28");  // 14 hosts, less kubernetes and kube-dns
    for (int i = 0; i < 12; ++i) REQUIRE(world.create(service_with("s" + std::to_string(i))));
    const auto refused = world.create(service_with("more"));
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message(), Catch::Contains("failed to allocate a serviceIP: range is full"));
    REQUIRE(world.remove<api::Service>("s3"));
    CHECK(world.create(service_with("more")));
}

TEST_CASE("a refused or imagined Service holds nothing") {
    ControllerWorld world;
    api::Service bad = with_node_port(with_ip(service_with("bad", "NodePort"), "10.43.9.9"), 30100);
    bad.spec.ports[0].protocol = "SMTP";
    CHECK_FALSE(world.create(bad));
    CHECK(world.run(world.objects.create(api::Object(with_ip(service_with("dry"), "10.43.9.9")), {.dry_run = true})));
    REQUIRE(world.create(with_node_port(with_ip(service_with("good", "NodePort"), "10.43.9.9"), 30100)));
    CHECK_FALSE(world.create(with_node_port(with_ip(service_with("good", "NodePort"), "10.43.9.10"), 30101)));  // exists
    CHECK(world.create(with_node_port(with_ip(service_with("next", "NodePort"), "10.43.9.10"), 30101)));
}

TEST_CASE("a Service whose writer went away while it was written holds nothing unless it is stored") {
    ControllerWorld world;
    using Written = Result<std::shared_ptr<const api::Service>>;
    const api::Service first = with_ip(service_with("a"), "10.43.7.7");
    const api::Service second = with_node_port(with_ip(service_with("a", "NodePort"), "10.43.8.8"), 30100);
    test::Started<Written> creating(world.loop, world.objects.create<api::Service>(first));
    test::Started<Written> too_late(world.loop, world.objects.create<api::Service>(second));
    REQUIRE_FALSE(creating.done());
    creating.cancel();
    too_late.cancel();
    world.settle();
    CHECK(world.get<api::Service>("a")->spec.cluster_ip == "10.43.7.7");
    CHECK_FALSE(world.create(with_ip(service_with("b"), "10.43.7.7")));
    CHECK(world.create(with_node_port(with_ip(service_with("b", "NodePort"), "10.43.8.8"), 30100)));
}

TEST_CASE("a port that was taken for an update is free when its writer went away and the update was refused") {
    ControllerWorld world;
    REQUIRE(world.create(service_with("a")));
    const auto to_port = [](int32_t port) -> std::function<Result<void>(api::Service&)> {
        return [port](api::Service& service) -> Result<void> {
            service.spec.type = "NodePort";
            service.spec.ports[0].node_port = port;
            return ok();
        };
    };
    using Written = Result<std::shared_ptr<const api::Service>>;
    test::Started<Written> first(world.loop, world.objects.modify<api::Service>("default", "a", to_port(30100)));
    test::Started<Written> too_late(world.loop, world.objects.modify<api::Service>("default", "a", to_port(30101)));
    REQUIRE_FALSE(first.done());
    too_late.cancel();
    world.settle();
    CHECK(world.get<api::Service>("a")->spec.ports[0].node_port == 30100);
    CHECK(world.create(with_node_port(service_with("b", "NodePort"), 30101)));
}

TEST_CASE("node ports are given, kept and checked") {
    ControllerWorld world;
    const auto web = world.create(service_with("web", "NodePort"));
    const int32_t port = spec_of(web).ports[0].node_port;
    CHECK(port >= 30000);
    CHECK(port <= 32767);
    const auto refused = world.create(with_node_port(service_with("other", "NodePort"), port));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() == "Service \"other\" is invalid: spec.ports[0].nodePort: Invalid value: " +
                                           std::to_string(port) + ": provided port is already allocated");
    CHECK_THAT(world.create(with_node_port(service_with("low", "NodePort"), 80)).error().message(),
               Catch::Contains("provided port is not in the valid range. The range of valid ports is 30000-32767"));
}

TEST_CASE("one node port serves TCP and UDP of one port") {
    ControllerWorld world;
    api::Service dns = service_with("dns", "NodePort", 53);
    dns.spec.ports[0].name = "tcp";
    api::ServicePort udp = dns.spec.ports[0];
    udp.name = "udp";
    udp.protocol = "UDP";
    dns.spec.ports.push_back(udp);
    const auto made = world.create(dns);
    CHECK(spec_of(made).ports[0].node_port == spec_of(made).ports[1].node_port);
}

TEST_CASE("an update that leaves addresses out keeps them") {
    ControllerWorld world;
    const auto before = world.create(service_with("web", "NodePort"));
    api::Service bare = service_with("web", "NodePort");
    bare.metadata.labels["tier"] = "front";
    const auto after = world.run(world.objects.update<api::Service>(bare));
    CHECK(spec_of(after).cluster_ip == spec_of(before).cluster_ip);
    CHECK(spec_of(after).cluster_ips == spec_of(before).cluster_ips);
    CHECK(spec_of(after).ports[0].node_port == spec_of(before).ports[0].node_port);
}

TEST_CASE("a cluster IP may not change") {
    ControllerWorld world;
    REQUIRE(world.create(service_with("web")));
    const auto changed = world.edit<api::Service>("web", [](api::Service& service) { service.spec.cluster_ip = "10.43.3.3"; });
    REQUIRE_FALSE(changed);
    CHECK_THAT(changed.error().message(), Catch::Contains("may not change once set"));
    CHECK(world.create(with_ip(service_with("other"), "10.43.3.3")));
}

TEST_CASE("ClusterIP to NodePort and back takes a port and gives it up") {
    ControllerWorld world;
    REQUIRE(world.create(service_with("web")));
    const auto node_port = world.edit<api::Service>("web", [](api::Service& service) { service.spec.type = "NodePort"; });
    const int32_t port = spec_of(node_port).ports[0].node_port;
    REQUIRE(port != 0);
    const auto back = world.edit<api::Service>("web", [](api::Service& service) { service.spec.type = "ClusterIP"; });
    CHECK(spec_of(back).ports[0].node_port == 0);
    CHECK(spec_of(back).external_traffic_policy.empty());
    CHECK(world.create(with_node_port(service_with("other", "NodePort"), port)));
}

TEST_CASE("a node port that was exchanged for another is free") {
    ControllerWorld world;
    REQUIRE(world.create(with_node_port(service_with("web", "NodePort"), 30500)));
    REQUIRE(world.edit<api::Service>("web", [](api::Service& service) { service.spec.ports[0].node_port = 30501; }));
    CHECK(world.create(with_node_port(service_with("a", "NodePort"), 30500)));
    CHECK_FALSE(world.create(with_node_port(service_with("b", "NodePort"), 30501)));
}

TEST_CASE("what existing Services hold is taken after a restart") {
    ControllerWorld world;
    REQUIRE(world.create(with_node_port(with_ip(service_with("web", "NodePort"), "10.43.5.5"), 30555)));
    apiserver::ServiceAllocation again(world.objects, "10.43.0.0/16");
    api::Service taken = with_ip(service_with("thief"), "10.43.5.5");
    taken.metadata.uid = "thief";
    taken.spec.ports[0].protocol = "TCP";
    api::Object object(std::move(taken));
    {
        const objects::WriteContext context;
        objects::Undo undo;
        const objects::AdmissionRequest request{{object.kind(), objects::Operation::create}, context, undo};
        CHECK_FALSE(world.run(again.on_create(object, request)));
    }
    CHECK(again.held_ips() == 2);  // and kubernetes
    CHECK(again.held_ports() == 1);
}

TEST_CASE("no address is lost or given twice, whatever writes are under way together") {
    constexpr size_t free_max = 28;  // of the 30 hosts of a /27, less kubernetes and kube-dns
    for (uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        ControllerWorld world("10.43.0.0/27");
        test::SeededRandom random(seed);
        using Written = Result<std::shared_ptr<const api::Service>>;
        std::vector<test::Started<Written>> writes;
        std::vector<test::Started<Result<objects::Removed>>> removals;
        for (int step = 0; step < 120; ++step) {
            const std::string name = "s" + std::to_string(random.below(40));
            const bool node_port = random.below(2) != 0;
            if (random.below(3) == 0) {
                removals.emplace_back(world.loop, world.objects.remove<api::Service>("default", name));
            } else if (random.below(2) == 0) {
                api::Service service = service_with(name, node_port ? "NodePort" : "ClusterIP");
                if (random.below(4) == 0) service.spec.cluster_ip = api::Str("10.43.0." + std::to_string(1 + random.below(30)));
                if (node_port && random.below(2))
                    service.spec.ports[0].node_port = static_cast<int32_t>(30000 + random.below(10));
                writes.emplace_back(world.loop, world.objects.create<api::Service>(std::move(service)));
            } else {
                const auto port = static_cast<int32_t>(random.below(2) ? 30000 + random.below(10) : 0);
                std::function<Result<void>(api::Service&)> change = [node_port, port](api::Service& service) -> Result<void> {
                    service.spec.type = node_port ? "NodePort" : "ClusterIP";
                    if (node_port && port != 0) service.spec.ports[0].node_port = port;
                    return ok();
                };
                writes.emplace_back(world.loop, world.objects.modify<api::Service>("default", name, std::move(change)));
            }
            for (uint64_t turns = random.below(4); turns > 0; --turns) world.loop.turn(false);
            if (!writes.empty() && random.below(4) == 0) writes[random.below(writes.size())].cancel();
        }
        world.settle();
        std::multiset<std::string> ips;
        std::multiset<int32_t> ports;
        for (const auto& service : world.objects.list<api::Service>()) {
            ips.insert(service->spec.cluster_ip.str());
            if (service->spec.ports[0].node_port != 0) ports.insert(service->spec.ports[0].node_port);
        }
        CHECK(std::set<std::string>(ips.begin(), ips.end()).size() == ips.size());
        CHECK(std::set<int32_t>(ports.begin(), ports.end()).size() == ports.size());
        for (const auto& service : world.objects.list<api::Service>())
            if (service->metadata.name != "kubernetes") REQUIRE(world.remove<api::Service>(service->metadata.name.str()));
        for (size_t i = 0; i < free_max; ++i) CHECK(world.create(service_with("n" + std::to_string(i))));
        CHECK_FALSE(world.create(service_with("more")));
        for (int32_t port = 30000; port < 30010; ++port)
            CHECK(world.edit<api::Service>("n" + std::to_string(port - 30000), [port](api::Service& service) {
                service.spec.type = "NodePort";
                service.spec.ports[0].node_port = port;
            }));
    }
}

TEST_CASE("a LoadBalancer gets node ports, unless it says that it wants none") {
    ControllerWorld world;
    CHECK(spec_of(world.create(service_with("web", "LoadBalancer"))).ports[0].node_port >= 30000);
    api::Service without = service_with("without", "LoadBalancer");
    without.spec.allocate_load_balancer_node_ports = false;
    CHECK(spec_of(world.create(without)).ports[0].node_port == 0);
    without = with_node_port(service_with("named", "LoadBalancer"), 30080);
    without.spec.allocate_load_balancer_node_ports = false;
    CHECK(spec_of(world.create(without)).ports[0].node_port == 30080);
    // Those that it has stay.
    const auto edited = world.edit<api::Service>("web", [](auto& web) { web.spec.allocate_load_balancer_node_ports = false; });
    CHECK(spec_of(edited).ports[0].node_port >= 30000);
}

TEST_CASE("a health check's port comes with the policy, stays, and goes with it") {
    ControllerWorld world;
    api::Service web = service_with("web", "LoadBalancer");
    web.spec.external_traffic_policy = "Local";
    const int32_t port = spec_of(world.create(web)).health_check_node_port;
    CHECK(port >= 30000);
    CHECK(port != world.get<api::Service>("web")->spec.ports[0].node_port);
    CHECK_FALSE(world.create(with_node_port(service_with("other", "NodePort"), port)));
    web.spec.health_check_node_port = 0;  // a client that does not know of it
    web.spec.ports[0].node_port = 0;
    CHECK(spec_of(world.create(web = service_with("b", "LoadBalancer"))).health_check_node_port == 0);
    CHECK_FALSE(world.edit<api::Service>("web", [](auto& one) { one.spec.health_check_node_port = 31999; }));
    CHECK(spec_of(world.edit<api::Service>("web", [](auto& one) {
              one.spec.health_check_node_port = 0;
          })).health_check_node_port == port);
    CHECK(spec_of(world.edit<api::Service>("web", [](auto& one) {
              one.spec.external_traffic_policy = "Cluster";
          })).health_check_node_port == 0);
    CHECK(world.create(with_node_port(service_with("other", "NodePort"), port)));
}

TEST_CASE("a type that is left takes along what only it had, unless the client changed that") {
    ControllerWorld world;
    api::Service web = service_with("web", "LoadBalancer");
    web.spec.external_traffic_policy = "Local";
    web.spec.load_balancer_class = api::Str("x/y");
    REQUIRE(world.create(web));
    REQUIRE(world.edit_status<api::Service>(
        "web", [](auto& one) { one.status.load_balancer.ingress.emplace_back().ip = "192.0.2.9"; }));
    auto spec = spec_of(world.edit<api::Service>("web", [](auto& one) {
        one.spec.type = "ExternalName";
        one.spec.external_name = "example.com";
    }));
    CHECK(spec.cluster_ip.empty());
    CHECK(spec.cluster_ips.empty());
    CHECK(spec.ip_families.empty());
    CHECK_FALSE(spec.ip_family_policy);
    CHECK(spec.ports[0].node_port == 0);
    CHECK(spec.health_check_node_port == 0);
    CHECK(spec.external_traffic_policy.empty());
    CHECK_FALSE(spec.load_balancer_class);
    CHECK_FALSE(spec.allocate_load_balancer_node_ports);
    CHECK(world.get<api::Service>("web")->status.load_balancer.ingress.empty());
    spec = spec_of(world.edit<api::Service>("web", [](auto& one) { one.spec.type = "NodePort"; }));
    CHECK(spec.cluster_ip.view().starts_with("10.43."));
    CHECK(spec.ports[0].node_port >= 30000);
    CHECK(spec.external_traffic_policy == "Cluster");
    CHECK_FALSE(world.edit<api::Service>("web", [](auto& one) {
        one.spec.type = "ExternalName";
        one.spec.cluster_ip = "10.43.0.77";
    }));
}
