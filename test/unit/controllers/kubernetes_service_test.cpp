#include "service/kubernetes_service.hpp"

#include <catch2/catch.hpp>

#include "controller_world.hpp"

using namespace orilla;
using orilla::test::ControllerWorld;

TEST_CASE("the kubernetes Service is there from the start") {
    ControllerWorld world;
    const auto service = world.get<api::Service>("kubernetes");
    REQUIRE(service);
    CHECK(service->spec.cluster_ip == "10.43.0.1");
    CHECK(service->spec.ports[0].port == 443);
    const auto slice = world.get<api::EndpointSlice>("kubernetes");
    REQUIRE(slice);
    REQUIRE(slice->endpoints.size() == 1);
    CHECK(slice->endpoints[0].addresses[0] == "192.0.2.10");
    CHECK(*slice->ports[0].port == 6443);
    const auto endpoints = world.get<api::Endpoints>("kubernetes");
    REQUIRE(endpoints);
    CHECK(endpoints->subsets[0].addresses[0].ip == "192.0.2.10");
}

TEST_CASE("the kubernetes Service comes back when it is deleted, with its address") {
    ControllerWorld world;
    REQUIRE(world.remove<api::Service>("kubernetes"));
    REQUIRE(world.remove<api::EndpointSlice>("kubernetes"));
    REQUIRE(world.get<api::Service>("kubernetes"));
    CHECK(world.get<api::Service>("kubernetes")->spec.cluster_ip == "10.43.0.1");
    CHECK(world.get<api::EndpointSlice>("kubernetes"));
}

TEST_CASE("plan_kubernetes_service: nothing to do when all is there") {
    ControllerWorld world;
    const auto service = world.get<api::Service>("kubernetes");
    const auto endpoints = world.get<api::Endpoints>("kubernetes");
    const auto slice = world.get<api::EndpointSlice>("kubernetes");
    const controllers::KubernetesObserved seen{service.get(), endpoints.get(), slice.get()};
    CHECK(controllers::plan_kubernetes_service({"10.43.0.1", "192.0.2.10", 6443}, seen).empty());
    // The box has another address today.
    CHECK(controllers::plan_kubernetes_service({"10.43.0.1", "192.0.2.11", 6443}, seen).size() == 2);
    // An earlier Service range.
    CHECK(controllers::plan_kubernetes_service({"10.50.0.1", "192.0.2.10", 6443}, seen).size() == 1);
}

TEST_CASE("plan_kubernetes_service: an API that nobody can reach has no endpoint") {
    const auto actions = controllers::plan_kubernetes_service({"10.43.0.1", "", 6443}, {});
    REQUIRE(actions.size() == 3);
    CHECK(std::get<controllers::PutEndpoints>(actions[1]).object.subsets.empty());
    CHECK(std::get<controllers::PutEndpointSlice>(actions[2]).object.endpoints.empty());
}
