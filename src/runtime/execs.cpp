#include "execs.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "orilla/base/log.hpp"
#include "orilla/base/read_file.hpp"
#include "orilla/loop/timeout.hpp"

namespace orilla::runtime {

namespace {

constexpr int64_t killed_exec_ms_max = 5'000;
constexpr int64_t exec_wait_pause_ms = 1'000;
constexpr size_t exec_plan_bytes_max = supervisor::plan_bytes_max;
constexpr size_t children_bytes_max = 256 * 1024;
constexpr size_t cgroup_bytes_max = 8192;

struct Pipe {
    UniqueFd read, write;
};

Result<Pipe> open_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno("pipe", errno);
    Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
    // Only our end must not wait.
    fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
    return pipe;
}

/// Reads what is there; false at the end of the stream.
bool drain(int fd, std::string& output, size_t bytes_max) {
    char buffer[4096];
    for (;;) {
        const ssize_t count = read(fd, buffer, sizeof buffer);
        if (count == 0) return false;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return true;
        // What is over the bound is read and dropped: a full pipe would make the command hang.
        if (output.size() < bytes_max) output.append(buffer, std::min(static_cast<size_t>(count), bytes_max - output.size()));
    }
}

loop::Task<void> collect(loop::Loop& loop, int fd, std::string* output, size_t bytes_max) {
    loop::FdWatch watch(loop, fd);
    while (drain(fd, *output, bytes_max)) co_await watch.readable();
}

}  // namespace

Result<StartPlan> Execs::load_plan(const PodEntry& pod, const ContainerEntry& container, std::vector<std::string> args) const {
    TRY(const std::string bytes, read_own_file(exec_plan_path(pod.dir(), container.state.id), exec_plan_bytes_max));
    TRY(StartPlan plan, decode(bytes));
    if (plan.steps.empty() || plan.steps.back().kind != StepKind::run)
        return Error(Code::corrupt, fmt::format("exec plan of {}: does not run anything", container.state.id));
    plan.steps.back().args = std::move(args);
    plan.target = container.handle;
    return plan;
}

loop::Task<Result<ExecOutcome>> Execs::run(std::string pod_id, std::string container_id, std::vector<std::string> args,
                                           int64_t timeout_ms, size_t output_bytes_max) {
    if (args.empty() || args[0].empty()) co_return Error(Code::invalid, "exec: no command specified");
    CO_CHECK(const PodPtr pod, pods_.find_alive(pod_id));
    ContainerEntry* container = pod->find(container_id);
    if (!container || container->state.phase != ContainerPhase::running)
        co_return Error(Code::not_found, fmt::format("container {} is not running", container_id));
    CO_CHECK(const StartPlan plan, load_plan(*pod, *container, std::move(args)));
    CO_CHECK(UniqueFd plan_fd, write_plan(plan));
    CO_CHECK(Pipe pipe, open_pipe());
    UniqueFd null_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null_fd) co_return Error::from_errno("open /dev/null", errno);
    std::vector<int> fds = {plan_fd.get(), null_fd.get(), pipe.write.get(), pipe.write.get()};
    CO_TRY(const SupervisorReply reply, pod->client->call(supervisor::StartExec(), std::move(fds)));
    CO_CHECK(const auto started, read_start<supervisor::Started>(plan, reply.message));
    pipe.write.reset();
    ExecOutcome outcome;
    {
        loop::Scope collecting(loop_);
        collecting.spawn(collect(loop_, pipe.read.get(), &outcome.output, output_bytes_max));
        AWAIT_VOID(finish(pod, started.handle, timeout_ms, &outcome));
    }
    // The last words may have come in the same turn; a child left in the background must not hold us.
    drain(pipe.read.get(), outcome.output, output_bytes_max);
    co_return std::move(outcome);
}

loop::Task<void> Execs::finish(PodPtr pod, uint32_t handle, int64_t timeout_ms, ExecOutcome* outcome) {
    int64_t deadline_ms = loop_.now_ms() + timeout_ms;
    while (!pod->early_exits.contains(handle) && pod->alive) {
        const int64_t left_ms = deadline_ms - loop_.now_ms();
        if (left_ms <= 0 && outcome->timed_out) break;  // killed, and does not die: leave it to the container's end
        if (left_ms <= 0) {
            outcome->timed_out = true;
            deadline_ms = loop_.now_ms() + killed_exec_ms_max;
            const supervisor::SendSignal request{handle, SIGKILL};
            AWAIT(auto killed, pod->client->call(request));
            // Without an answer its end is not told either, and the deadline above ends the wait.
            if (!killed) log::warning(killed.error().message());
            continue;
        }
        AWAIT_VOID(loop::wait_for(loop_, pod->changed, std::min(left_ms, exec_wait_pause_ms)));
    }
    outcome->exit_code = 128 + SIGKILL;
    if (auto found = pod->early_exits.find(handle); found != pod->early_exits.end()) {
        outcome->exit_code = found->second.exit_code;
        pod->early_exits.erase(found);
    }
}

bool Execs::any(const std::string& pod_id, const std::string& container_id) const {
    const PodPtr pod = pods_.find(pod_id);
    const ContainerEntry* container = pod ? pod->find(container_id) : nullptr;
    if (!container || !pod->alive) return false;
    // Commands are the supervisor's children beside the containers, in the container's cgroup. A kernel that does not
    // list children (CONFIG_PROC_CHILDREN) tells of none.
    auto children = read_file(fmt::format("/proc/{0}/task/{0}/children", pod->supervisor_pid), children_bytes_max);
    const std::string cgroup_end = fmt::format("/{}/{}\n", pod_id, container_id);
    std::istringstream pids(children ? *children : std::string());
    for (pid_t pid = 0; pids >> pid;) {
        if (pid == container->state.pid) continue;
        auto groups = read_file(fmt::format("/proc/{}/cgroup", pid), cgroup_bytes_max);
        if (groups && groups->find(cgroup_end) != std::string::npos) return true;
    }
    return false;
}

}  // namespace orilla::runtime
