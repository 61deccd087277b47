// What the runtime is asked to run, in the kernel's words and never in Kubernetes': every path, number and list is
// already decided by the caller. A default-constructed spec is the confined one; looseness has to be asked for.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::runtime {

inline constexpr int64_t pod_pids_max_default = 2048;
inline constexpr size_t termination_message_bytes_max = 4096;
inline constexpr int containers_per_pod_max = 64;  ///< alive or not yet removed

/// Bit N is capability number N of linux/capability.h.
using CapabilitySet = uint64_t;
/// CHOWN, DAC_OVERRIDE, FSETID, FOWNER, SETGID, SETUID, SETFCAP, SETPCAP, NET_BIND_SERVICE, SYS_CHROOT, KILL.
CapabilitySet hardened_capabilities();
/// What images are made for, as on any cluster: the hardened ones, MKNOD, NET_RAW and AUDIT_WRITE.
CapabilitySet default_capabilities();
/// Everything that this kernel knows and that we hold ourselves.
CapabilitySet all_capabilities();
/// `base`, plus `add`, minus `drop`, as securityContext.capabilities reads: names with or without CAP_, or ALL.
Result<CapabilitySet> plan_capabilities(const std::vector<std::string>& add, const std::vector<std::string>& drop,
                                        CapabilitySet base = default_capabilities());

/// 0 means: no limit of its own (the request gives the minimal weight).
struct Resources {
    int64_t cpu_request_milli = 0;  ///< becomes cpu.shares or cpu.weight
    int64_t cpu_limit_milli = 0;    ///< becomes the CFS quota in a period of 100 ms
    int64_t memory_limit_bytes = 0;
    int64_t pids_max = 0;
    bool operator==(const Resources&) const = default;
};

struct PodSandboxSpec {
    std::string id;                 ///< the pod's uid; a file name: [a-zA-Z0-9.-], 1 - 63 characters
    std::string hostname;           ///< empty: the host's (only with the host's network)
    std::string network_namespace;  ///< path of a network namespace; empty: the host's
    bool host_users = true;         ///< false: the ids of make_namespaces, which has to be called before
    bool host_pid = false;
    bool host_ipc = false;
    bool share_process_namespace = false;
    std::vector<std::pair<std::string, std::string>> sysctls;  ///< {"net.ipv4.ip_forward", "1"}
    std::string resolv_conf;                                   ///< content of /etc/resolv.conf; empty: the image's own
    std::string hosts;                                         ///< content of /etc/hosts; empty: the image's own
    std::string cgroup_parent;  ///< below the runtime's cgroup root, for example "burstable"; may be empty
    Resources resources{.pids_max = pod_pids_max_default};  ///< of the whole pod
};

enum class MountKind { bind, tmpfs };
enum class MountPropagation { none, host_to_container, bidirectional };
inline constexpr size_t shared_mounts_max = 16;  ///< bidirectional ones of a container

struct MountSpec {
    MountKind kind = MountKind::bind;
    std::string source;       ///< host path of a bind, followed as it is: trusted
    std::string label{};      ///< names it in messages
    std::string sub_path;     ///< below source, resolved beneath it and never outside; a missing directory is made
    std::string destination;  ///< absolute path in the container, resolved inside its root; made when missing
    bool read_only = false;
    bool recursive_read_only = true;  ///< read_only goes for the mounts below source, too
    bool recursive = true;            ///< with the mounts below source
    MountPropagation propagation = MountPropagation::none;
    int64_t tmpfs_bytes = 0;  ///< of a tmpfs; 0: the kernel's default (half of the memory)
    uint32_t tmpfs_mode = 01777;
};

/// A host device made visible at `destination` in the container's /dev and allowed in its cgroup.
struct DeviceSpec {
    std::string source;
    std::string destination;
};

enum class SeccompMode { runtime_default, unconfined, local };

std::vector<std::string> default_masked_paths();
std::vector<std::string> default_read_only_paths();

struct ContainerSpec {
    std::string id;                   ///< unique within the pod, restarts included ("web-0"); a file name
    std::string name;                 ///< for messages: "start container web: ..."
    std::vector<std::string> layers;  ///< directories of the overlay's lower layers, the topmost first
    std::string scratch_dir;          ///< made by the runtime and removed with the container: writable layer; needs a
                                      ///< file system that can be an overlay's upper
    std::vector<std::string> args;    ///< args[0] is looked up in PATH when it has no slash
    std::vector<std::string> env;     ///< NAME=value; HOME is added from the image's /etc/passwd when it is missing
    std::string cwd = "/";            ///< made when missing
    int64_t uid = -1;                 ///< -1: as `image_user` says
    int64_t gid = -1;                 ///< -1: as `image_user` says, else the user's group in the image's /etc/passwd, else 0
    std::string image_user;           ///< "", "1000", "1000:1000", "nginx", "nginx:www": looked up in the image
    std::vector<int64_t> supplemental_groups;  ///< besides those of the image's /etc/group
    bool only_given_groups = false;            ///< without those of the image's /etc/group
    std::vector<MountSpec> mounts;
    std::vector<DeviceSpec> devices;
    CapabilitySet capabilities = hardened_capabilities();
    SeccompMode seccomp = SeccompMode::runtime_default;
    std::string seccomp_profile;  ///< the file of a local one, on the host
    bool no_new_privs = true;
    bool read_only_root = false;
    bool privileged = false;  ///< all capabilities and devices, nothing masked, writable sys; seccomp as given
    std::vector<std::string> masked_paths = default_masked_paths();
    std::vector<std::string> read_only_paths = default_read_only_paths();
    Resources resources;
    int oom_score_adj = 0;  ///< best effort: lowering needs CAP_SYS_RESOURCE
    int64_t shm_bytes = 64LL << 20;
    std::string log_path;                  ///< CRI log file; its directory is made; rotated to log_path.1 ... .4
    std::string termination_message_path;  ///< file in the container, "/dev/termination-log"; empty: none
    int stop_signal = 15;                  ///< only remembered
    bool tty = false;                      ///< a terminal instead of pipes; what it shows is the log
    bool stdin_open = false;               ///< a pipe that nobody writes to yet; otherwise /dev/null
};

}  // namespace orilla::runtime
