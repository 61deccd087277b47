// What the agent sees of one pod at one moment: the runtime's containers, the images, the probes and the agent's own
// memory of failures. A plain value: plan_pod and summarise_pod read nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orilla/kinds/types.hpp"
#include "orilla/runtime/pod_runtime.hpp"

namespace orilla::node {

using runtime::ContainerPhase;
using runtime::ContainerState;

constexpr int64_t wall_ns_per_s = 1'000'000'000;

enum class ImagePhase { unknown, present, pulling, failed };

/// A probe's verdict. `unknown` until the first result that reached its threshold.
enum class ProbeVerdict { unknown, success, failure };

/// What the node says to containers that are to have more or less while they run.
enum class ResizeVerdict { none, infeasible, deferred, granted };

struct ResizeSeen {
    ResizeVerdict verdict = ResizeVerdict::none;
    std::string message;  ///< why it waits
    std::string error;    ///< of the last try
    int64_t retry_at_ms = 0;
    bool due = false;  ///< the limits of the pod as a whole are to be set anew
};

struct ContainerSeen {
    std::string name;
    std::optional<ContainerState> current;  ///< newest attempt, from the runtime or, after a reboot, from the status
    std::optional<ContainerState> last;     ///< the attempt before it, when it ended
    bool known_to_runtime = false;          ///< current is the runtime's, not the status's
    bool start_failed = false;              ///< current could not run its first instruction
    int restart_count = 0;
    int64_t backoff_until_ms = 0;  ///< monotonic; a crashed container may not start before it
    int64_t backoff_ms = 0;        ///< length of that back-off, for the message
    bool backing_off = false;      ///< a back-off, of a restart or a pull, is being waited for

    ImagePhase image = ImagePhase::unknown;
    std::string started_image;  ///< the image that the spec named when current was started; empty: unknown
    bool outdated = false;      ///< current was stopped because the spec names another image by now
    std::string image_id;
    /// Why the last try to get it going failed: ErrImagePull, CreateContainerConfigError, RunContainerError ...
    std::string failure_reason;
    std::string failure_message;
    int64_t retry_at_ms = 0;  ///< monotonic; not tried again before it

    ProbeVerdict startup = ProbeVerdict::unknown;
    ProbeVerdict liveness = ProbeVerdict::unknown;
    ProbeVerdict readiness = ProbeVerdict::unknown;
    bool stopping = false;                           ///< StopContainer is under way
    bool post_start_done = true;                     ///< lifecycle.postStart has ended, or there is none
    std::optional<api::ResourceRequirements> given;  ///< what it has, where the status does not tell that yet
};

struct PodObserved {
    bool sandbox_known = false;  ///< the runtime holds something for this pod
    bool sandbox_alive = false;
    bool network = false;
    bool network_lost = false;  ///< the sandbox lives, but nothing leads to its network any more
    std::string ip;
    std::string node_ip;
    bool volumes_ready = false;
    bool preparing_volumes = false;
    std::string setup_reason;  ///< why volumes, network or sandbox failed last: FailedMount, FailedCreatePodSandBox
    std::string setup_message;
    int64_t setup_retry_at_ms = 0;
    bool pod_dir = false;            ///< volumes or logs of it are on disk
    bool deadline_exceeded = false;  ///< spec.activeDeadlineSeconds is over
    ResizeSeen resize;
    std::string eviction;  ///< why the node does not want it any more; empty: it does
    std::vector<ContainerSeen> init;
    std::vector<ContainerSeen> containers;
};

}  // namespace orilla::node
