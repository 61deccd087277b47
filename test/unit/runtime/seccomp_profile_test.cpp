#include "seccomp_profile.hpp"

#include <linux/audit.h>
#include <linux/btrfs.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <initializer_list>

#include "bpf_support.hpp"

using namespace orilla;
using namespace orilla::runtime;
using orilla::test::allowed;
using orilla::test::ask;
using orilla::test::fails;
using orilla::test::native;

namespace {

std::string filter(CapabilitySet capabilities = default_capabilities(), bool shares_processes = false) {
    SeccompProfiles profiles;
    auto found = profiles.find_filter({capabilities, shares_processes});
    REQUIRE(found);
    return *found;
}

constexpr CapabilitySet capability_bit(int capability) { return CapabilitySet{1} << capability; }

}  // namespace

TEST_CASE("RuntimeDefault lets everyday calls through") {
    const std::string program = filter();
    for (long number : {SYS_read, SYS_openat, SYS_execve, SYS_futex, SYS_mmap, SYS_wait4, SYS_setuid, SYS_statx, SYS_getrandom,
                        SYS_rseq, SYS_chroot, SYS_ptrace, SYS_memfd_create, SYS_epoll_pwait2})
        CHECK(ask(program, number) == allowed);
}

TEST_CASE("RuntimeDefault refuses what is dangerous with EPERM and what it does not know with ENOSYS") {
    const std::string program = filter();
    for (long number : {SYS_mount,
                        SYS_umount2,
                        SYS_setns,
                        SYS_unshare,
                        SYS_bpf,
                        SYS_keyctl,
                        SYS_add_key,
                        SYS_kexec_load,
                        SYS_init_module,
                        SYS_delete_module,
                        SYS_perf_event_open,
                        SYS_userfaultfd,
                        SYS_io_uring_setup,
                        SYS_fsopen,
                        SYS_move_mount,
                        SYS_open_tree,
                        SYS_reboot,
                        SYS_swapon,
                        SYS_open_by_handle_at,
                        SYS_settimeofday,
                        SYS_sethostname})
        CHECK(ask(program, number) == fails(EPERM));
    CHECK(ask(program, 9999) == fails(ENOSYS));
    CHECK(ask(program, SYS_clone3) == fails(ENOSYS));
}

TEST_CASE("RuntimeDefault: clone without namespaces only") {
    const std::string program = filter();
    CHECK(ask(program, SYS_clone, 0x1200011) == allowed);
    for (uint64_t flag :
         {0x00020000ULL, 0x02000000ULL, 0x04000000ULL, 0x08000000ULL, 0x10000000ULL, 0x20000000ULL, 0x40000000ULL})
        CHECK(ask(program, SYS_clone, 0x11 | flag) == fails(EPERM));
}

TEST_CASE("RuntimeDefault: nobody leaves the quota of a volume") {
    const std::string program = filter(), administrator = filter(default_capabilities() | capability_bit(CAP_SYS_ADMIN));
    for (unsigned long request :
         std::initializer_list<unsigned long>{FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR, BTRFS_IOC_SUBVOL_CREATE,
                                              BTRFS_IOC_SUBVOL_CREATE_V2, BTRFS_IOC_SNAP_CREATE, BTRFS_IOC_SNAP_CREATE_V2}) {
        CHECK(ask(program, SYS_ioctl, 3, native, request) == fails(EPERM));
        CHECK(ask(administrator, SYS_ioctl, 3, native, request) == allowed);
    }
    for (unsigned long request :
         std::initializer_list<unsigned long>{FS_IOC_GETFLAGS, FS_IOC_FSGETXATTR, FICLONE, TCGETS, TIOCGWINSZ, FIONREAD})
        CHECK(ask(program, SYS_ioctl, 3, native, request) == allowed);
}

TEST_CASE("RuntimeDefault: no AF_ALG, no AF_VSOCK, no odd personality") {
    const std::string program = filter();
    CHECK(ask(program, SYS_socket, 2) == allowed);
    CHECK(ask(program, SYS_socket, 16) == allowed);
    CHECK(ask(program, SYS_socket, 38) == fails(EAFNOSUPPORT));
    CHECK(ask(program, SYS_socket, 40) == fails(EAFNOSUPPORT));
    CHECK(ask(program, SYS_personality, 0) == allowed);
    CHECK(ask(program, SYS_personality, 0xffffffff) == allowed);
    CHECK(ask(program, SYS_personality, 0x0400000) == fails(EPERM));
}

TEST_CASE("the filter is short, because the kernel compiles it for every container") {
    CHECK(filter().size() / sizeof(sock_filter) < 512);
}

TEST_CASE("a capability opens its calls and no others") {
    const std::string admin = filter(default_capabilities() | capability_bit(CAP_SYS_ADMIN));
    CHECK(ask(admin, SYS_mount) == allowed);
    CHECK(ask(admin, SYS_clone, 0x10000011) == allowed);
    CHECK(ask(admin, SYS_reboot) == fails(EPERM));
    CHECK(ask(admin, SYS_bpf) == fails(EPERM));
    const std::string time = filter(default_capabilities() | capability_bit(CAP_SYS_TIME));
    CHECK(ask(time, SYS_settimeofday) == allowed);
    CHECK(ask(time, SYS_mount) == fails(EPERM));
    CHECK(ask(filter(0), SYS_chroot) == fails(EPERM));
}

TEST_CASE("tracing is refused where processes are shared, but not to SYS_PTRACE") {
    CHECK(ask(filter(default_capabilities(), true), SYS_ptrace) == fails(EPERM));
    CHECK(ask(filter(default_capabilities(), true), SYS_process_vm_writev) == fails(EPERM));
    CHECK(ask(filter(default_capabilities() | capability_bit(CAP_SYS_PTRACE), true), SYS_ptrace) == allowed);
}

#if defined(__aarch64__) || defined(__arm__)
TEST_CASE("32-bit ARM's own calls, far above the others, are known") {
    const std::string program = filter();
    CHECK(ask(program, 0xf0005, 0, AUDIT_ARCH_ARM) == allowed);        // set_tls, with which every program begins
    CHECK(ask(program, 0xf0002, 0, AUDIT_ARCH_ARM) == allowed);        // cacheflush
    CHECK(ask(program, 0xf0003, 0, AUDIT_ARCH_ARM) == fails(ENOSYS));  // usr26
    CHECK(ask(program, 0xf0010, 0, AUDIT_ARCH_ARM) == fails(ENOSYS));
    CHECK(ask(program, 1024, 0, AUDIT_ARCH_ARM) == fails(ENOSYS));
    CHECK(ask(program, 403, 0, AUDIT_ARCH_ARM) == allowed);      // clock_gettime64
    CHECK(ask(program, 21, 0, AUDIT_ARCH_ARM) == fails(EPERM));  // mount
}
#endif

#if defined(__x86_64__)
TEST_CASE("the compat architecture is filtered by the same list") {
    const std::string program = filter();
    CHECK(ask(program, 3, 0, AUDIT_ARCH_I386) == allowed);         // read
    CHECK(ask(program, 21, 0, AUDIT_ARCH_I386) == fails(EPERM));   // mount
    CHECK(ask(program, 102, 0, AUDIT_ARCH_I386) == fails(EPERM));  // socketcall
    CHECK(ask(program, 359, 40, AUDIT_ARCH_I386) == fails(EAFNOSUPPORT));
    CHECK(ask(program, 0x40000000 + SYS_mount) != allowed);  // x32
    CHECK(ask(program, SYS_read, 0, AUDIT_ARCH_AARCH64) == fails(ENOSYS));
}
#endif
