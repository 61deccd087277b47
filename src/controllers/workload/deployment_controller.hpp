// Applies plan_deployment.
#pragma once

#include "controller_base.hpp"
#include "orilla/objects/term_index.hpp"
#include "workload/deployment_plan.hpp"

namespace orilla::controllers {

class DeploymentController final : public loop::Reconciler {
  public:
    /// `sets` and `pods` by their owners.
    DeploymentController(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, objects::TermIndex& sets,
                         objects::TermIndex& pods);
    void start() { deployments_.start(); }
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    using DeploymentPtr = std::shared_ptr<const api::Deployment>;
    loop::Task<DeploymentObserved> observe(DeploymentPtr deployment);
    int64_t& progressed_ms(const api::Deployment& deployment);
    void set_changed(const store::WatchEvent& event);
    void pod_changed(const store::WatchEvent& event);
    loop::Task<Result<void>> apply(DeploymentPtr deployment, DeploymentAction action);
    loop::Task<Result<void>> adopt(DeploymentPtr deployment, std::string set);
    loop::Task<Result<void>> create_set(DeploymentPtr deployment, api::ReplicaSet set);
    loop::Task<Result<void>> update_set(DeploymentPtr deployment, UpdateReplicaSet update);
    loop::Task<Result<void>> delete_set(DeploymentPtr deployment, std::string set);
    loop::Task<Result<void>> set_revision(DeploymentPtr deployment, std::string revision);
    loop::Task<Result<void>> set_collision_count(DeploymentPtr deployment, int32_t count);
    loop::Task<Result<loop::Outcome>> write_status(DeploymentPtr deployment);

    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::EventRecorder& events_;
    struct Progress {
        std::string uid;
        int64_t at_ms = 0;  ///< monotonic, of the last progress
    };
    std::map<std::string, Progress> progress_;  ///< by key
    objects::Follower deployments_;
    objects::TermIndex& sets_;
    objects::TermIndex& pods_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
