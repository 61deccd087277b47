// What the node agent asks of the world, in plain words: run this, fetch that, connect this. The agent decides from
// what these ports observe and never names a driver; wiring connects them to runtime/, images/ and network/, a
// simulation to fakes. All strings are paths or names that the agent has already checked; sizes are bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::node {

// ---- runtime ---------------------------------------------------------------------------------------------------------

struct MountConfig {
    std::string source;       ///< host path; empty for a tmpfs of the container's own
    std::string destination;  ///< absolute path in the container
    std::string label;        ///< names it in messages: volumeMount "data" of container "web"
    std::string sub_path;     ///< below source, resolved inside it; made when missing
    int64_t tmpfs_bytes = 0;
    bool read_only = false;
    bool recursive_read_only = false;  ///< read_only goes for what is mounted below source, too
};

struct ResourceConfig {
    int64_t cpu_request_milli = 0;
    int64_t cpu_limit_milli = 0;   ///< 0: no limit
    int64_t memory_limit_bytes = 0;
};

/// The security context that container and pod give together, after defaulting.
struct SecurityConfig {
    int64_t uid = -1;  ///< -1: as the image says
    int64_t gid = -1;
    std::vector<int64_t> supplemental_groups;
    std::vector<std::string> add_capabilities;  ///< without CAP_; may hold ALL
    std::vector<std::string> drop_capabilities;
    bool hardened = false;  ///< begins with fewer capabilities
    bool privileged = false;
    bool allow_privilege_escalation = true;
    bool read_only_root = false;
    bool run_as_non_root = false;
    bool seccomp_unconfined = false;
    bool unmasked_proc = false;
};

struct PodConfig {
    std::string uid;
    std::string ns;
    std::string name;
    std::string hostname;
    std::string resolv_conf;  ///< content
    std::string hosts;        ///< content of /etc/hosts
    bool host_network = false;
    bool host_users = true;   ///< false: in the namespaces that make_namespaces made
    bool host_pid = false;
    bool host_ipc = false;
    bool share_process_namespace = false;
    std::vector<std::pair<std::string, std::string>> sysctls;
    ResourceConfig resources;  ///< of the pod's cgroup: the containers' sums
};

struct ContainerConfig {
    std::string pod_uid;
    std::string name;
    int attempt = 0;  ///< restart count
    std::string image;
    std::vector<std::string> command;  ///< replaces the image's entrypoint when not empty
    std::vector<std::string> args;     ///< replaces the image's cmd when not empty, or when command is set
    std::vector<std::pair<std::string, std::string>> env;  ///< set over the image's
    std::string working_dir;
    std::vector<MountConfig> mounts;
    ResourceConfig resources;
    SecurityConfig security;
    std::string hostname;     ///< the pod's, for HOSTNAME
    std::string stop_signal;  ///< lifecycle.stopSignal; empty: the image's
    std::string log_path;
    std::string termination_message_path;
    bool tty = false;
    bool stdin_open = false;
};

enum class ContainerPhase { created, running, exited };

/// How far a graceful stop has come: monotonic milliseconds of this boot, -1 for what has not happened.
struct StopProgress {
    int64_t begun_ms = -1;
    int64_t hook_begun_ms = -1;
    int64_t hook_ended_ms = -1;
    int64_t signalled_ms = -1;
    int64_t grace_s = -1;  ///< that it began with
};

struct ContainerState {
    std::string name;
    int attempt = 0;
    ContainerPhase phase = ContainerPhase::created;
    int pid = 0;
    int exit_code = 0;  ///< 128 + signal when killed
    int signal = 0;
    bool oom_killed = false;
    int64_t started_wall_s = 0;
    int64_t finished_wall_s = 0;
    std::string image_id;
    std::string termination_message;
    std::string reason;  ///< why it ended, where that is not told by the rest: StartError
    StopProgress stop;   ///< as note_stop told, by this daemon or an earlier one of this boot
};

/// A pod that the runtime holds, seen at start (adopted) or now.
struct SandboxState {
    std::string uid;
    bool alive = false;  ///< its supervisor answers
    int64_t created_ms = -1;  ///< monotonic, in this boot; -1: unknown
    std::vector<ContainerState> containers;  ///< every attempt that is still known, oldest first
};

struct ExecResult {
    int exit_code = 0;
    std::string output;  ///< bounded, stdout and stderr mixed
};

class RuntimePort {
  public:
    virtual ~RuntimePort() = default;
    /// What is there now, after the runtime reconnected to every supervisor of an earlier daemon.
    virtual std::vector<SandboxState> observe() const = 0;
    virtual std::optional<SandboxState> observe_pod(const std::string& uid) const = 0;
    /// A user namespace of the pod's own, and in it a network namespace, to which the result is the path. create_pod follows,
    /// or remove_pod.
    virtual loop::Task<Result<std::string>> make_namespaces(std::string uid) = 0;
    /// Namespaces, cgroup and supervisor; `network` from NetworkPort, empty for the host's network.
    virtual loop::Task<Result<void>> create_pod(PodConfig config, std::string network_namespace) = 0;
    /// Returns once the container runs its first instruction, or says why it does not.
    virtual loop::Task<Result<void>> start_container(ContainerConfig config) = 0;
    virtual loop::Task<Result<void>> signal_container(std::string uid, std::string name, int signal) = 0;
    /// The image's stop signal, SIGTERM without one.
    virtual int stop_signal(const std::string& uid, const std::string& name) const = 0;
    /// Remembers it with the container, for a daemon that takes over while the stop is under way.
    virtual Result<void> note_stop(const std::string& uid, const std::string& name, int attempt, StopProgress stop) = 0;
    /// Whether a command of `exec` still runs in the container, one that an earlier daemon started included.
    virtual bool has_exec(const std::string& uid, const std::string& name) const = 0;
    virtual loop::Task<Result<ExecResult>> exec(std::string uid, std::string name, std::vector<std::string> argv,
                                                int64_t timeout_ms) = 0;
    /// Drops what an exited attempt left (its writable layer); logs stay.
    virtual loop::Task<Result<void>> remove_container(std::string uid, std::string name, int attempt) = 0;
    /// Kills what runs and removes every trace but logs and volumes. Fine when there is nothing.
    virtual loop::Task<Result<void>> remove_pod(std::string uid) = 0;
    /// Deletes a directory tree without blocking the loop.
    virtual loop::Task<Result<void>> remove_tree(std::string path) = 0;
    /// Called on the loop whenever a pod's containers changed: exit, death of a supervisor.
    virtual void on_change(std::function<void(const std::string& uid)> listener) = 0;
};

// ---- images ----------------------------------------------------------------------------------------------------------

struct ImageFacts {
    std::string id;  ///< what status.containerStatuses[].imageID shows: NAME@sha256:...
    std::string user;
    int64_t size_bytes = 0;
    std::vector<std::string> names;
};

class ImagesPort {
  public:
    virtual ~ImagesPort() = default;
    /// Nothing when it is not here.
    virtual std::optional<ImageFacts> find(const std::string& name) const = 0;
    virtual Result<void> check_name(const std::string& name) const = 0;
    /// `docker_configs`: contents of the pod's imagePullSecrets, best first.
    virtual loop::Task<Result<ImageFacts>> pull(std::string name, std::vector<std::string> docker_configs) = 0;
};

// ---- network ---------------------------------------------------------------------------------------------------------

struct PodNetwork {
    std::string ip;
    std::string network_namespace;  ///< path
};

struct HostPort {
    std::string protocol;  ///< TCP, UDP, SCTP
    std::string host_ip;
    int host_port = 0;
    int container_port = 0;
};

class NetworkPort {
  public:
    virtual ~NetworkPort() = default;
    /// Idempotent: a pod that has a network gets the same one. In `network_namespace`, or where that is empty in a new one.
    virtual loop::Task<Result<PodNetwork>> attach(std::string uid, std::vector<HostPort> host_ports, std::string network_namespace) = 0;
    virtual loop::Task<Result<void>> detach(std::string uid) = 0;
    virtual std::optional<PodNetwork> find(const std::string& uid) const = 0;
    virtual std::string node_ip() const = 0;
    virtual std::string dns_ip() const = 0;
};

}  // namespace orilla::node
