// The names behind the seccomp profile, as data.
#pragma once

#include <linux/capability.h>

namespace orilla::runtime {

// A name a line would be four screens of names.
// clang-format off

/// Harmless, or guarded by the kernel's own checks inside a container.
inline constexpr const char* seccomp_allow_list[] = {
    "accept", "accept4", "access", "adjtimex", "alarm", "arch_prctl", "arm_fadvise64_64", "arm_sync_file_range",
    "bind", "breakpoint", "brk", "cachestat", "cacheflush", "capget", "capset", "chdir", "chmod", "chown", "chown32",
    "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64",
    "clock_nanosleep", "clock_nanosleep_time64", "close", "close_range", "connect", "copy_file_range", "creat", "dup",
    "dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2",
    "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "execve", "execveat", "exit", "exit_group", "faccessat",
    "faccessat2", "fadvise64", "fadvise64_64", "fallocate", "fanotify_mark", "fchdir", "fchmod", "fchmodat",
    "fchmodat2", "fchown", "fchown32", "fchownat", "fcntl", "fcntl64", "fdatasync", "fgetxattr", "flistxattr", "flock",
    "fork", "fremovexattr", "fsetxattr", "fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate",
    "ftruncate64", "futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv", "futex_wake", "futimesat",
    "get_mempolicy", "get_robust_list", "get_thread_area", "get_tls", "getcpu", "getcwd", "getdents", "getdents64",
    "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32", "getitimer",
    "getpeername", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid", "getresgid32",
    "getresuid", "getresuid32", "getrlimit", "getrusage", "getsid", "getsockname", "getsockopt", "gettid",
    "gettimeofday", "getuid", "getuid32", "getxattr", "getxattrat", "inotify_add_watch", "inotify_init",
    "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
    "io_pgetevents_time64", "io_setup", "io_submit", "ioctl", "ioprio_get", "ioprio_set", "ipc", "kill",
    "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "lchown", "lchown32", "lgetxattr",
    "link", "linkat", "listen", "listmount", "listxattr", "listxattrat", "llistxattr", "_llseek", "lremovexattr",
    "lseek", "lsetxattr", "lstat", "lstat64", "madvise", "map_shadow_stack", "mbind", "membarrier", "memfd_create",
    "memfd_secret", "mincore", "mkdir", "mkdirat", "mknod", "mknodat", "mlock", "mlock2", "mlockall", "mmap", "mmap2",
    "modify_ldt", "mprotect", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64",
    "mq_timedsend", "mq_timedsend_time64", "mq_unlink", "mremap", "mseal", "msgctl", "msgget", "msgrcv", "msgsnd",
    "msync", "munlock", "munlockall", "munmap", "name_to_handle_at", "nanosleep", "newfstatat", "_newselect", "open",
    "openat", "openat2", "pause", "pidfd_open", "pidfd_send_signal", "pipe", "pipe2", "pkey_alloc", "pkey_free",
    "pkey_mprotect", "poll", "ppoll", "ppoll_time64", "prctl", "pread64", "preadv", "preadv2", "prlimit64",
    "process_mrelease", "pselect6", "pselect6_time64", "pwrite64", "pwritev", "pwritev2", "read", "readahead",
    "readlink", "readlinkat", "readv", "recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg",
    "remap_file_pages", "removexattr", "removexattrat", "rename", "renameat", "renameat2", "restart_syscall",
    "riscv_hwprobe", "rmdir", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
    "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_tgsigqueueinfo",
    "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
    "sched_getscheduler", "sched_rr_get_interval", "sched_rr_get_interval_time64", "sched_setaffinity",
    "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield", "seccomp", "select", "semctl", "semget",
    "semop", "semtimedop", "semtimedop_time64", "send", "sendfile", "sendfile64", "sendmmsg", "sendmsg", "sendto",
    "set_mempolicy", "set_mempolicy_home_node", "set_robust_list", "set_thread_area", "set_tid_address", "set_tls",
    "setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32", "setitimer",
    "setpgid", "setpriority", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32",
    "setreuid", "setreuid32", "setrlimit", "setsid", "setsockopt", "setuid", "setuid32", "setxattr", "setxattrat",
    "shmat", "shmctl", "shmdt", "shmget", "shutdown", "sigaltstack", "signalfd", "signalfd4", "sigprocmask",
    "sigreturn", "socketpair", "splice", "stat", "stat64", "statfs", "statfs64", "statmount", "statx", "symlink",
    "symlinkat", "sync", "sync_file_range", "sync_file_range2", "syncfs", "sysinfo", "tee", "tgkill", "time",
    "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime",
    "timer_settime64", "timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime",
    "timerfd_settime64", "times", "tkill", "truncate", "truncate64", "ugetrlimit", "umask", "uname", "unlink",
    "unlinkat", "uretprobe", "utime", "utimensat", "utimensat_time64", "utimes", "vfork", "vmsplice", "wait4",
    "waitid", "waitpid", "write", "writev", nullptr};

/// Refused whatever the container may do. socketcall carries the address family behind a pointer, where no filter can
/// look, and would open what `socket` refuses.
inline constexpr const char* seccomp_deny_list[] = {
    "add_key", "get_kernel_syms", "io_uring_enter", "io_uring_register", "io_uring_setup", "kexec_file_load",
    "kexec_load", "keyctl", "migrate_pages", "move_pages", "nfsservctl", "pidfd_getfd", "query_module", "request_key",
    "socketcall", "swapoff", "swapon", "sysfs", "_sysctl", "uselib", "userfaultfd", "ustat", "vm86", "vm86old",
    nullptr};

inline constexpr const char* seccomp_trace_list[] = {"kcmp", "process_madvise", "process_vm_readv",
                                                     "process_vm_writev", "ptrace", nullptr};

/// Allowed with a capability, refused without.
struct SeccompCapabilityList {
    int capability;
    const char* const* names;
};

inline constexpr const char* seccomp_admin_list[] = {
    "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "lookup_dcookie", "lsm_get_self_attr",
    "lsm_list_modules", "lsm_set_self_attr", "mount", "mount_setattr", "move_mount", "open_tree", "open_tree_attr",
    "quotactl", "quotactl_fd", "setdomainname", "sethostname", "setns", "umount", "umount2", "unshare", nullptr};
inline constexpr const char* seccomp_chroot_list[] = {"chroot", nullptr};
inline constexpr const char* seccomp_boot_list[] = {"reboot", nullptr};
inline constexpr const char* seccomp_module_list[] = {"create_module", "delete_module", "finit_module", "init_module",
                                                      nullptr};
inline constexpr const char* seccomp_pacct_list[] = {"acct", nullptr};
inline constexpr const char* seccomp_rawio_list[] = {"ioperm", "iopl", nullptr};
inline constexpr const char* seccomp_time_list[] = {"clock_settime", "clock_settime64", "settimeofday", "stime",
                                                    nullptr};
inline constexpr const char* seccomp_tty_list[] = {"vhangup", nullptr};
inline constexpr const char* seccomp_syslog_list[] = {"syslog", nullptr};
inline constexpr const char* seccomp_bpf_list[] = {"bpf", nullptr};
inline constexpr const char* seccomp_perfmon_list[] = {"perf_event_open", nullptr};
inline constexpr const char* seccomp_search_list[] = {"open_by_handle_at", nullptr};

inline constexpr SeccompCapabilityList seccomp_capability_lists[] = {
    {CAP_SYS_ADMIN, seccomp_admin_list},      {CAP_SYS_CHROOT, seccomp_chroot_list},
    {CAP_SYS_BOOT, seccomp_boot_list},        {CAP_SYS_MODULE, seccomp_module_list},
    {CAP_SYS_PACCT, seccomp_pacct_list},      {CAP_SYS_RAWIO, seccomp_rawio_list},
    {CAP_SYS_TIME, seccomp_time_list},        {CAP_SYS_TTY_CONFIG, seccomp_tty_list},
    {CAP_SYSLOG, seccomp_syslog_list},        {CAP_BPF, seccomp_bpf_list},
    {CAP_PERFMON, seccomp_perfmon_list},      {CAP_DAC_READ_SEARCH, seccomp_search_list},
};

// clang-format on

}  // namespace orilla::runtime
