// Applies plan_statefulset.
#pragma once

#include "controller.hpp"
#include "workload/statefulset_plan.hpp"

namespace orilla::controllers {

class StatefulSetController final : public Controller {
  public:
    explicit StatefulSetController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    using SetPtr = std::shared_ptr<const api::StatefulSet>;
    void pod_changed(const objects::FeedEvent& event);
    void claim_changed(const objects::FeedEvent& event);
    loop::Task<StatefulSetObserved> observe(SetPtr set);
    loop::Task<Result<void>> apply(SetPtr set, StatefulSetAction action);
    /// Does something to a pod, and tells of it.
    loop::Task<Result<void>> tell(SetPtr set, std::string_view reason, std::string what, loop::Task<Result<void>> doing);
    loop::Task<Result<void>> create_claim(SetPtr set, CreateClaim create);
    loop::Task<Result<void>> refuse(SetPtr set, RefusePod refused);
    loop::Task<Result<loop::Outcome>> summarise(SetPtr set);

    objects::Feed &pods_, &revisions_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
