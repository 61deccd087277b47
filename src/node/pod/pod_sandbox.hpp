// The sandbox of one pod with all that it stands on: namespaces, address and hostPorts.
#pragma once

#include <memory>
#include <string>

#include "pod/agent_pod.hpp"
#include "pod/pod_observed.hpp"

namespace orilla::node {

class PodSandbox {
  public:
    PodSandbox(AgentPod& pod, SetupFailure& failure) : me_(pod), failure_(failure) {}

    loop::Task<Result<void>> set_up(std::shared_ptr<const api::Pod> pod);
    loop::Task<Result<void>> tear_down();
    /// What runs and cannot go on is made anew. A sandbox that is only being set up is not told of.
    void tell_change(const api::Pod& pod, const PodObserved& seen);

  private:
    loop::Task<Result<network::PodLink>> connect(std::shared_ptr<const api::Pod> pod);
    loop::Task<Result<void>> disconnect();
    loop::Task<void> fail(bool has_users_of_its_own, Error error);

    AgentPod& me_;
    SetupFailure& failure_;
    bool change_told_ = false;  ///< the event SandboxChanged, of the sandbox that is there
};

}  // namespace orilla::node
