// Applies plan_pod_gc to the pods of nodes that are missing for long enough: a node that is registered anew gets its pods back.
// It looks at nothing while all nodes are there.
#pragma once

#include <map>
#include <string>

#include "cluster/pod_gc_plan.hpp"
#include "controller.hpp"

namespace orilla::controllers {

class PodCollector final : public Controller {
  public:
    /// Pods of the own node are never collected.
    explicit PodCollector(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    bool has_node(const api::Pod& pod) const;
    void pod_changed(const objects::FeedEvent& event);
    void node_changed(const objects::FeedEvent& event);
    loop::Task<Result<void>> apply(std::shared_ptr<const api::Pod> pod, PodGcAction action);

    const std::string own_node_;
    std::map<std::string, int64_t> due_ms_;  ///< by pod: when its node has been missing for long enough
    loop::Worker worker_;
};

}  // namespace orilla::controllers
