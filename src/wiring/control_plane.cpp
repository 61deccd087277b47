#include "control_plane.hpp"

namespace orilla::wiring {

ControlPlane::ControlPlane(ControlPlanePorts ports)
    : ports_(ports), objects_(ports.loop, ports.store, ports.random, ports.kinds) {}
ControlPlane::~ControlPlane() = default;

loop::Task<Result<void>> ControlPlane::open(controllers::ControllersOptions options) {
    quotas_ = std::make_unique<objects::QuotaLedger>(ports_.loop, objects_);
    options.quotas = quotas_.get();
    const apiserver::AdmissionOptions admission{options.service_cidr, quotas_.get()};
    admissions_ = std::make_unique<apiserver::Admissions>(objects_, admission);
    events_ = std::make_unique<objects::EventRecorder>(ports_.loop, objects_, options.node_name);
    CO_TRY_VOID(objects_.ensure_standard_namespaces());
    controllers_ = std::make_unique<controllers::Controllers>(ports_.loop, objects_, *events_, std::move(options));
    scheduler_ = std::make_unique<scheduler::Scheduler>(ports_.loop, objects_, *events_);
    co_return ok();
}

void ControlPlane::start_scheduler() {
    scheduler_->start();
    housekeeper_ = std::make_unique<objects::Housekeeper>(ports_.loop, ports_.store, objects_, *events_);
    housekeeper_->start();
}

WorkerCounts ControlPlane::counters() const {
    WorkerCounts counts;
    if (controllers_) counts = controllers_->counters();
    if (scheduler_) counts.emplace_back("scheduler", scheduler_->counters());
    return counts;
}

}  // namespace orilla::wiring
