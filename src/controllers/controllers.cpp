#include "orilla/controllers/controllers.hpp"

#include "cluster/disruption_marks.hpp"
#include "cluster/garbage_collector.hpp"
#include "cluster/namespace_controller.hpp"
#include "cluster/pod_gc.hpp"
#include "cluster/priority_classes.hpp"
#include "cluster/resource_quotas.hpp"
#include "cluster/routing_classes.hpp"
#include "cluster/taint_eviction.hpp"
#include "service/endpoints_controller.hpp"
#include "service/kubernetes_service.hpp"
#include "storage/claim_controller.hpp"
#include "storage/ephemeral_claims.hpp"
#include "storage/snapshot_content_controller.hpp"
#include "storage/snapshot_controller.hpp"
#include "storage/volume_controller.hpp"
#include "workload/autoscaler_controller.hpp"
#include "workload/cronjob_controller.hpp"
#include "workload/daemonset_controller.hpp"
#include "workload/deployment_controller.hpp"
#include "workload/disruption_controller.hpp"
#include "workload/job_controller.hpp"
#include "workload/replicaset_controller.hpp"
#include "workload/replication_manager.hpp"
#include "workload/statefulset_controller.hpp"

namespace orilla::controllers {
namespace {

template <class T>
std::unique_ptr<Controller> make(const Surroundings& with) {
    return std::make_unique<T>(with);
}

/// All there are, in the order in which they start.
constexpr struct {
    const char* name;
    std::unique_ptr<Controller> (*make)(const Surroundings& with);
} all_controllers[] = {
    {"kubernetes-service", make<KubernetesServiceController>},
    {"priority-classes", make<PriorityClassesController>},
    {"routing-classes", make<RoutingClassesController>},
    {"resourcequota", make<ResourceQuotaController>},
    {"endpoints", make<EndpointsController>},
    {"namespace", make<NamespaceController>},
    {"pod-garbage-collector", make<PodCollector>},
    {"garbage-collector", make<GarbageCollector>},
    {"ephemeral-claims", make<EphemeralClaims>},
    {"persistentvolumeclaim", make<ClaimController>},
    {"persistentvolume", make<VolumeController>},
    {"volumesnapshot", make<SnapshotController>},
    {"volumesnapshotcontent", make<SnapshotContentController>},
    {"replicaset", make<ReplicaSetController>},
    {"deployment", make<DeploymentController>},
    {"job", make<JobController>},
    {"cronjob", make<CronJobController>},
    {"statefulset", make<StatefulSetController>},
    {"daemonset", make<DaemonSetController>},
    {"replicationcontroller", make<ReplicationManager>},
    {"horizontalpodautoscaler", make<AutoscalerController>},
    {"disruption", make<DisruptionController>},
    {"disruption-marks", make<DisruptionMarks>},
    {"taint-eviction", make<TaintEviction>},
};

}  // namespace

struct Controllers::Impl {
    Impl(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, ControllersOptions given)
        : options(std::move(given)) {
        const Surroundings with{loop, objects, events, options};
        for (const auto& [name, make_one] : all_controllers) controllers.push_back(make_one(with));
    }

    const ControllersOptions options;
    std::vector<std::unique_ptr<Controller>> controllers;
};

Controllers::Controllers(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events,
                         ControllersOptions options)
    : impl_(std::make_unique<Impl>(loop, objects, events, std::move(options))) {}
Controllers::~Controllers() = default;

void Controllers::start() {
    for (const auto& controller : impl_->controllers) controller->start();
}

std::vector<std::pair<std::string, loop::WorkerCounters>> Controllers::counters() const {
    std::vector<std::pair<std::string, loop::WorkerCounters>> out;
    for (size_t i = 0; i < impl_->controllers.size(); ++i)
        out.emplace_back(all_controllers[i].name, impl_->controllers[i]->counters());
    return out;
}

}  // namespace orilla::controllers
