// The pod supervisor: the parent of a pod's containers. It holds the pod's namespaces, pumps logs, records exits and
// does what the daemon asks over its socket. It outlives the daemon and decides nothing.
#include <asm/signal.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/signalfd.h>
#include <linux/wait.h>

#include "launch.hpp"
#include "messages.hpp"
#include "remove_tree.hpp"
#include "socket.hpp"
#include "table.hpp"

namespace orilla::supervisor {

namespace {

enum class Source : uint32_t { listener, peer, children, output, error };

constexpr int pipe_drain_reads_max = 64;  // a pipe holds 64 KiB, and one read takes 8
constexpr int epoll_events_max = 16;

Table table;
int epoll_fd = -1;
int children_fd = -1;
int peer_fd = -1;
int init_pid = 0;
Report pod_report;
bool shutting_down = false;
uint32_t shutdown_request = 0;

void watch(int fd, Source source, int index) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data = (uint64_t)source << 32 | (uint32_t)index;
    call(__NR_epoll_ctl, epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

void drop_peer() { close_fd(peer_fd); }

void send_to_peer(const Message& message, int fd) {
    if (peer_fd < 0) return;
    // A daemon that does not read gets no second chance: it reconnects and asks for the status.
    if (send_message(peer_fd, message, fd) < 0) drop_peer();
}

template <class Body>
void send(const Body& body, uint32_t request, int fd = -1) {
    send_to_peer(write_message(body, request), fd);
}

void refuse(uint32_t request, long error) {
    const Refused refused{(int)error};
    send(refused, request);
}

void close_stream(int& fd) {
    // The daemon may hold the same terminal: closing our fd alone would leave it in the epoll set.
    if (fd >= 0) call(__NR_epoll_ctl, epoll_fd, EPOLL_CTL_DEL, fd, 0);
    close_fd(fd);
}

void drain(Streams& streams, int& fd, bool is_stderr) {
    for (int i = 0; i < pipe_drain_reads_max && fd >= 0; ++i) {
        const long bytes = streams.log.pump(fd, is_stderr);
        if (bytes == 0) close_stream(fd);
        if (bytes <= 0) return;
    }
}

void record_exit(int index, int code, int signal) {
    Record& record = table.state->records[index];
    Streams& streams = table.streams[index];
    // Before anybody hears of the exit its last words are in the log.
    drain(streams, streams.out, false);
    drain(streams, streams.err, true);
    close_stream(streams.out);
    close_stream(streams.err);
    close_fd(streams.in);
    streams.log.close();
    record.exit_code = signal ? 128 + signal : code;
    record.signal = signal;
    record.finished_wall_ns = wall_ns();
    record.phase = RecordPhase::exited;
    const Exited exited{record.handle, record.exit_code, signal, record.finished_wall_ns};
    send(exited, 0);
}

struct ChildInfo {
    int number, error, code;
    alignas(void*) int pid;  // a union that has pointers in it
    int uid, status;
    char rest[sizeof(void*) == 8 ? 100 : 104];
};
static_assert(sizeof(ChildInfo) == 128);

void reap_children() {
    char ignored[sizeof(signalfd_siginfo)];
    while (call(__NR_read, children_fd, ignored, sizeof ignored) > 0) {
    }
    constexpr int reaps_max = 1024;
    for (int i = 0; i < reaps_max; ++i) {
        ChildInfo info{};
        if (call(__NR_waitid, P_ALL, 0, &info, WEXITED | WNOHANG, 0) < 0 || info.pid == 0) return;
        const bool ended = info.code == 1;  // CLD_EXITED
        const int code = ended ? info.status : 0, signal = ended ? 0 : info.status;
        if (int index = table.find_record_by_pid(info.pid); index >= 0) {
            record_exit(index, code, signal);
        } else if (int exec = table.find_exec_by_pid(info.pid); exec >= 0) {
            table.execs[exec].pid = 0;
            const Exited exited{table.execs[exec].handle, signal ? 128 + signal : code, signal, wall_ns()};
            send(exited, 0);
        } else if (info.pid == init_pid) {
            init_pid = 0;
        }
    }
}

bool make_pipe(int ends[2]) {
    if (call(__NR_pipe2, ends, O_CLOEXEC) < 0) return false;
    // Ours must never make us wait; the container's may.
    call(__NR_fcntl, ends[0], F_SETFL, O_NONBLOCK);
    return true;
}

void fail(uint32_t request, const LaunchResult& result) {
    const StartFailed failed{result.report.step, (int)-result.pid, result.report.error ? 0 : 1};
    send(failed, request);
}

void adopt_container(int index, const LaunchResult& result, uint32_t request, int terminal) {
    Record& record = table.state->records[index];
    Streams& streams = table.streams[index];
    if (terminal >= 0) {
        call(__NR_fcntl, terminal, F_SETFL, O_NONBLOCK | O_RDWR);
        streams.out = terminal;
    }
    record.pid = (int)result.pid;
    record.handle = table.state->next_handle++;
    record.started_wall_ns = wall_ns();
    record.phase = RecordPhase::running;
    if (streams.out >= 0) watch(streams.out, Source::output, index);
    if (streams.err >= 0) watch(streams.err, Source::error, index);
    const Started started{record.handle, record.pid, record.started_wall_ns};
    send(started, request, terminal);
}

void start_container(const Plan& plan, uint32_t request) {
    const int index = table.find_free_record();
    LaunchResult result;
    result.pid = index < 0 ? -ENOSPC : table.describe(index, plan) ? 0 : -ENAMETOOLONG;
    if (result.pid < 0) return fail(request, result);
    Streams& streams = table.streams[index];
    const Record& record = table.state->records[index];
    if (record.log_path[0]) {
        result.pid = streams.log.open(record.log_path);
        if (result.pid < 0) return fail(request, result);
    }
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    const uint32_t flags = plan.header().flags;
    if (!(flags & plan_terminal) && (!make_pipe(out) || !make_pipe(err))) result.pid = -EMFILE;
    if (flags & plan_stdin && call(__NR_pipe2, in, O_CLOEXEC) < 0) result.pid = -EMFILE;
    if (result.pid == 0) {
        const LaunchRequest launch_request{plan, {in[0], out[1], err[1]}, 0, init_pid, false};
        result = launch(launch_request);
    }
    close_fd(in[0]);
    close_fd(out[1]);
    close_fd(err[1]);
    if (result.pid > 0) {
        streams.in = in[1];
        streams.out = out[0];
        streams.err = err[0];
        return adopt_container(index, result, request, result.terminal);
    }
    close_fd(in[1]);
    close_fd(out[0]);
    close_fd(err[0]);
    streams.log.close();
    fail(request, result);
}

void start_exec(const Plan& plan, uint32_t request, const int stdio[3]) {
    const int slot = table.find_free_exec();
    const int record = table.find_record(plan.header().target);
    LaunchResult result;
    if (slot < 0) result.pid = -ENOSPC;
    else if (record < 0 || table.state->records[record].phase != RecordPhase::running) result.pid = -ESRCH;
    if (result.pid < 0) return fail(request, result);
    const LaunchRequest launch_request{plan, {stdio[0], stdio[1], stdio[2]}, table.state->records[record].pid, init_pid, false};
    result = launch(launch_request);
    if (result.pid < 0) return fail(request, result);
    table.execs[slot] = {table.state->next_handle++, (int)result.pid};
    const Started started{table.execs[slot].handle, (int)result.pid, wall_ns()};
    send(started, request, result.terminal);
    close_fd(result.terminal);
}

void start(Received& received) {
    const Message& message = received.message;
    int plan_fd = received.take(0);
    int stdio[3] = {received.take(1), received.take(2), received.take(3)};
    Plan plan;
    LaunchResult result;
    result.pid = plan_fd < 0 ? -EBADF : map_plan(plan_fd, plan);
    if (result.pid < 0) fail(message.request, result);
    else if (message.type == MessageType::start_exec) start_exec(plan, message.request, stdio);
    else start_container(plan, message.request);
    unmap_plan(plan);
    close_fd(plan_fd);
    for (int& fd : stdio) close_fd(fd);
}

/// 0, or -errno.
long signal_process(const SendSignal& wanted) {
    int pid = 0;
    if (int index = table.find_record(wanted.handle); index >= 0 && table.state->records[index].phase == RecordPhase::running)
        pid = table.state->records[index].pid;
    else if (int exec = table.find_exec(wanted.handle); exec >= 0) pid = table.execs[exec].pid;
    // Not reaped yet, since only we reap: the pid cannot belong to somebody else.
    return pid ? call(__NR_kill, pid, wanted.signal) : 0;
}

/// 0, or -errno.
long forget(const Forget& wanted) {
    const int index = table.find_record(wanted.handle);
    if (index >= 0 && table.state->records[index].phase == RecordPhase::running) return -EBUSY;
    if (index >= 0) table.state->records[index].phase = RecordPhase::free;
    return 0;
}

template <class Request>
void obey(const Message& message, long (*apply)(const Request&)) {
    Request wanted;
    const long error = read_message(message, wanted) ? apply(wanted) : -EPROTO;
    if (error < 0) return refuse(message.request, -error);
    send(Done(), message.request);
}

void begin_shutdown(uint32_t request) {
    shutting_down = true;
    shutdown_request = request;
    for (const Record& record : table.state->records)
        if (record.phase == RecordPhase::running) call(__NR_kill, record.pid, SIGKILL);
    for (const Exec& exec : table.execs)
        if (exec.pid) call(__NR_kill, exec.pid, SIGKILL);
    if (init_pid) call(__NR_kill, init_pid, SIGKILL);
}

void say_hello(uint32_t request) {
    if (pod_report.error) {
        const StartFailed failed{pod_report.step, pod_report.error, 0};
        send(failed, request);
        call(__NR_exit_group, 1);
    }
    // Told to go by a daemon that died before it saw us gone: no pod to count on any more.
    if (shutting_down) return refuse(request, ESHUTDOWN);
    const HelloReply reply{(int)call(__NR_getpid)};
    send(reply, request);
}

void handle(Received& received) {
    const Message& message = received.message;
    switch (message.type) {
        case MessageType::hello: return say_hello(message.request);
        case MessageType::start_container:
        case MessageType::start_exec:
            if (shutting_down) return refuse(message.request, ESHUTDOWN);
            return start(received);
        case MessageType::signal: return obey(message, signal_process);
        case MessageType::forget: return obey(message, forget);
        case MessageType::shutdown: return begin_shutdown(message.request);
        default: return refuse(message.request, EPROTO);
    }
}

void accept_peer() {
    const long fd = call(__NR_accept4, listener_fd, 0, 0, O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return;
    if (peer_uid((int)fd) != 0) {
        call(__NR_close, fd);
        return;
    }
    // The newest daemon is the one that lives.
    drop_peer();
    peer_fd = (int)fd;
    watch(peer_fd, Source::peer, 0);
}

void read_peer() {
    if (peer_fd < 0) return;
    Received received;
    const long got = receive_message(peer_fd, received);
    if (got == -EAGAIN || got == -EINTR) return;
    if (got <= 0) return drop_peer();
    handle(received);
    received.close_fds();
}

void pump(int index, bool is_stderr) {
    Streams& streams = table.streams[index];
    int& fd = is_stderr ? streams.err : streams.out;
    if (fd >= 0 && streams.log.pump(fd, is_stderr) == 0) close_stream(fd);
}

void dispatch(uint64_t tag) {
    const int index = (int)(tag & 0xffffffff);
    switch ((Source)(tag >> 32)) {
        case Source::listener: return accept_peer();
        case Source::peer: return read_peer();
        case Source::children: return reap_children();
        case Source::output: return pump(index, false);
        case Source::error: return pump(index, true);
    }
}

/// The pod's own namespaces, and the init of a shared process namespace.
void set_up_pod() {
    Plan plan;
    long error = map_plan(pod_plan_fd, plan);
    static Context context;
    if (error == 0) {
        reset_context(context, plan);
        error = walk_plan(context, pod_report);
    }
    unmap_plan(plan);
    if (error == 0 && map_plan(init_plan_fd, plan) == 0) {
        const LaunchRequest request{plan, {-1, -1, -1}, 0, 0, true};
        const LaunchResult result = launch(request);
        unmap_plan(plan);
        if (result.pid > 0) init_pid = (int)result.pid;
        else error = result.pid;
    }
    if (error < 0 && !pod_report.error) pod_report = {-1, (int)-error};
    call(__NR_close, pod_plan_fd);
    call(__NR_close, init_plan_fd);
}

bool prepare() {
    uint64_t all = ~0ULL, children = 1ULL << (SIGCHLD - 1);
    call(__NR_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof all);
    call(__NR_setsid);
    call(__NR_umask, 0);
    call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    call(__NR_prctl, PR_SET_NAME, "orilla-pod", 0, 0, 0);
    for (int fd = listener_fd; fd <= init_plan_fd; ++fd) call(__NR_fcntl, fd, F_SETFD, FD_CLOEXEC);
    call(__NR_chdir, "/");
    children_fd = (int)call(__NR_signalfd4, -1, &children, sizeof children, O_CLOEXEC | O_NONBLOCK);
    epoll_fd = (int)call(__NR_epoll_create1, O_CLOEXEC);
    if (children_fd < 0 || epoll_fd < 0 || prepare_launches() < 0 || !table.map(state_fd)) return false;
    call(__NR_close, state_fd);
    watch(listener_fd, Source::listener, 0);
    watch(children_fd, Source::children, 0);
    return true;
}

void serve() {
    epoll_event events[epoll_events_max];
    while (!shutting_down || table.anything_runs() || init_pid) {
        const long count = call(__NR_epoll_pwait, epoll_fd, events, epoll_events_max, -1, 0, 0);
        for (long i = 0; i < count; ++i) dispatch(events[i].data);
    }
    send(Done(), shutdown_request);
}

}  // namespace

}  // namespace orilla::supervisor

extern "C" void orilla_supervisor_main(long* stack) {
    using namespace orilla::supervisor;
    const long argc = stack[0];
    char** argv = (char**)(stack + 1);
    if (argc == 3 && text_equals(slice(argv[1]), slice("remove-tree"))) call(__NR_exit_group, remove_tree(argv[2]) < 0 ? 1 : 0);
    if (!prepare()) call(__NR_exit_group, 2);
    set_up_pod();
    serve();
    call(__NR_exit_group, 0);
}
