// Applies plan_cronjob.
#pragma once

#include <map>
#include <set>

#include "controller.hpp"
#include "workload/cronjob_plan.hpp"

namespace orilla::controllers {

class CronJobController final : public Controller {
  public:
    explicit CronJobController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    using CronJobPtr = std::shared_ptr<const api::CronJob>;
    struct Memory {
        std::string uid;
        int64_t set_back_s = 0;      ///< of starts that lie ahead
        std::set<std::string> told;  ///< events that are told once, those of the last look
    };
    void job_changed(const objects::FeedEvent& event);
    void tell(const api::CronJob& cronjob, const std::vector<CronJobEvent>& events);
    CronJobObserved observe(const api::CronJob& cronjob);
    loop::Task<Result<void>> start_job(CronJobPtr cronjob, CronJobPlan& plan);
    loop::Task<Result<void>> remove(CronJobPtr cronjob, std::string name);

    objects::Feed& jobs_;
    const api::TimeZone local_zone_;
    std::map<std::string, Memory> memories_;  ///< by key
    loop::Worker worker_;
};

}  // namespace orilla::controllers
