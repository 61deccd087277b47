// The supervisors of the pods: started, reached, asked to go, and given up when they are out of reach. It promises that a pod
// that is not alive has no supervisor that could still start anything in it.
#pragma once

#include <sys/types.h>

#include "cgroup.hpp"
#include "exits.hpp"
#include "orilla/runtime/spec.hpp"
#include "pod_table.hpp"

namespace orilla::runtime {

/// Below the cgroup root, for all supervisors; each pod's containers have one of their own below pods_cgroup.
inline constexpr const char* supervisors_cgroup = "/supervisors";

struct SupervisorsConfig {
    int image = -1;  ///< the supervisor's program
    int64_t answer_ms_max = 0;
};

class Supervisors {
  public:
    Supervisors(loop::Loop& loop, SupervisorsConfig config, Cgroups& cgroups, PodTable& pods, Exits& exits)
        : loop_(loop), config_(config), cgroups_(cgroups), pods_(pods), exits_(exits), scope_(loop) {}

    /// Starts the pod's, whose directory and cgroup are there. The pod is alive once its namespaces are made.
    loop::Task<Result<void>> start(PodPtr pod, PodSandboxSpec spec);
    /// Connects to the one that was started before. False when it does not answer.
    loop::Task<bool> reach(PodPtr pod);
    /// Asks it to end all that runs and to go; kills it when it does not.
    loop::Task<void> end(PodPtr pod);
    /// It is gone, or will never be reached: so are the pod's containers.
    void lose(const PodPtr& pod);
    /// Ends whoever hung, or whose pod's files are lost: nobody would ever speak to them again.
    void end_strangers();

  private:
    void connect(const PodPtr& pod, UniqueFd socket);
    loop::Task<void> recover(PodPtr pod);

    loop::Loop& loop_;
    const SupervisorsConfig config_;
    Cgroups& cgroups_;
    PodTable& pods_;
    Exits& exits_;
    loop::Scope scope_;
};

}  // namespace orilla::runtime
