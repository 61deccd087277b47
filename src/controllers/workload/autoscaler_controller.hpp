// Keeps the replicas of a workload as its HorizontalPodAutoscaler wants them: looks every 15 s at what its pods use. Without
// any autoscaler there is no timer, and nothing is measured.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "controller.hpp"
#include "orilla/objects/usage_meter.hpp"
#include "orilla/schema/selectors.hpp"
#include "workload/autoscaler_plan.hpp"

namespace orilla::controllers {

class AutoscalerController final : public Controller {
  public:
    explicit AutoscalerController(const Surroundings& with);
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;

  private:
    struct Known {
        AutoscalerMemory memory;
        std::optional<api::Selector> selector;  ///< of its target's pods
    };
    loop::Task<Result<AutoscalerTarget>> find_target(AutoscalerPtr hpa);
    loop::Task<std::vector<std::shared_ptr<const api::Pod>>> find_pods(std::string ns, api::Selector selector);
    loop::Task<std::vector<MeteredPod>> measure(std::string ns, api::Selector selector);
    std::vector<std::string> find_autoscalers(const std::string& ns, const std::vector<MeteredPod>& pods) const;
    loop::Task<Result<void>> rescale(AutoscalerPtr hpa, AutoscalerTarget target, int32_t replicas);

    objects::Feed& pods_;
    objects::UsageMeter* const meter_;
    std::map<std::string, Known> known_;  ///< by key
    loop::Worker worker_;                 ///< before what it reconciles with
};

}  // namespace orilla::controllers
