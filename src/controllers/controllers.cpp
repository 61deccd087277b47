#include "orilla/controllers/controllers.hpp"

#include "deployment_controller.hpp"
#include "replicaset_controller.hpp"

namespace orilla::controllers {

struct Controllers::Impl {
    Impl(loop::Loop& loop, store::Objects& objects, store::EventRecorder& events, ControllersOptions given)
        : options(std::move(given)), replicasets(loop, objects, events), deployments(loop, objects, events) {}
    ControllersOptions options;
    ReplicaSetController replicasets;
    DeploymentController deployments;
};

Controllers::Controllers(loop::Loop& loop, store::Objects& objects, store::EventRecorder& events, ControllersOptions options)
    : impl_(std::make_unique<Impl>(loop, objects, events, std::move(options))) {}
Controllers::~Controllers() = default;

void Controllers::start() {
    impl_->replicasets.start();
    impl_->deployments.start();
}

std::vector<std::pair<std::string, loop::WorkerCounters>> Controllers::counters() const {
    return {{"replicaset", impl_->replicasets.counters()}, {"deployment", impl_->deployments.counters()}};
}

}  // namespace orilla::controllers
