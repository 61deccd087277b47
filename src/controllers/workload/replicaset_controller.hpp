// Applies plan_replicaset, for ReplicaSets and for what can be seen as one.
#pragma once

#include <map>

#include "controller.hpp"
#include "owned.hpp"
#include "workload/replicaset_plan.hpp"

namespace orilla::controllers {

using ReplicaSetPtr = std::shared_ptr<const api::ReplicaSet>;

/// A kind that keeps a number of equal pods. Its objects are read as ReplicaSets, and their status is written back.
struct ReplicaKind {
    const api::KindInfo& (*info)();
    std::string_view component;  ///< who speaks in events
    ReplicaSetPtr (*get)(objects::Objects& objects, std::string_view ns, std::string_view name);
    loop::Task<Result<void>> (*write)(objects::Objects& objects, ReplicaSetPtr set, api::ReplicaSetStatus status);
    void (*queue_adopters)(objects::Objects& objects, const objects::FeedEvent& event, loop::WorkQueue& queue);
};

class ReplicaController : public Controller {
  public:
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  protected:
    ReplicaController(const Surroundings& with, const ReplicaKind& kind, std::string worker);

  private:
    void pod_changed(const objects::FeedEvent& event);
    api::OwnerReference reference_to(const api::ReplicaSet& set) const;
    void tell(const api::ReplicaSet& set, std::string_view type, std::string_view reason, const std::string& message);
    loop::Task<std::vector<PodPtr>> pods_of(ReplicaSetPtr set);
    loop::Task<Result<void>> apply(ReplicaSetPtr set, ReplicaSetAction action);
    loop::Task<Result<void>> create_pods(ReplicaSetPtr set, int count);
    loop::Task<Result<void>> delete_pod(ReplicaSetPtr set, std::string name);
    loop::Task<Result<loop::Outcome>> summarise(ReplicaSetPtr set);

    const ReplicaKind& kind_;
    objects::Feed& pods_;
    std::map<std::string, std::string> failures_;  ///< of the last create, by key
    loop::Worker worker_;
};

class ReplicaSetController final : public ReplicaController {
  public:
    explicit ReplicaSetController(const Surroundings& with);
};

}  // namespace orilla::controllers
