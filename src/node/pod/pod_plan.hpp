// The pod's life cycle as one pure decision: desired pod, what is seen, the time -> what to do next. Makes every
// choice; the agent that applies the actions makes none.
//
//   absent -> volumes -> sandbox -> init 0 .. n -> containers -> (restart | terminal) -> stopping -> torn down -> deleted
//
// A sidecar is an init container that goes on: what comes after it waits for its start, and it ends after all that does.
//
// Per container: absent -> image -> start -> running -> exited -> (back-off -> start) as the restart policy says.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "orilla/kinds/types.hpp"
#include "pod/pod_observed.hpp"

namespace orilla::node {

struct PrepareVolumes {
    bool operator==(const PrepareVolumes&) const = default;
};
/// Network, namespaces, cgroup and supervisor.
struct SetUpSandbox {
    bool operator==(const SetUpSandbox&) const = default;
};
/// Gets the image of `container` according to its pull policy.
struct EnsureImage {
    std::string container;
    bool operator==(const EnsureImage&) const = default;
};
struct StartContainer {
    std::string container;
    int attempt = 0;
    bool operator==(const StartContainer&) const = default;
};
/// preStop, then the stop signal, then SIGKILL after the grace period; never waits. A stop that an earlier daemon began
/// goes on where it was.
struct StopContainer {
    std::string container;
    int64_t grace_s = 0;
    std::string why;  ///< for the event: "Container web failed liveness probe, will be restarted"
    /// These end first, while the grace period lasts: preStop runs at once, the signal comes after them.
    std::vector<std::string> after = {};
    bool operator==(const StopContainer&) const = default;
};
/// A container that gets other limits while it runs; without an id it does not run, and gets them when it starts.
struct ResizedContainer {
    std::string name;
    std::string id;  ///< of the attempt
    bool operator==(const ResizedContainer&) const = default;
};
/// Sets the limits of containers and of the pod as the spec says them.
struct ResizePod {
    std::vector<ResizedContainer> containers;
    bool restarts_left = false;  ///< others still have what they had: the pod's limits do not sink yet
    bool operator==(const ResizePod&) const = default;
};
/// Kills and removes sandbox and network; volumes and logs stay.
struct TearDownSandbox {
    bool operator==(const TearDownSandbox&) const = default;
};
/// Removes volumes and logs.
struct RemovePodFiles {
    bool operator==(const RemovePodFiles&) const = default;
};
/// Everything is gone: delete the object for good.
struct FinishDelete {
    bool operator==(const FinishDelete&) const = default;
};
/// Nothing to do before `at_ms` (monotonic).
struct WaitUntil {
    int64_t at_ms = 0;
    bool operator==(const WaitUntil&) const = default;
};

using PodAction = std::variant<PrepareVolumes, SetUpSandbox, EnsureImage, StartContainer, StopContainer, ResizePod,
                               TearDownSandbox, RemovePodFiles, FinishDelete, WaitUntil>;

/// `desired` is null when the object is gone (deleted with grace 0, or replaced by another uid).
std::vector<PodAction> plan_pod(const api::Pod* desired, const PodObserved& seen, int64_t now_ms);

/// The status to write. `old` is the present one: times of unchanged conditions are kept. `now_s`: wall clock.
api::PodStatus summarise_pod(const api::Pod& desired, const PodObserved& seen, int64_t now_s);

/// Of this name, init containers included; null when there is none.
const api::Container* find_container(const api::Pod& pod, std::string_view name);

/// Longer grace periods count as this: 68 years.
constexpr int64_t stop_grace_s_max = 0x7fffffff;

/// Delay before restart number `crashes` (0 for the first): 0, 10 s, 20 s ... 5 min, as the kubelet's.
int64_t crash_backoff_ms(int crashes);
constexpr int64_t crash_backoff_ms_first = 10'000;
constexpr int64_t crash_backoff_ms_max = 300'000;
/// A container that ran this long starts with a fresh back-off.
constexpr int64_t crash_backoff_reset_s = 600;

/// True when an exited container is to be started again: by its own policy, or by the pod's.
bool should_restart(const api::PodSpec& pod, const api::Container& spec, bool is_init, const ContainerState& ended);
/// The same of what is seen, which must have exited: a changed image starts again whatever the policy says.
bool should_restart(const api::PodSpec& pod, const api::Container& spec, bool is_init, const ContainerSeen& ended);
/// What an init container after this sidecar waits for.
bool has_started(const api::Container& sidecar, const ContainerSeen& seen);
/// Its containers have done what they were for, or an init container has failed for good: what still runs is to end.
bool is_over(const api::PodSpec& spec, const PodObserved& seen);

/// The condition DisruptionTarget of a pod that its own node ends.
constexpr std::string_view eviction_reason = "TerminationByKubelet";
/// The kubelet's for a pod that is evicted at once.
constexpr int64_t eviction_grace_s = 1;
constexpr std::string_view deadline_message = "Pod was active on the node longer than the specified deadline";

// What a status may hold of messages that images, registries and containers make up, as the kubelet bounds them.
constexpr size_t waiting_message_bytes_max = 1024;
constexpr size_t terminated_message_bytes_max = 4096;
constexpr size_t terminated_messages_bytes_max = 12 * 1024;  ///< of all containers of a pod

}  // namespace orilla::node
