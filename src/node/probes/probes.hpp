// The three probes. A prober is one task per probe of one running container: it asks once (HTTP, TCP, gRPC or exec), counts,
// tells what it asked and what follows from it, and sleeps a period. Bodies and waits are bounded; nothing blocks.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "orilla/kinds/types.hpp"
#include "orilla/runtime/pod_runtime.hpp"
#include "pod/pod_observed.hpp"
#include "probes/probe_io.hpp"

namespace orilla::node {

enum class ProbeKind { startup, liveness, readiness };

struct ProbeTarget {
    std::string pod_uid;
    std::string container_id;
    std::string ip;  ///< the pod's
};

/// One try: success, or an error with what the kubelet's event says: "HTTP probe failed with statuscode: 500".
loop::Task<Result<ProbeAnswer>> probe_once(loop::Loop& loop, runtime::PodRuntime& runtime, api::Probe probe,
                                           api::List<api::ContainerPort> ports, ProbeTarget target);

/// Counts results against the thresholds; pure.
class ProbeCounter {
  public:
    ProbeCounter(int success_threshold, int failure_threshold)
        : success_threshold_(success_threshold), failure_threshold_(failure_threshold) {}
    /// The verdict after one more result; unchanged while the threshold is not reached.
    ProbeVerdict record(bool success);
    ProbeVerdict verdict() const { return verdict_; }

  private:
    int success_threshold_;
    int failure_threshold_;
    int run_ = 0;
    bool last_ = false;
    ProbeVerdict verdict_ = ProbeVerdict::unknown;
};

/// Of each try.
struct ProbeReport {
    ProbeKind kind;
    ProbeVerdict verdict = ProbeVerdict::unknown;  ///< changes only where a threshold is reached
    bool success = false;
    std::string message;  ///< for the event: Unhealthy after a failure, ProbeWarning after a success
};

/// Runs the probes of one attempt of a container until destroyed: startup first, the other two once it succeeded.
class ContainerProber {
  public:
    using Listener = std::function<void(const ProbeReport&)>;
    ContainerProber(loop::Loop& loop, runtime::PodRuntime& runtime, const api::Container& container, ProbeTarget target,
                    int64_t started_ms, Listener listener);

  private:
    loop::Task<void> run_all();
    loop::Task<void> run_one(ProbeKind kind, api::Probe probe);
    loop::Loop& loop_;
    runtime::PodRuntime& runtime_;
    api::Container container_;
    ProbeTarget target_;
    int64_t started_ms_;
    Listener listener_;
    loop::Scope scope_;
};

}  // namespace orilla::node
