// Applies plan_replicaset.
#pragma once

#include "controller_base.hpp"
#include "orilla/objects/term_index.hpp"
#include "workload/replicaset_plan.hpp"

namespace orilla::controllers {

class ReplicaSetController final : public loop::Reconciler {
  public:
    /// `sets` and `pods` by their owners.
    ReplicaSetController(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, objects::TermIndex& sets,
                         objects::TermIndex& pods);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    void pod_changed(const store::WatchEvent& event);
    loop::Task<std::vector<PodPtr>> pods_of(std::shared_ptr<const api::ReplicaSet> set);
    loop::Task<Result<void>> apply(std::shared_ptr<const api::ReplicaSet> set, ReplicaSetAction action);
    loop::Task<Result<void>> create_pods(std::shared_ptr<const api::ReplicaSet> set, int count);
    loop::Task<Result<void>> delete_pod(std::shared_ptr<const api::ReplicaSet> set, std::string name);
    loop::Task<Result<void>> set_owner(std::shared_ptr<const api::ReplicaSet> set, std::string pod, bool adopt);
    loop::Task<Result<loop::Outcome>> write_status(std::shared_ptr<const api::ReplicaSet> set);

    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::EventRecorder& events_;
    std::map<std::string, std::string> failures_;  ///< key -> why the last create failed
    objects::TermIndex& pods_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
