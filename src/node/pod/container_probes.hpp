// What the probes say of one container: they run with its running attempt, and their verdicts begin anew with the next one.
#pragma once

#include <memory>

#include "pod/agent_pod.hpp"
#include "probes/probes.hpp"

namespace orilla::node {

class ContainerProbes {
  public:
    explicit ContainerProbes(const AgentContainer& container) : me_(container) {}

    /// Probes what runs at `ip`, and puts what is known of an adopted container into `seen`.
    void follow(const api::Pod& pod, const std::string& ip, ContainerSeen& seen);
    /// It is being stopped: nothing is probed any more, and it is not ready.
    void refuse_traffic();
    /// Nothing is probed any more.
    void end() { prober_.reset(); }
    /// The attempt has ended.
    void forget();
    void show(ContainerSeen& seen) const;

  private:
    void start(const api::Pod& pod, const ContainerState& state, const std::string& ip);
    void take(const ProbeReport& report);

    const AgentContainer& me_;
    int attempt_ = -1;  ///< that is probed
    std::unique_ptr<ContainerProber> prober_;
    ProbeVerdict startup_ = ProbeVerdict::unknown;
    ProbeVerdict liveness_ = ProbeVerdict::unknown;
    ProbeVerdict readiness_ = ProbeVerdict::unknown;
};

}  // namespace orilla::node
