// Applies plan_replicaset.
#pragma once

#include <map>

#include "controller.hpp"
#include "workload/replicaset_plan.hpp"

namespace orilla::controllers {

class ReplicaSetController final : public Controller {
  public:
    explicit ReplicaSetController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    void pod_changed(const objects::FeedEvent& event);
    loop::Task<std::vector<PodPtr>> pods_of(std::shared_ptr<const api::ReplicaSet> set);
    loop::Task<Result<void>> apply(std::shared_ptr<const api::ReplicaSet> set, ReplicaSetAction action);
    loop::Task<Result<void>> create_pods(std::shared_ptr<const api::ReplicaSet> set, int count);
    loop::Task<Result<void>> delete_pod(std::shared_ptr<const api::ReplicaSet> set, std::string name);
    loop::Task<Result<loop::Outcome>> summarise(std::shared_ptr<const api::ReplicaSet> set);

    objects::Feed& pods_;
    std::map<std::string, std::string> failures_;  ///< of the last create, by key
    loop::Worker worker_;
};

}  // namespace orilla::controllers
