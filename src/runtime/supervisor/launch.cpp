#include "launch.hpp"

#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "socket.hpp"

namespace orilla::supervisor {

namespace {

constexpr size_t child_stack_bytes = 32 * 1024;
alignas(16) char child_stack[child_stack_bytes];
// One launch at a time: the parent is suspended while the child uses these.
Context context;
Report report;
int own_pid_namespace = -1;
int own_pidfd = -1;

void child_main(void*) {
    walk_plan(context, report);
    call(__NR_exit_group, 127);
}

/// Children made from now on are born in the process namespace of `pid`.
long enter_pid_namespace(int pid) {
    Fd target(call(__NR_pidfd_open, pid, 0));
    if (target.failed()) return target.get();
    return call(__NR_setns, target.get(), CLONE_NEWPID);
}

/// A child that keeps running does not suspend us until it is ready. It closes all that it has when it is; when it fails it
/// ends, which closes it as well.
void wait_until_closed(int fd) {
    char nothing;
    while (call(__NR_read, fd, &nothing, 1) == -EINTR) {
    }
}

long clone_into_cgroup(const LaunchRequest& request) {
    clone_args args{};
    const char* into = request.plan.text(request.plan.header().into_cgroup);
    Fd cgroup(into ? call(__NR_openat, AT_FDCWD, into, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1);
    if (into && cgroup.failed()) return cgroup.get();
    args.flags = request.plan.header().clone_flags;
    if (!request.keep_running) args.flags |= CLONE_VM | CLONE_VFORK;
    if (into) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup.get();
    }
    args.exit_signal = SIGCHLD;
    args.stack = (uint64_t)child_stack;
    args.stack_size = child_stack_bytes;
    return orilla_clone3(&args, sizeof args, child_main, nullptr);
}

long clone_child(const LaunchRequest& request) {
    if (!request.keep_running) return clone_into_cgroup(request);
    int ready[2];
    if (long error = call(__NR_pipe2, ready, O_CLOEXEC); error < 0) return error;
    const long pid = clone_into_cgroup(request);
    close_fd(ready[1]);
    // Otherwise the next one in its process namespace could meet it half made, with the host's files behind its root.
    if (pid > 0) wait_until_closed(ready[0]);
    close_fd(ready[0]);
    return pid;
}

void reap(long pid) { call(__NR_waitid, P_PID, pid, 0, WEXITED, 0); }

}  // namespace

long prepare_launches() {
    long fd = call(__NR_openat, AT_FDCWD, "/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fd;
    own_pid_namespace = (int)fd;
    fd = call(__NR_pidfd_open, call(__NR_getpid), 0);
    if (fd < 0) return fd;
    own_pidfd = (int)fd;
    return 0;
}

LaunchResult launch(const LaunchRequest& request) {
    LaunchResult result;
    const uint32_t flags = request.plan.header().flags;
    reset_context(context, request.plan);
    for (int i = 0; i < 3; ++i) context.stdio[i] = request.stdio[i];
    context.supervisor_pidfd = own_pidfd;
    report = {};
    int sockets[2] = {-1, -1};
    constexpr int af_unix = 1, sock_seqpacket_cloexec = 5 | O_CLOEXEC;
    if (flags & plan_terminal) call(__NR_socketpair, af_unix, sock_seqpacket_cloexec, 0, sockets);
    context.terminal_socket = sockets[1];
    if (request.target_pid) {
        context.target_pidfd = (int)call(__NR_pidfd_open, request.target_pid, 0);
        result.pid = context.target_pidfd < 0 ? context.target_pidfd : 0;
    }
    const bool joins = flags & (plan_in_target_pid_namespace | plan_in_pod_pid_namespace);
    const int ns_pid = flags & plan_in_target_pid_namespace ? request.target_pid : request.init_pid;
    if (result.pid == 0 && joins) result.pid = ns_pid ? enter_pid_namespace(ns_pid) : -ESRCH;
    if (result.pid == 0) result.pid = clone_child(request);
    if (joins) call(__NR_setns, own_pid_namespace, CLONE_NEWPID);
    if (result.pid > 0 && report.error) {
        reap(result.pid);
        result.pid = -report.error;
        result.report = report;
    }
    if (result.pid > 0 && flags & plan_terminal) result.terminal = (int)receive_fd(sockets[0]);
    close_fd(context.target_pidfd);
    close_fd(sockets[0]);
    close_fd(sockets[1]);
    return result;
}

}  // namespace orilla::supervisor
