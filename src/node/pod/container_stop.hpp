// Graceful stops of one container: preStop, then the stop signal, then SIGKILL once the grace period is over. The grace period
// counts from the beginning and includes preStop; a second deletion may shorten it while it runs.
//
// Each step is noted with the container (PodRuntime::note_stop), in monotonic time of this boot, and a daemon that takes
// over goes on from the note: neither the grace period nor preStop nor the signal begins anew. Not from
// metadata.deletionTimestamp, because the wall clock may have jumped by decades since it was written; and on
// CLOCK_MONOTONIC rather than CLOCK_BOOTTIME, because a box that sleeps gives its containers no time to end in.
#pragma once

#include <string>
#include <vector>

#include "pod/agent_pod.hpp"
#include "pod/pod_plan.hpp"

namespace orilla::node {

class ContainerStop {
  public:
    explicit ContainerStop(const AgentContainer& container) : me_(container), tasks_(container.pod.agent.loop) {}

    /// Begins one, or goes on with what an earlier daemon began. Wakes the pod when it has ended.
    void begin(const api::Pod* pod, const StopContainer& action);
    bool under_way() const { return under_way_; }
    /// The container has ended, or is made anew.
    void conclude() { under_way_ = false; }
    void abandon();

  private:
    /// One that is under way.
    struct Stop {
        int attempt = 0;
        int signal = 15;
        int64_t grace_s = 0;
        api::Box<api::LifecycleHandler> pre_stop;
        std::vector<std::string> after;  ///< containers that end first
        runtime::StopProgress progress;
    };
    loop::Task<void> run(Stop stop);
    loop::Task<void> run_pre_stop(Stop stop);
    loop::Task<void> run_hook(Stop stop, bool* ended);
    loop::Task<void> wait_pre_stop(Stop stop);
    loop::Task<void> wait_turn(Stop stop);
    loop::Task<void> wait_stopped(Stop stop);
    loop::Task<void> send(int attempt, int signal);
    void note(const Stop& stop);
    bool runs(const Stop& stop) const { return me_.pod.runs(me_.name, stop.attempt); }
    int64_t grace_end_ms(const Stop& stop) const;

    const AgentContainer& me_;
    bool under_way_ = false;
    loop::Scope tasks_;
};

}  // namespace orilla::node
