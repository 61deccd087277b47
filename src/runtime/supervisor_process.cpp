#include "supervisor_process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "orilla/loop/child.hpp"
#include "supervisor/wire.hpp"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

namespace orilla::runtime {

extern const unsigned char supervisor_blob[];
extern const std::size_t supervisor_blob_bytes;

namespace {

constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr size_t spawn_stack_bytes = 32 * 1024;
constexpr int signals_max = 64;

/// Everything the child needs; after the clone only system calls are allowed.
struct Spawn {
    int image = -1;
    int fds[4] = {-1, -1, -1, -1};  ///< become 3, 4, 5, 6
    char* argv[4] = {};
    char* env[1] = {};
    int error = 0;
};

[[noreturn]] void fail(Spawn& spawn) {
    spawn.error = errno;
    _exit(127);
}

int spawn_child_main(void* argument) {
    Spawn& spawn = *static_cast<Spawn*>(argument);
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number <= signals_max; ++number) sigaction(number, &standard, nullptr);
    const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0) fail(spawn);
    for (int number = 0; number <= 2; ++number)
        if (dup2(null_fd, number) < 0) fail(spawn);
    // All of ours lie above 6 already: see `lift`.
    for (int i = 0; i < 4; ++i)
        if (dup2(spawn.fds[i] < 0 ? null_fd : spawn.fds[i], supervisor::listener_fd + i) < 0) fail(spawn);
    loop::close_on_exec_from(supervisor::init_plan_fd + 1);
    syscall(SYS_execveat, spawn.image, "", spawn.argv, spawn.env, AT_EMPTY_PATH);
    fail(spawn);
}

Result<UniqueFd> lift(int fd) {
    UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, supervisor::init_plan_fd + 1));
    if (!copy) return Error::from_errno("duplicate fd " + std::to_string(fd), errno);
    return copy;
}

Result<SupervisorProcess> clone_from(Spawn& spawn) {
    std::vector<char> stack(spawn_stack_bytes);
    char* top = stack.data() + stack.size();
    top -= reinterpret_cast<uintptr_t>(top) % 16;
    // A handler of ours must not run in the child while it shares our memory.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int pidfd = -1;
    const pid_t pid = clone(spawn_child_main, top, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &spawn, &pidfd);
    const int clone_errno = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return Error::from_errno("clone", clone_errno);
    SupervisorProcess process{pid, UniqueFd(pidfd)};
    if (spawn.error == 0) return process;
    siginfo_t info{};
    waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED);
    return Error::from_errno("exec the supervisor", spawn.error);
}

}  // namespace

Result<UniqueFd> make_supervisor_image() {
    int fd = memfd_create("orilla-supervisor", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    // Before 6.3 every memfd can be executed, and the flag is unknown.
    if (fd < 0 && errno == EINVAL) fd = memfd_create("orilla-supervisor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    UniqueFd image(fd);
    if (!image) return Error::from_errno("create a memfd for the supervisor (is vm.memfd_noexec 2?)", errno);
    size_t written = 0;
    while (written < supervisor_blob_bytes) {
        const ssize_t count = write(image.get(), supervisor_blob + written, supervisor_blob_bytes - written);
        if (count < 0 && errno != EINTR) return Error::from_errno("write the supervisor's memfd", errno);
        if (count > 0) written += static_cast<size_t>(count);
    }
    if (fchmod(image.get(), 0500) != 0) return Error::from_errno("protect the supervisor's memfd", errno);
    if (fcntl(image.get(), F_ADD_SEALS, seals | F_SEAL_EXEC) != 0 && fcntl(image.get(), F_ADD_SEALS, seals) != 0)
        return Error::from_errno("seal the supervisor's memfd", errno);
    return image;
}

Result<SupervisorProcess> spawn_supervisor(int image, const SupervisorFds& fds) {
    Spawn spawn;
    static char name[] = "orilla-pod";
    spawn.argv[0] = name;
    const int wanted[4] = {fds.listener, fds.state, fds.pod_plan, fds.init_plan};
    UniqueFd lifted[4];
    for (int i = 0; i < 4; ++i) {
        if (wanted[i] < 0) continue;
        TRY(lifted[i], lift(wanted[i]));
        spawn.fds[i] = lifted[i].get();
    }
    TRY(UniqueFd program, lift(image));
    spawn.image = program.get();
    return clone_from(spawn);
}

loop::Task<Result<void>> run_remove_tree(loop::Loop& loop, int image, std::string path) {
    Spawn spawn;
    char name[] = "orilla-rm", verb[] = "remove-tree";
    spawn.argv[0] = name;
    spawn.argv[1] = verb;
    spawn.argv[2] = path.data();
    auto lifted = lift(image);
    if (!lifted) co_return std::move(lifted).error();
    spawn.image = lifted->get();
    auto process = clone_from(spawn);
    if (!process) co_return std::move(process).error().with_context("remove " + path);
    loop::Child child(&loop, process->pid, std::move(process->pidfd));
    AWAIT(const loop::ExitStatus status, child.wait());
    if (status.success()) co_return ok();
    co_return Error(Code::system, fmt::format("remove {}: the remover {}", path, status.describe()));
}

}  // namespace orilla::runtime
