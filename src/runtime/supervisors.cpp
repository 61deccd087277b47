#include "supervisors.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "cgroup_files.hpp"
#include "container_plan.hpp"
#include "orilla/base/log.hpp"
#include "orilla/loop/timeout.hpp"
#include "supervisor_process.hpp"

namespace orilla::runtime {

namespace {

constexpr int64_t shutdown_ms_max = 5'000;

bool has_ended(int pidfd) {
    pollfd watched{pidfd, POLLIN, 0};
    return pidfd < 0 || poll(&watched, 1, 0) > 0;
}

/// For one that does not go when asked to, or cannot be asked.
void kill_process(const UniqueFd& pidfd) {
    if (pidfd) syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

/// The fourth word of /proc/PID/stat, behind a name that may hold anything.
std::optional<int> find_parent(int pid) {
    const std::string stat = read_small_file(fmt::format("/proc/{}/stat", pid));
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || stat.size() < name_end + 4) return std::nullopt;
    int parent = 0;
    const auto read = std::from_chars(stat.data() + name_end + 4, stat.data() + stat.size(), parent);
    if (read.ec != std::errc()) return std::nullopt;
    return parent;
}

}  // namespace

loop::Task<Result<void>> Supervisors::start(PodPtr pod, PodSandboxSpec spec) {
    CO_CHECK(UniqueFd listener, open_listener(pod->dir()));
    CO_CHECK(UniqueFd state, open_state_file(pod->dir()));
    const StartPlan plan = plan_pod(spec, cgroups_.join_files(supervisors_cgroup));
    CO_CHECK(UniqueFd plan_fd, write_plan(plan));
    UniqueFd init_fd;
    if (spec.share_process_namespace) {
        CO_CHECK(init_fd, write_plan(plan_pod_init(pod->dir() + "/empty")));
    }
    const SupervisorFds fds{listener.get(), state.get(), plan_fd.get(), init_fd.get()};
    CO_CHECK(SupervisorProcess process, spawn_supervisor(config_.image, fds));
    pod->supervisor_pid = process.pid;
    pod->supervisor_pidfd.reset(fcntl(process.pidfd.get(), F_DUPFD_CLOEXEC, 3));
    loop_.reap(std::move(process.pidfd));
    CO_CHECK(UniqueFd socket, SupervisorClient::connect(socket_path(pod->dir())));
    connect(pod, std::move(socket));
    CO_TRY(const SupervisorReply reply, pod->client->call(supervisor::Hello()));
    CO_CHECK_VOID(read_start<supervisor::HelloReply>(plan, reply.message));
    pod->alive = true;
    co_return ok();
}

void Supervisors::connect(const PodPtr& pod, UniqueFd socket) {
    std::weak_ptr<PodEntry> weak = pod;
    SupervisorClient::Listener listener;
    listener.exited = [this, weak](const supervisor::Exited& exited) {
        if (PodPtr entry = weak.lock()) exits_.note(*entry, exited.handle, {exited.exit_code, exited.signal, exited.wall_ns});
    };
    listener.gone = [this, weak] {
        if (PodPtr entry = weak.lock(); entry && !entry->recovering) scope_.spawn(recover(entry));
    };
    pod->client = std::make_shared<SupervisorClient>(loop_, std::move(socket), config_.answer_ms_max, std::move(listener));
}

loop::Task<bool> Supervisors::reach(PodPtr pod) {
    auto socket = SupervisorClient::connect(socket_path(pod->dir()));
    if (!socket) co_return false;
    connect(pod, std::move(*socket));
    AWAIT(const auto reply, pod->client->call(supervisor::Hello()));
    supervisor::HelloReply hello;
    if (!reply || !supervisor::read_message(reply->message, hello)) co_return false;
    pod->supervisor_pid = hello.pid;
    pod->supervisor_pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, pod->supervisor_pid, 0)));
    co_return true;
}

loop::Task<void> Supervisors::recover(PodPtr pod) {
    // The end of the connection is not yet the end of the supervisor: it drops a daemon that did not read for long.
    constexpr int64_t pauses_ms[] = {0, 5, 50, 1'000};
    pod->recovering = true;
    for (int64_t pause_ms : pauses_ms) {
        co_await loop_.sleep_for(pause_ms);
        if (pod->removing || !pod->alive || has_ended(pod->supervisor_pidfd.get())) break;
        AWAIT(const bool reached, reach(pod));
        if (!reached) continue;
        pod->recovering = false;
        exits_.read_records(*pod);
        pod->changed.notify_all();
        pods_.tell(pod->id);
        co_return;
    }
    pod->recovering = false;
    lose(pod);
}

void Supervisors::lose(const PodPtr& pod) {
    if (pod->removing) return pod->changed.notify_all();
    const bool was_alive = pod->alive;
    pod->alive = false;
    // It may only be out of reach, and would stay for ever.
    kill_process(pod->supervisor_pidfd);
    // Its containers die with it; those that had changed their ids before that was armed are seen to here.
    if (auto killed = cgroups_.kill(pod->record.cgroup); !killed) log::warning(killed.error().message());
    exits_.settle_lost(*pod);
    if (was_alive) log::warning(fmt::format("pod {}: its supervisor is gone", pod->id));
    pod->changed.notify_all();
    pods_.tell(pod->id);
}

loop::Task<void> Supervisors::end(PodPtr pod) {
    bool went = false;
    if (pod->client && pod->client->connected()) {
        // In a shared process namespace a container's first process is not all of it.
        if (auto killed = cgroups_.kill(pod->record.cgroup); !killed) log::warning(killed.error().message());
        auto asking = pod->client->call(supervisor::Shutdown());
        AWAIT(auto answered, loop::with_deadline(loop_, std::move(asking), shutdown_ms_max, "shut the supervisor down"));
        went = answered.has_value();
    }
    if (!went) kill_process(pod->supervisor_pidfd);
    pod->alive = false;
}

void Supervisors::end_strangers() {
    std::set<int> ours;
    for (const auto& [id, pod] : pods_.all())
        if (pod->alive) ours.insert(pod->supervisor_pid);
    std::map<int, UniqueFd> strangers;
    for (int pid : cgroups_.processes(supervisors_cgroup)) {
        // A child of one of ours is the init of its pod, or a container on its way.
        if (ours.contains(pid) || ours.contains(find_parent(pid).value_or(0))) continue;
        strangers[pid] = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    }
    if (strangers.empty()) return;
    // Looked for a second time, because a number may have become another process's before it was opened.
    for (int pid : cgroups_.processes(supervisors_cgroup)) {
        const auto found = strangers.find(pid);
        if (found == strangers.end() || !found->second) continue;
        log::warning(fmt::format("supervisor {} belongs to no pod or does not answer: killed", pid));
        kill_process(found->second);
    }
}

}  // namespace orilla::runtime
