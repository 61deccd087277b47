#include "orilla/loop/child.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace orilla::loop {

std::string ExitStatus::describe() const {
    if (signal) return "killed by signal " + std::to_string(signal);
    return "exited with code " + std::to_string(code);
}

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        kill_and_reap();
        loop_ = other.loop_;
        pid_ = std::exchange(other.pid_, 0);
        pidfd_ = std::move(other.pidfd_);
    }
    return *this;
}

Child::~Child() { kill_and_reap(); }

void Child::kill(int signal) const {
    if (pidfd_) syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

void Child::kill_and_reap() {
    if (pid_ <= 0) return;
    kill(SIGKILL);
    pid_ = 0;
    if (loop_) return loop_->reap(std::move(pidfd_));
    siginfo_t info{};
    waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED);
}

void Child::let_go() {
    if (std::exchange(pid_, 0) > 0 && loop_) loop_->reap(std::move(pidfd_));
}

Task<ExitStatus> Child::wait() {
    ExitStatus status;
    {
        FdWatch watch(*loop_, pidfd_.get());
        for (;;) {
            siginfo_t info{};
            const int rc = waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG);
            if (rc != 0 && errno != EINTR) break;  // somebody else reaped it: status unknown, report success of nothing
            if (rc == 0 && info.si_pid != 0) {
                if (info.si_code == CLD_EXITED) status.code = info.si_status;
                else status.signal = info.si_status;
                break;
            }
            co_await watch.readable();
        }
    }
    pid_ = 0;
    co_return status;
}

namespace {

/// Everything the child needs, prepared before the clone: after it only system calls are allowed.
struct ExecPlan {
    const char* path;
    std::vector<char*> argv;
    std::vector<char*> env;
    std::vector<std::pair<int, int>> fds;  ///< ours are already above every target number
    int highest_target = 2;
    int error = 0;  ///< written by the child, in our memory (CLONE_VM)
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> out;
    for (const auto& text : strings) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
}

[[noreturn]] void exec_in_child(ExecPlan& plan) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number : {SIGPIPE, SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaction(number, &standard, nullptr);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int number = 0; number <= 2; ++number) dup2(null_fd, number);
    for (auto [ours, target] : plan.fds)
        if (dup2(ours, target) < 0) goto failed;
    // Targets are consecutive in practice; holes below the highest were never ours to keep.
    for (int number = 3; number <= plan.highest_target; ++number) {
        const bool wanted = std::any_of(plan.fds.begin(), plan.fds.end(), [=](auto p) { return p.second == number; });
        if (!wanted) close(number);
    }
    close_on_exec_from(plan.highest_target + 1);
    execve(plan.path, plan.argv.data(), plan.env.data());
failed:
    plan.error = errno;
    _exit(127);
}

constexpr size_t child_stack_bytes = 64 * 1024;

int child_entry(void* plan) { exec_in_child(*static_cast<ExecPlan*>(plan)); }

}  // namespace

void close_on_exec_from(int first) {
    if (syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) == 0) return;
    // Before 5.11 close_range only closes: look at what there is. dirent64 of <dirent.h> is the kernel's.
    const int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    alignas(dirent64) char entries[2048];
    for (;;) {
        const long bytes = syscall(SYS_getdents64, directory, entries, sizeof entries);
        if (bytes <= 0) break;
        for (long at = 0; at < bytes;) {
            const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
            at += entry->d_reclen;
            int number = 0;
            for (const char* digit = entry->d_name; *digit >= '0' && *digit <= '9'; ++digit)
                number = number * 10 + (*digit - '0');
            if (number >= first) fcntl(number, F_SETFD, FD_CLOEXEC);
        }
    }
    close(directory);
}

namespace {
Result<Child> spawn(Loop* loop, const SpawnSpec& spec) {
    ExecPlan plan{spec.path.c_str(), pointers(spec.argv), pointers(spec.env), {}, 2, 0};
    std::vector<UniqueFd> lifted;
    for (auto [ours, target] : spec.fds) plan.highest_target = std::max(plan.highest_target, target);
    for (auto [ours, target] : spec.fds) {
        // Lifted above all targets, so that one dup2 cannot overwrite the source of the next.
        UniqueFd copy(fcntl(ours, F_DUPFD_CLOEXEC, plan.highest_target + 1));
        if (!copy) return Error::from_errno("duplicate fd " + std::to_string(ours), errno);
        plan.fds.emplace_back(copy.get(), target);
        lifted.push_back(std::move(copy));
    }
    std::vector<char> stack(child_stack_bytes);
    char* stack_top = stack.data() + stack.size();
    stack_top -= reinterpret_cast<uintptr_t>(stack_top) % 16;
    // A handler of ours must not run in the child while it shares our memory.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    int pidfd = -1;
    const pid_t pid = clone(child_entry, stack_top, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd);
    const int clone_errno = errno;
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return Error::from_errno("clone", clone_errno);
    Child child(loop, pid, UniqueFd(pidfd));
    if (plan.error) return Error::from_errno("exec " + spec.path, plan.error);
    return child;
}
}  // namespace

Result<Child> spawn_child(Loop& loop, const SpawnSpec& spec) { return spawn(&loop, spec); }
Result<Child> spawn_child(const SpawnSpec& spec) { return spawn(nullptr, spec); }

}  // namespace orilla::loop
