// The ends of containers and commands: what a supervisor tells, and what its state file says once nobody can tell it any
// more, becomes the state of the pod. An end that is told before its start is known waits for it.
#pragma once

#include <memory>

#include "cgroup.hpp"
#include "pod_table.hpp"

namespace orilla::runtime {

class Exits {
  public:
    Exits(loop::Loop& loop, Cgroups& cgroups, PodTable& pods) : loop_(loop), cgroups_(cgroups), pods_(pods) {}

    /// As told by the supervisor; wakes who waits for the pod.
    void note(PodEntry& pod, uint32_t handle, const Exit& exit);
    /// The first one of a container counts.
    void settle(PodEntry& pod, ContainerEntry& container, const Exit& exit);
    /// For a container that is known only now, after its end was told.
    void settle_early(PodEntry& pod, ContainerEntry& container);
    /// All that the supervisor has recorded: containers that an earlier daemon started, and ends.
    void read_records(PodEntry& pod);
    /// The supervisor is gone: what it recorded is true, and what still ran was killed.
    void settle_lost(PodEntry& pod);

  private:
    loop::Loop& loop_;
    Cgroups& cgroups_;
    PodTable& pods_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< callbacks hold it weakly
};

}  // namespace orilla::runtime
