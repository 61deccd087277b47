// System calls without a libc: the supervisor is one of these per pod and has to be small, and what runs between clone
// and exec shares its parent's memory and may use nothing else. Every call returns -errno on failure.
#pragma once

#include <asm/unistd.h>
#include <linux/errno.h>
#include <stddef.h>
#include <stdint.h>

namespace orilla::supervisor {

#if defined(__x86_64__)
inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#elif defined(__arm__)
/// Out of line: Thumb code keeps its frame in the register that a call's number goes into.
extern "C" long orilla_call(long number, long a, long b, long c, long d, long e, long f);
inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
    return orilla_call(number, a, b, c, d, e, f);
}
#else
#error "the supervisor knows amd64, arm64 and armhf"
#endif

// The same call has another name where the first one of that name had too few bits.
#if defined(__arm__)
inline constexpr long nr_mmap = __NR_mmap2, nr_fchown = __NR_fchown32, nr_setgroups = __NR_setgroups32,
                      nr_setresgid = __NR_setresgid32, nr_setresuid = __NR_setresuid32, nr_ppoll = __NR_ppoll_time64,
                      nr_clock_gettime = __NR_clock_gettime64, nr_setfsuid = __NR_setfsuid32, nr_setfsgid = __NR_setfsgid32;
#else
inline constexpr long nr_mmap = __NR_mmap, nr_fchown = __NR_fchown, nr_setgroups = __NR_setgroups,
                      nr_setresgid = __NR_setresgid, nr_setresuid = __NR_setresuid, nr_ppoll = __NR_ppoll,
                      nr_clock_gettime = __NR_clock_gettime, nr_setfsuid = __NR_setfsuid, nr_setfsgid = __NR_setfsgid;
#endif

/// As the kernel takes it from every architecture.
struct Time {
    int64_t s, ns;
};

template <class T>
inline long as_word(T value) {
    return (long)value;
}

template <class A = long, class B = long, class C = long, class D = long, class E = long, class F = long>
inline long call(long number, A a = 0, B b = 0, C c = 0, D d = 0, E e = 0, F f = 0) {
    return raw_call(number, as_word(a), as_word(b), as_word(c), as_word(d), as_word(e), as_word(f));
}

inline void close_fd(int& fd) {
    if (fd >= 0) call(__NR_close, fd);
    fd = -1;
}

/// An fd that closes itself. Not for what must stay open across exec.
class Fd {
  public:
    explicit Fd(long fd) : fd_((int)fd) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) call(__NR_close, fd_);
    }
    /// -errno when it could not be opened.
    int get() const { return fd_; }
    bool failed() const { return fd_ < 0; }
    int release() {
        int fd = fd_;
        fd_ = -1;
        return fd;
    }

  private:
    int fd_;
};

/// Starts `entry(argument)` in a child that shares our memory, on a stack of its own; returns its pid in the parent,
/// once the child has called exec or exited when the flags say CLONE_VFORK.
extern "C" long orilla_clone3(void* clone_args, size_t bytes, void (*entry)(void*), void* argument);

}  // namespace orilla::supervisor
