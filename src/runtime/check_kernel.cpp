#include "check_kernel.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "cgroup_files.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/runtime/runtime.hpp"
#include "supervisor_process.hpp"

namespace orilla::runtime {

namespace {

bool exists(const char* path) { return access(path, F_OK) == 0; }

/// Called with nonsense, a known system call complains about that; an unknown one says ENOSYS.
bool has_call(long number) { return !(syscall(number, -1, nullptr, -1, nullptr, 0) < 0 && errno == ENOSYS); }

UniqueFd open_filesystem(const char* type) { return UniqueFd(static_cast<int>(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC))); }

bool has_filesystem(const char* type) { return static_cast<bool>(open_filesystem(type)); }

bool has_lowerdir_add() {
    UniqueFd fs = open_filesystem("overlay");
    // An overlayfs that does not know the new API itself takes every key, and complains when it is mounted.
    const bool takes_anything = fs && syscall(SYS_fsconfig, fs.get(), FSCONFIG_SET_FLAG, "orilla-asks", nullptr, 0) == 0;
    return fs && !takes_anything && syscall(SYS_fsconfig, fs.get(), FSCONFIG_SET_STRING, "lowerdir+", "/", 0) == 0;
}

bool can_execute_memfd() {
    auto image = make_supervisor_image();
    return image.has_value();
}

struct Need {
    const char* name;
    bool present;
    const char* sentence;
    bool fatal = true;
};

std::vector<Need> observe_needs() {
    return {
        {"root", geteuid() == 0,
         "not running as root: namespaces, mounts and cgroups cannot be made; run orilla serve as root"},
        {"mount namespaces", exists("/proc/self/ns/mnt"),
         "mount namespaces are missing: no container can have a root of its own; build the kernel with CONFIG_NAMESPACES"},
        {"pid namespaces", exists("/proc/self/ns/pid"),
         "pid namespaces are missing: containers cannot be told apart from the host's processes; build the kernel with "
         "CONFIG_PID_NS"},
        {"network namespaces", exists("/proc/self/ns/net"),
         "network namespaces are missing: pods cannot have addresses; build the kernel with CONFIG_NET_NS"},
        {"ipc namespaces", exists("/proc/self/ns/ipc"),
         "ipc namespaces are missing: pods would share the host's shared memory; build the kernel with CONFIG_IPC_NS"},
        {"uts namespaces", exists("/proc/self/ns/uts"),
         "uts namespaces are missing: pods cannot have hostnames; build the kernel with CONFIG_UTS_NS"},
        {"cgroup namespaces", exists("/proc/self/ns/cgroup"),
         "cgroup namespaces are missing: containers do not see their own limits in /sys/fs/cgroup; build the kernel with "
         "CONFIG_CGROUPS, 4.6 or later",
         false},
        {"overlayfs", has_filesystem("overlay"),
         "overlayfs is missing: images cannot be mounted; load the module overlay or build the kernel with CONFIG_OVERLAY_FS"},
        {"new mount API", has_call(SYS_fsopen) && has_call(SYS_move_mount) && has_call(SYS_open_tree),
         "fsopen, open_tree and move_mount are missing: mounts cannot be attached safely; use kernel 5.2 or later"},
        {"openat2", has_call(SYS_openat2),
         "openat2 is missing: paths of an image cannot be resolved safely; use kernel 5.6 or later"},
        {"clone3", has_call(SYS_clone3), "clone3 is missing: containers cannot be started; use kernel 5.3 or later"},
        {"pidfd", has_call(SYS_pidfd_open) && has_call(SYS_pidfd_send_signal),
         "pidfd_open is missing: processes cannot be signalled safely; use kernel 5.4 or later"},
        {"close_range", has_call(SYS_close_range),
         "close_range is missing: file descriptors could leak into containers; use kernel 5.9 or later"},
        {"seccomp", prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 && exists("/proc/sys/kernel/seccomp"),
         "seccomp filters are missing: containers could not be confined; build the kernel with CONFIG_SECCOMP_FILTER"},
        {"memfd", can_execute_memfd(),
         "the pod supervisor cannot be put into an executable memfd: set vm.memfd_noexec to 0 or 1, build the kernel with "
         "CONFIG_MEMFD_CREATE"},
        {"mqueue", has_filesystem("mqueue"),
         "POSIX message queues are missing: containers have no /dev/mqueue; build the kernel with CONFIG_POSIX_MQUEUE", false},
        {"landlock", has_call(SYS_landlock_create_ruleset),
         "Landlock is missing: what pulls images is confined by its user and its system calls alone; use kernel 5.13 or later "
         "with CONFIG_SECURITY_LANDLOCK",
         false},
        {"devpts", has_filesystem("devpts"),
         "devpts is missing: containers cannot have terminals; build the kernel with CONFIG_UNIX98_PTYS"},
    };
}

}  // namespace

KernelFacts find_kernel_facts(const Cgroups& cgroups) {
    KernelFacts facts;
    facts.overlay_lowerdir_add = has_lowerdir_add();
    facts.mqueue = has_filesystem("mqueue");
    facts.cgroup_namespace = exists("/proc/self/ns/cgroup");
    facts.unified_cgroups = cgroups.unified();
    facts.v1_controllers = cgroups.controllers();
    return facts;
}

std::vector<MissingFeature> check_kernel() {
    std::vector<MissingFeature> missing;
    for (const Need& need : observe_needs())
        if (!need.present) missing.push_back({need.name, need.sentence, need.fatal});
    if (auto checked = check_cgroup_controllers(); !checked)
        missing.push_back({"cgroups", checked.error().message() +
                                          ": limits cannot be enforced; mount cgroup2 at /sys/fs/cgroup, and on a "
                                          "Raspberry Pi boot with cgroup_enable=memory"});
    return missing;
}

}  // namespace orilla::runtime
