// Decides everything a container's child does between clone and exec: pure, from the spec and facts to a list of steps.
// The order of the steps is the security argument; container_plan.cpp says why at each turn.
#pragma once

#include <string>
#include <vector>

#include "orilla/runtime/spec.hpp"
#include "seccomp_local.hpp"
#include "start_plan.hpp"

namespace orilla::runtime {

/// What the kernel offers, found out once.
struct KernelFacts {
    bool overlay_lowerdir_add = true;  ///< fsconfig "lowerdir+", since 6.8
    bool mqueue = true;
    bool cgroup_namespace = true;
    bool unified_cgroups = false;
    std::vector<std::string> v1_controllers{};  ///< to show in /sys/fs/cgroup, as their mounts are named: "cpu,cpuacct"
};

/// The pod around a container.
struct PodFacts {
    std::string dir;  ///< the pod's run directory
    bool own_ipc = true;
    bool host_pid = false;
    bool share_process_namespace = false;
    bool files_apart = false;    ///< an older daemon's: containers write the small files, in a file system of their own
    bool messages_apart = true;  ///< each termination message has a file system of its own; not those of an older daemon
    uint32_t first_id = 0;       ///< of the pod's user namespace; 0: the host's
    bool has_hostname = false;   ///< small files to be mounted over /etc
    bool has_hosts = false;
    bool has_resolv_conf = false;
    std::string files_dir() const { return files_apart ? dir + "/files" : dir; }
    bool operator==(const PodFacts&) const = default;
};

/// One of the pod's small files over the image's /etc: each container has a copy of its own.
struct PodFile {
    std::string name;  ///< "hosts"
    std::string path;  ///< on the host, where no container writes
    std::string content;
};

struct ContainerFacts {
    std::vector<std::string> join_files;  ///< cgroup.procs of every hierarchy
    std::string into_cgroup;              ///< instead, where a child can be born in its cgroup
    std::string base_layer;               ///< below the image's; empty: none
    SeccompFilter seccomp;                ///< empty: unconfined
    std::vector<PodFile> files;
    std::string termination_file;     ///< host path; empty: none
    std::vector<DeviceSpec> devices;  ///< besides the spec's: all of the host's for a privileged one
};

/// invalid when the spec contradicts itself.
Result<void> check_spec(const PodSandboxSpec& spec);
Result<void> check_spec(const ContainerSpec& spec);

/// For the supervisor itself: namespaces, host name, sysctls.
StartPlan plan_pod(const PodSandboxSpec& spec, const std::vector<std::string>& join_files);
/// For the init of a shared process namespace: an empty root, no rights, waits for ever.
StartPlan plan_pod_init(const std::string& empty_dir);
StartPlan plan_container(const ContainerSpec& spec, const ContainerFacts& facts, const PodFacts& pod,
                         const KernelFacts& kernel);
/// Joins a running container with the same confinement. Args and target are filled in at each exec.
StartPlan plan_exec(const ContainerSpec& spec, const ContainerFacts& facts, const PodFacts& pod, const KernelFacts& kernel);

}  // namespace orilla::runtime
