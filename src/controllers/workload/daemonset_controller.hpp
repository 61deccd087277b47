// Applies plan_daemonset.
#pragma once

#include <map>

#include "controller.hpp"
#include "workload/daemonset_plan.hpp"

namespace orilla::controllers {

class DaemonSetController final : public Controller {
  public:
    explicit DaemonSetController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    using SetPtr = std::shared_ptr<const api::DaemonSet>;
    /// How long the pod after one that failed on a node has to wait.
    struct BackOff {
        int64_t failed_ms = 0;  ///< monotonic
        int64_t wait_ms = 0;
    };
    void pod_changed(const objects::FeedEvent& event);
    void node_changed(const objects::FeedEvent& event);
    loop::Task<DaemonSetObserved> observe(SetPtr set);
    loop::Task<Result<void>> apply(SetPtr set, DaemonSetAction action);
    loop::Task<Result<void>> create_pod(SetPtr set, std::string node);
    loop::Task<Result<void>> delete_pod(SetPtr set, std::string name);
    loop::Task<Result<void>> delete_ended(SetPtr set, DeleteEndedPod ended);
    loop::Task<Result<loop::Outcome>> summarise(SetPtr set);
    void note_failure(const api::DaemonSet& set, const std::string& node);
    /// How long until the first of those that wait may go on; -1: none waits.
    int64_t shortest_wait_ms(const api::DaemonSet& set) const;

    objects::Feed &pods_, &revisions_;
    std::map<std::string, std::map<std::string, BackOff>> back_offs_;  ///< by uid and node
    loop::Worker worker_;
};

}  // namespace orilla::controllers
