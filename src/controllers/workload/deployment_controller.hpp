// Applies plan_deployment.
#pragma once

#include <map>

#include "controller.hpp"
#include "workload/deployment_plan.hpp"

namespace orilla::controllers {

class DeploymentController final : public Controller {
  public:
    explicit DeploymentController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    using DeploymentPtr = std::shared_ptr<const api::Deployment>;
    loop::Task<DeploymentObserved> observe(DeploymentPtr deployment);
    int64_t& progressed_ms(const api::Deployment& deployment);
    void set_changed(const objects::FeedEvent& event);
    void pod_changed(const objects::FeedEvent& event);
    loop::Task<Result<void>> apply(DeploymentPtr deployment, DeploymentAction action);
    loop::Task<Result<void>> create_set(DeploymentPtr deployment, api::ReplicaSet set);
    loop::Task<Result<void>> update_set(DeploymentPtr deployment, UpdateReplicaSet update);
    loop::Task<Result<void>> set_revision(DeploymentPtr deployment, std::string revision);
    loop::Task<Result<void>> set_collision_count(DeploymentPtr deployment, int32_t count);
    loop::Task<Result<loop::Outcome>> summarise(DeploymentPtr deployment);

    struct Progress {
        std::string uid;
        int64_t at_ms = 0;  ///< monotonic, of the last progress
    };
    std::map<std::string, Progress> progress_;  ///< by key
    objects::Feed &sets_, &pods_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
