// Pods and containers as whoever runs them sees them: what is there, what a start, a signal and a removal promise. An
// interface without a kernel behind it: Runtime (runtime.hpp) keeps the promises for real, tests and simulations on a world
// of their own. No call blocks the loop.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"
#include "orilla/runtime/spec.hpp"

namespace orilla::runtime {

enum class ContainerPhase { running, exited };

/// The id of one attempt to run a container: "web-0", "web-1" after the first restart.
std::string attempt_id(std::string_view name, int attempt);
/// The attempt of such an id; 0 of any other.
int attempt_of(std::string_view id);

/// How far a graceful stop of a container has come, as whoever stops it told: CLOCK_MONOTONIC in milliseconds, -1 for what
/// has not happened. Kept in the pod's run directory, so that it outlives the daemon but not the boot that the times are of.
struct StopProgress {
    int64_t begun_ms = -1;
    int64_t hook_begun_ms = -1;
    int64_t hook_ended_ms = -1;
    int64_t signalled_ms = -1;
    int64_t grace_s = -1;  ///< that it began with
    bool operator==(const StopProgress&) const = default;
};

struct ContainerState {
    std::string id;
    std::string name;
    int attempt = 0;  ///< attempt_of its id
    ContainerPhase phase = ContainerPhase::running;
    pid_t pid = 0;      ///< in the host's pid namespace; 0 once exited
    int exit_code = 0;  ///< 128 + signal when killed
    int signal = 0;     ///< what killed it, else 0
    bool oom_killed = false;
    int64_t started_wall_ns = 0;
    int64_t finished_wall_ns = 0;
    std::string termination_message;  ///< once exited: the first termination_message_bytes_max of it
    std::string log_path;
    int stop_signal = 15;
    StopProgress stop;
};

struct PodState {
    std::string id;
    bool alive = false;  ///< its supervisor answers; otherwise all its containers have been killed
    pid_t supervisor_pid = 0;
    int64_t created_ms = -1;                 ///< CLOCK_MONOTONIC of this boot; -1: an older version did not note it
    std::vector<ContainerState> containers;  ///< in order of their start, until removed
};

struct ExecOutcome {
    int exit_code = 0;       ///< 128 + signal when killed
    std::string output;      ///< stdout and stderr as they came, cut at output_bytes_max
    bool timed_out = false;  ///< it was killed then; exit_code is 137
};

/// A container, or, with both empty, the node.
struct UsageOf {
    std::string pod_id;
    std::string container_id;
};

/// What was used from the start up to one moment.
struct UsageSample {
    int64_t taken_ns = 0;  ///< CLOCK_MONOTONIC
    uint64_t cpu_ns = 0;
    uint64_t memory_bytes = 0;  ///< the working set: without the page cache that was not used lately
};

class PodRuntime {
  public:
    virtual ~PodRuntime() = default;

    virtual std::vector<PodState> pods() const = 0;
    virtual std::optional<PodState> find_pod(const std::string& pod_id) const = 0;
    /// Called on the loop when a container of the pod has exited or its supervisor has died: look at `find_pod`.
    virtual void on_change(std::function<void(const std::string& pod_id)> listener) = 0;

    /// For a pod that is then created with host_users = false: a user namespace with 65,536 ids that no other pod has, and a
    /// network namespace in it, whose file this returns. remove_pod takes them away.
    virtual loop::Task<Result<std::string>> make_namespaces(std::string pod_id) = 0;
    /// Cgroup, namespaces and supervisor. already_exists when there is one.
    virtual loop::Task<Result<void>> create_pod(PodSandboxSpec spec) = 0;
    /// Returns when the container's first instruction is about to run. On failure nothing of it is left, and the
    /// error's code says whose fault it is: not_found (no such executable or directory: exit code 127), forbidden (not
    /// executable: 126), invalid (the spec), anything else is the node's.
    virtual loop::Task<Result<ContainerState>> start_container(std::string pod_id, ContainerSpec spec) = 0;
    /// To the container's first process; SIGKILL takes its whole cgroup. Fine when it has exited.
    virtual loop::Task<Result<void>> signal_container(std::string pod_id, std::string container_id, int signal) = 0;
    /// Remembers it until the container is removed, also for later daemons. Fine when there is no such container.
    virtual Result<void> note_stop(const std::string& pod_id, const std::string& container_id, const StopProgress& stop) = 0;
    /// Other limits for what runs; without a container's id those of the pod as a whole. All but pids_max. An error when a
    /// container uses more memory than it is to have.
    virtual loop::Task<Result<void>> update_resources(std::string pod_id, std::string container_id, Resources resources) = 0;
    /// Whether a command of `exec` still runs in the container, one that an earlier daemon started included.
    virtual bool has_exec(const std::string& pod_id, const std::string& container_id) const = 0;
    /// Runs a command with the container's confinement; killed after timeout_ms. Its failure to start is an Error.
    virtual loop::Task<Result<ExecOutcome>> exec(std::string pod_id, std::string container_id, std::vector<std::string> args,
                                                 int64_t timeout_ms, size_t output_bytes_max = 16 * 1024) = 0;
    /// Kills it if it runs; drops its cgroup, writable layer and state. The log stays.
    virtual loop::Task<Result<void>> remove_container(std::string pod_id, std::string container_id) = 0;
    /// Kills everything and removes every trace but logs. Fine when there is none.
    virtual loop::Task<Result<void>> remove_pod(std::string pod_id) = 0;
    /// Removes pods, directories below run_dir and scratch_root and cgroups that belong to none of `known_pod_ids`.
    virtual loop::Task<Result<void>> collect_garbage(std::vector<std::string> known_pod_ids) = 0;
    /// One sample for each, in their order; nothing of what is gone.
    virtual loop::Task<std::vector<std::optional<UsageSample>>> read_usage(std::vector<UsageOf> which) = 0;
    /// Deletes a tree in a child of its own; never follows a link. Fine when there is nothing.
    virtual loop::Task<Result<void>> remove_tree(std::string path) = 0;
};

}  // namespace orilla::runtime
