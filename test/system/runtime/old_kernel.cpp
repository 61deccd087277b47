// old_kernel PROGRAM [ARG...]: runs PROGRAM as on Linux 5.10, as far as system calls tell: what came later is unknown, to it
// and all that it starts.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace {

#if defined(__x86_64__)
constexpr uint32_t machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t machine = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t machine = AUDIT_ARCH_ARM;
#endif
#if defined(__arm__)
constexpr uint32_t fcntl_number = SYS_fcntl64;
#else
constexpr uint32_t fcntl_number = SYS_fcntl;
#endif
constexpr uint32_t first_call_of_5_11 = 441;       // epoll_pwait2; numbers are the same everywhere since 5.1
constexpr uint32_t last_call = 1024;               // 32-bit ARM has old ones above
constexpr uint32_t flags_of_close_range_5_11 = 4;  // CLOSE_RANGE_CLOEXEC
constexpr uint32_t flags_of_memfd_6_3 = 0x18;      // MFD_NOEXEC_SEAL, MFD_EXEC
constexpr uint32_t seal_of_6_3 = 0x20, add_seals = 1033;

constexpr uint32_t argument(int index) {
    return static_cast<uint32_t>(offsetof(seccomp_data, args) + 8 * static_cast<size_t>(index));
}
sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
sock_filter jump(uint16_t test, uint32_t value, uint8_t if_true, uint8_t if_false) {
    return BPF_JUMP(static_cast<uint16_t>(BPF_JMP | test | BPF_K), value, if_true, if_false);
}
sock_filter give(uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
sock_filter fail(int error) { return give(SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)); }

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: old_kernel PROGRAM [ARG...]\n");
        return 2;
    }
    sock_filter code[] = {
        load(offsetof(seccomp_data, arch)),
        jump(BPF_JEQ, machine, 1, 0),
        give(SECCOMP_RET_ALLOW),
        load(offsetof(seccomp_data, nr)),
        jump(BPF_JGE, first_call_of_5_11, 0, 2),
        jump(BPF_JGE, last_call, 1, 0),
        fail(ENOSYS),
        jump(BPF_JEQ, SYS_close_range, 0, 3),
        load(argument(2)),
        jump(BPF_JSET, flags_of_close_range_5_11, 0, 7),
        fail(EINVAL),
        jump(BPF_JEQ, SYS_memfd_create, 0, 2),
        load(argument(1)),
        jump(BPF_JSET, flags_of_memfd_6_3, 4, 3),
        jump(BPF_JEQ, fcntl_number, 0, 2),
        load(argument(1)),
        jump(BPF_JEQ, add_seals, 2, 0),
        give(SECCOMP_RET_ALLOW),
        fail(EINVAL),
        load(argument(2)),
        jump(BPF_JSET, seal_of_6_3, 0, 1),
        fail(EINVAL),
        give(SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{static_cast<unsigned short>(sizeof code / sizeof code[0]), code};
    // By root, so that programs may still get rights by exec, as without the filter.
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        std::perror("old_kernel: filter system calls (as root)");
        return 77;
    }
    execv(argv[1], argv + 1);
    std::perror(argv[1]);
    return 127;
}
