// All controllers of the box as one: built over the store, started once it is open.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orilla/kinds/time_zone.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/loop/work_queue.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::objects {
class QuotaLedger;
class UsageMeter;
class VolumeDisk;
}  // namespace orilla::objects

namespace orilla::controllers {

struct ControllersOptions {
    std::string service_cidr;  ///< "10.43.0.0/16": its first address is the kubernetes Service's
    std::string api_ip;        ///< where the API answers, for the kubernetes Service's endpoints
    int api_port = 6443;
    std::string node_name = {};                  ///< the node that this daemon is: it is there, whatever became of its object
    objects::VolumeDisk* volume_disk = nullptr;  ///< outlives the controllers; null: no volumes are made
    objects::QuotaLedger* quotas = nullptr;      ///< outlives the controllers; null: nobody counts
    objects::UsageMeter* usage_meter = nullptr;  ///< outlives the controllers; null: nothing is measured
    api::TimeZone local_zone = {};               ///< of CronJobs that name none
};

class Controllers {
  public:
    Controllers(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, ControllersOptions options);
    ~Controllers();
    void start();
    /// Name and counters of every controller, for /metrics.
    std::vector<std::pair<std::string, loop::WorkerCounters>> counters() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace orilla::controllers
