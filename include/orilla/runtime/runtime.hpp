// The container runtime of one node: pods are a supervisor with namespaces and a cgroup, containers are its children.
// It promises that what it started survives the death of this process and is found again by `open`; that what it
// removes leaves no mount, cgroup, process or file behind; and that no call blocks the loop. It takes plain specs and
// decides nothing about restarts. It refuses what the kernel cannot do with an error that says so.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/runtime/spec.hpp"

namespace orilla::runtime {

struct RuntimeOptions {
    std::string run_dir;      ///< root-only, on a tmpfs: sockets and state of the supervisors ("/run/orilla/pods")
    std::string scratch_root; ///< parent of every scratch_dir, and of nothing else; empty: garbage there is not collected
    std::string base_layer;   ///< directory for the lowest layer of every root, on the file system of the others; empty: none
    std::string cgroup_root;  ///< below every controller's mount: "/orilla"; empty: below this process's own cgroup
    int64_t supervisor_answer_ms_max = 10'000;  ///< a supervisor that is silent for longer counts as broken
};

enum class ContainerPhase { running, exited };

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
    ContainerPhase phase = ContainerPhase::running;
    pid_t pid = 0;                 ///< in the host's pid namespace; 0 once exited
    int exit_code = 0;             ///< 128 + signal when killed
    int signal = 0;                ///< what killed it, else 0
    bool oom_killed = false;
    int64_t started_wall_ns = 0;
    int64_t finished_wall_ns = 0;
    std::string log_path;
    int stop_signal = 15;
    StopProgress stop;
};

struct PodState {
    std::string id;
    bool alive = false;            ///< its supervisor answers; otherwise all its containers have been killed
    pid_t supervisor_pid = 0;
    int64_t created_ms = -1;       ///< CLOCK_MONOTONIC of this boot; -1: an older version did not note it
    std::vector<ContainerState> containers;  ///< in order of their start, until removed
};

struct ExecOutcome {
    int exit_code = 0;             ///< 128 + signal when killed
    std::string output;            ///< stdout and stderr as they came, cut at output_bytes_max
    bool timed_out = false;        ///< it was killed then; exit_code is 137
};

struct Usage {
    uint64_t cpu_ns = 0;
    uint64_t memory_bytes = 0;              ///< everything charged
    uint64_t memory_working_set_bytes = 0;  ///< without the inactive page cache: what eviction looks at
    uint64_t pids = 0;
};

/// One thing the kernel lacks. `fatal` means that no container can run.
struct MissingFeature {
    std::string name;      ///< "overlayfs"
    std::string sentence;  ///< what is missing, what will not work, what to do
    bool fatal = true;
};
/// Probes this kernel; an empty list is good news. Changes nothing.
std::vector<MissingFeature> check_kernel();

class Runtime {
  public:
    /// Prepares the cgroup root and reconnects to every supervisor that is still alive below run_dir: afterwards `pods`
    /// is complete. Pods whose supervisor died are listed too, not alive, with what their state file tells.
    static loop::Task<Result<std::unique_ptr<Runtime>>> open(loop::Loop& loop, RuntimeOptions options);
    virtual ~Runtime() = default;

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
    /// Whether a command of `exec` still runs in the container, one that an earlier daemon started included.
    virtual bool has_exec(const std::string& pod_id, const std::string& container_id) const = 0;
    /// Runs a command with the container's confinement; killed after timeout_ms. Its failure to start is an Error.
    virtual loop::Task<Result<ExecOutcome>> exec(std::string pod_id, std::string container_id,
                                                 std::vector<std::string> args, int64_t timeout_ms,
                                                 size_t output_bytes_max = 16 * 1024) = 0;
    /// Kills it if it runs; drops its cgroup, writable layer and state. The log stays.
    virtual loop::Task<Result<void>> remove_container(std::string pod_id, std::string container_id) = 0;
    /// Kills everything and removes every trace but logs. Fine when there is none.
    virtual loop::Task<Result<void>> remove_pod(std::string pod_id) = 0;
    /// Removes pods, directories below run_dir and scratch_root and cgroups that belong to none of `known_pod_ids`.
    virtual loop::Task<Result<void>> collect_garbage(std::vector<std::string> known_pod_ids) = 0;

    /// The first 4 KiB of what the container wrote to its termination message file; empty without one.
    virtual std::string read_termination_message(const std::string& pod_id, const std::string& container_id) const = 0;
    virtual Result<Usage> read_usage(const std::string& pod_id, const std::string& container_id) const = 0;
    virtual Result<Usage> read_pod_usage(const std::string& pod_id) const = 0;
    /// Deletes a tree in a child of its own; never follows a link. Fine when there is nothing.
    virtual loop::Task<Result<void>> remove_tree(std::string path) = 0;
};

}  // namespace orilla::runtime
