// Applies plan_pod_gc to the pods of nodes that are missing for long enough: a node that is registered anew gets its pods back.
// Hears of pods from whoever follows them and looks at nothing while all nodes are there.
#pragma once

#include <map>
#include <string>

#include "cluster/pod_gc_plan.hpp"
#include "controller_base.hpp"

namespace orilla::controllers {

class PodCollector final : public loop::Reconciler {
  public:
    /// Pods of `own_node` are never collected.
    PodCollector(loop::Loop& loop, objects::Objects& objects, std::string own_node);
    void start() { nodes_.start(); }
    void pod_changed(const store::WatchEvent& event);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    bool has_node(const api::Pod& pod) const;
    void node_gone();
    loop::Task<Result<void>> apply(std::string ns, std::string name, PodGcAction action);
    loop::Task<Result<void>> fail(std::string ns, std::string name, api::PodCondition condition);

    loop::Loop& loop_;
    objects::Objects& objects_;
    const std::string own_node_;
    std::map<std::string, int64_t> due_ms_;  ///< by pod: when its node has been missing for long enough
    objects::Follower nodes_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
