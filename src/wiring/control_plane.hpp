// The control plane over its ports: typed objects, events, controllers, the scheduler. The daemon and the simulation build
// the same one.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orilla/apiserver/admission.hpp"
#include "orilla/base/random.hpp"
#include "orilla/controllers/controllers.hpp"
#include "orilla/kinds/registry.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/housekeeper.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/objects/quota_ledger.hpp"
#include "orilla/scheduler/scheduler.hpp"
#include "orilla/store/store.hpp"

namespace orilla::wiring {

/// Names of workers with what they have done, for /metrics.
using WorkerCounts = std::vector<std::pair<std::string, loop::WorkerCounters>>;

/// All outlive it.
struct ControlPlanePorts {
    loop::Loop& loop;
    store::Store& store;
    Random& random;
    api::KindRegistry& kinds;
};

class ControlPlane {
  public:
    explicit ControlPlane(ControlPlanePorts ports);
    ~ControlPlane();
    objects::Objects& objects() { return objects_; }
    /// From `open` on.
    objects::EventRecorder& events() { return *events_; }

    /// Makes what every cluster has, and everybody who has a say in writes.
    loop::Task<Result<void>> open(controllers::ControllersOptions options);
    void start_controllers() { controllers_->start(); }
    /// Once the node has told that it is there.
    void start_scheduler();
    /// Before the store closes.
    void stop() { housekeeper_.reset(); }
    WorkerCounts counters() const;

  private:
    const ControlPlanePorts ports_;
    objects::Objects objects_;
    std::unique_ptr<objects::QuotaLedger> quotas_;
    std::unique_ptr<apiserver::Admissions> admissions_;
    std::unique_ptr<objects::EventRecorder> events_;
    std::unique_ptr<controllers::Controllers> controllers_;
    std::unique_ptr<scheduler::Scheduler> scheduler_;
    std::unique_ptr<objects::Housekeeper> housekeeper_;
};

}  // namespace orilla::wiring
