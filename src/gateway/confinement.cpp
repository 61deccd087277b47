#include "confinement.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "orilla/base/unique_fd.hpp"
#include "orilla/gateway/gateway.hpp"
#include "orilla/loop/confine.hpp"

namespace orilla::gateway {

namespace {
/// Clients, and a connection to a backend for each of them.
constexpr uint64_t files_max = 65'536;
constexpr uint64_t data_bytes_max = 1ULL << 30;
/// Before pods, which are more than this, and after the daemon.
constexpr const char* oom_score = "100";

void be_killed_before_the_daemon() {
    // Where that is more than it may have (in a container), it stays what it was.
    const UniqueFd file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    if (file) (void)!write(file.get(), oom_score, strlen(oom_score));
}

/// What libraries read from files at their first use.
void open_libraries() {
    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, nullptr);
    unsigned char byte = 0;
    RAND_bytes(&byte, 1);
    tzset();
}

loop::CallRules call_rules() {
    loop::CallRules rules;
    rules.kills = true;
    rules.allowed = {
        "read",           "write",         "readv",        "writev",      "close",           "fcntl",     "dup",
        "fstat",          "newfstatat",    "lseek",        "accept4",     "connect",         "shutdown",  "getsockopt",
        "setsockopt",     "getsockname",   "getpeername",  "sendto",      "recvfrom",        "sendmsg",   "recvmsg",
        "epoll_create1",  "eventfd2",      "epoll_wait",   "epoll_pwait", "epoll_pwait2",    "epoll_ctl", "poll",
        "ppoll",          "mmap",          "munmap",       "mremap",      "mprotect",        "madvise",   "brk",
        "futex",          "getrandom",     "getpid",       "gettid",      "getuid",          "geteuid",   "getgid",
        "getegid",        "clock_gettime", "gettimeofday", "time",        "clock_nanosleep", "nanosleep", "rt_sigaction",
        "rt_sigprocmask", "rt_sigreturn",  "sigaltstack",  "tgkill",      "restart_syscall", "exit",      "exit_group"};
    rules.allowed_by_argument = {{"socket", 0, AF_INET}, {"ioctl", 1, TCGETS}};  // the log asks whether it is a terminal
    return rules;
}
}  // namespace

Result<void> confine_gateway() {
    open_libraries();
    be_killed_before_the_daemon();
    loop::ResourceLimits limits;
    limits.files = files_max;
    limits.data_bytes = data_bytes_max;
    TRY_VOID(loop::limit_resources(limits));
    TRY_VOID(loop::enter_nothing());
    TRY_VOID(loop::take_identity(process_uid, 0));
    // Nobody of that user looks into its memory, where keys are; no core of it is written.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Error::from_errno("hide the memory", errno);
    TRY_VOID(loop::forbid_new_privileges());
    return loop::allow_calls(call_rules());
}

}  // namespace orilla::gateway
