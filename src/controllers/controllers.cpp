#include "orilla/controllers/controllers.hpp"

#include "cluster/garbage_collector.hpp"
#include "cluster/namespace_controller.hpp"
#include "cluster/pod_gc.hpp"
#include "orilla/kinds/validation.hpp"
#include "service/endpoints_controller.hpp"
#include "service/kubernetes_service.hpp"
#include "service/service_allocation.hpp"
#include "terms.hpp"
#include "workload/deployment_controller.hpp"
#include "workload/replicaset_controller.hpp"

namespace orilla::controllers {
namespace {

ApiPlace api_place(const ControllersOptions& options) {
    const auto range = parse_ipv4_range(options.service_cidr);
    // An API that only listens on the loopback is out of the pods' reach: better no endpoint than one that never answers.
    // Nor may an endpoint have a link-local address.
    const bool reachable = api::special_address(options.api_ip).empty();
    return {range ? render_ipv4(range->base + 1) : "", reachable ? options.api_ip : "", options.api_port};
}

}  // namespace

struct Controllers::Impl {
    Impl(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, const ControllersOptions& options)
        : allocation(options.service_cidr),
          services(loop, objects.store(), "services", [this](const store::WatchEvent& event) { service_changed(event); }),
          objects_(objects),
          pods(loop, objects, api::kind_of<api::Pod>(), owner_and_label_terms),
          sets(loop, objects, api::kind_of<api::ReplicaSet>(), owner_terms),
          kubernetes(loop, objects, api_place(options)),
          endpoints(loop, objects, pods),
          namespaces(loop, objects),
          pod_collector(loop, objects, options.node_name),
          garbage(loop, objects, events, [this](const store::WatchEvent& event) { something_changed(event); }),
          replicasets(loop, objects, events, sets, pods),
          deployments(loop, objects, events, sets, pods) {
        // Before the first write of a Service: the addresses that are taken are known from here on.
        for (const auto& service : objects.list<api::Service>()) allocation.adopt(*service);
        objects.add_admission(allocation);
    }

    /// An update that was stored may have given up addresses.
    void service_changed(const store::WatchEvent& event) {
        if (event.type != store::WatchEvent::Type::modified) return;
        const auto before = object_of(objects_, api::kind_of<api::Service>(), event.previous);
        const auto now = object_of(objects_, api::kind_of<api::Service>(), event.entry);
        if (before && now) allocation.settle(before->as<api::Service>(), now->as<api::Service>());
    }

    void something_changed(const store::WatchEvent& event) {
        if (event.type == store::WatchEvent::Type::deleted) namespaces.content_gone(event.entry->key);
        if (event.entry->key.resource == "pods") pod_collector.pod_changed(event);
    }

    ServiceAllocation allocation;
    objects::Follower services;
    objects::Objects& objects_;
    objects::TermIndex pods, sets;  ///< for all of them
    KubernetesServiceController kubernetes;
    EndpointsController endpoints;
    NamespaceController namespaces;
    PodCollector pod_collector;
    GarbageCollector garbage;
    ReplicaSetController replicasets;
    DeploymentController deployments;
};

Controllers::Controllers(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, ControllersOptions options)
    : impl_(std::make_unique<Impl>(loop, objects, events, options)) {}
Controllers::~Controllers() = default;

void Controllers::start() {
    impl_->services.start();
    impl_->kubernetes.start();
    impl_->endpoints.start();
    impl_->namespaces.start();
    impl_->pod_collector.start();
    impl_->garbage.start();
    impl_->deployments.start();
    impl_->sets.start();
    impl_->pods.start();
}

std::vector<std::pair<std::string, loop::WorkerCounters>> Controllers::counters() const {
    return {{"kubernetes-service", impl_->kubernetes.counters()},
            {"endpoints", impl_->endpoints.counters()},
            {"namespace", impl_->namespaces.counters()},
            {"pod-garbage-collector", impl_->pod_collector.counters()},
            {"garbage-collector", impl_->garbage.counters()},
            {"replicaset", impl_->replicasets.counters()},
            {"deployment", impl_->deployments.counters()}};
}

}  // namespace orilla::controllers
