// Finding what an earlier daemon left: supervisors that still live are connected to, the dead are listed as dead, and
// what belongs to nobody is removed.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "base_layer.hpp"
#include "cgroup_files.hpp"
#include "orilla/base/log.hpp"
#include "runtime_impl.hpp"

namespace orilla::runtime {

using supervisor::MessageType;

namespace {

constexpr size_t pod_record_bytes_max = 8192;
constexpr size_t stop_bytes_max = 512;

ContainerEntry entry_of(const supervisor::Record& record) {
    ContainerEntry entry;
    entry.handle = record.handle;
    entry.scratch_dir = record.scratch_dir;
    ContainerState& state = entry.state;
    state.id = record.id;
    state.name = record.name;
    state.attempt = attempt_of(record.id);
    state.log_path = record.log_path;
    state.stop_signal = record.stop_signal;
    state.started_wall_ns = record.started_wall_ns;
    state.pid = record.pid;
    return entry;
}

Result<void> check_run_dir(const std::string& dir) {
    TRY_VOID(make_directories(dir, 0700));
    struct stat found {};
    if (lstat(dir.c_str(), &found) != 0) return Error::from_errno("look at " + dir, errno);
    // Whoever could write here could put a socket in a supervisor's place.
    if (!S_ISDIR(found.st_mode) || found.st_uid != 0) return Error(Code::forbidden, dir + " is not root's directory");
    if (chmod(dir.c_str(), 0700) != 0) return Error::from_errno("protect " + dir, errno);
    return ok();
}

loop::Task<void> count_down(loop::Task<void> task, size_t* left, loop::Event* changed) {
    co_await std::move(task);
    --*left;
    changed->notify_all();
}

/// The fourth word of /proc/PID/stat, behind a name that may hold anything.
std::optional<int> find_parent(int pid) {
    const std::string stat = read_small_file("/proc/" + std::to_string(pid) + "/stat");
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || stat.size() < name_end + 4) return std::nullopt;
    int parent = 0;
    const auto read = std::from_chars(stat.data() + name_end + 4, stat.data() + stat.size(), parent);
    if (read.ec != std::errc()) return std::nullopt;
    return parent;
}

}  // namespace

loop::Task<Result<std::unique_ptr<Runtime>>> Runtime::open(loop::Loop& loop, RuntimeOptions options) {
    CO_CHECK_VOID(check_run_dir(options.run_dir));
    if (!options.base_layer.empty()) {
        // It only saves writes: on a full disk roots do without.
        if (auto made = make_base_layer(options.base_layer); !made) {
            log::warning(made.error().message());
            options.base_layer.clear();
        }
    }
    CO_CHECK(std::unique_ptr<Cgroups> cgroups, Cgroups::open(options.cgroup_root));
    CO_CHECK(UniqueFd image, make_supervisor_image());
    auto runtime = std::make_unique<RuntimeImpl>(loop, std::move(options), std::move(cgroups), std::move(image));
    CO_TRY_VOID(runtime->adopt());
    co_return std::unique_ptr<Runtime>(std::move(runtime));
}

loop::Task<Result<void>> RuntimeImpl::adopt() {
    cgroups_->thaw(supervisors_cgroup);
    size_t asked = 0;
    loop::Event answered(loop_);
    // All at once: each may be silent for the time an answer may take, and together they are not for longer.
    loop::Scope adopting(loop_);
    for (const auto& name : list_directories(options_.run_dir)) {
        ++asked;
        adopting.spawn(count_down(adopt_pod(read_pod(name)), &asked, &answered));
    }
    while (asked > 0) co_await answered.wait();
    end_strange_supervisors();
    for (const auto& [id, pod] : pods_) {
        if (pod->alive) continue;
        pod->client.reset();
        // What it recorded is still to be had, also of one that has just been killed.
        read_records(*pod);
        lose_supervisor(pod);
    }
    co_return ok();
}

/// Whoever hung, or whose pod's files are lost: nobody would ever speak to them again.
void RuntimeImpl::end_strange_supervisors() {
    std::set<int> ours;
    for (const auto& [id, pod] : pods_)
        if (pod->alive) ours.insert(pod->supervisor_pid);
    std::map<int, UniqueFd> strangers;
    for (int pid : cgroups_->processes(supervisors_cgroup)) {
        // A child of one of ours is the init of its pod, or a container on its way.
        if (ours.contains(pid) || ours.contains(find_parent(pid).value_or(0))) continue;
        strangers[pid] = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    }
    if (strangers.empty()) return;
    // Looked for a second time, because a number may have become another process's before it was opened.
    for (int pid : cgroups_->processes(supervisors_cgroup)) {
        const auto found = strangers.find(pid);
        if (found == strangers.end() || !found->second) continue;
        log::warning("supervisor " + std::to_string(pid) + " belongs to no pod or does not answer: killed");
        syscall(SYS_pidfd_send_signal, found->second.get(), SIGKILL, nullptr, 0);
    }
}

void RuntimeImpl::read_records(PodEntry& pod) {
    auto records = read_state_records(pod.dir());
    std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.handle < b.handle; });
    for (const auto& record : records) {
        ContainerEntry* container = pod.find(record.handle);
        // One that is being started is told by the answer to its start.
        if (!container && pod.starting.contains(record.scratch_dir)) continue;
        if (!container) {
            container = &pod.containers.emplace_back(entry_of(record));
            if (auto stop = read_file(stop_path(pod.dir(), record.id), stop_bytes_max))
                container->state.stop = parse_stop(*stop);
        }
        if (record.phase == supervisor::RecordPhase::exited)
            settle_exit(pod, *container, {record.exit_code, record.signal, record.finished_wall_ns});
    }
}

loop::Task<bool> RuntimeImpl::reach_supervisor(PodPtr pod) {
    auto socket = SupervisorClient::connect(socket_path(pod->dir()));
    if (!socket) co_return false;
    connect(pod, std::move(*socket));
    const std::array<int64_t, 4> nothing{};
    std::vector<int> no_fds;
    AWAIT(auto reply, pod->client->call(MessageType::hello, nothing, no_fds));
    if (!reply || reply->message.type != MessageType::hello_reply) co_return false;
    pod->supervisor_pid = static_cast<pid_t>(reply->message.number[0]);
    pod->supervisor_pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, pod->supervisor_pid, 0)));
    co_return true;
}

/// What is known of it without asking anybody: not alive yet.
PodPtr RuntimeImpl::read_pod(const std::string& pod_id) {
    auto pod = std::make_shared<PodEntry>(loop_, pod_id);
    pods_[pod_id] = pod;
    auto text = read_file(pod_dir(pod_id) + "/pod", pod_record_bytes_max);
    auto record = text ? parse_pod_record(*text) : Result<PodRecord>(text.error());
    if (record) pod->record = std::move(*record);
    else log::warning("pod " + pod_id + ": " + record.error().message());
    pod->recorded = record.has_value();
    pod->record.facts.dir = pod_dir(pod_id);
    if (!record) pod->record.cgroup = std::string(pods_cgroup) + "/" + pod_id;
    return pod;
}

loop::Task<void> RuntimeImpl::adopt_pod(PodPtr pod) {
    cgroups_->thaw(pod->record.cgroup);
    // Without its record nothing could be started in it.
    if (!pod->recorded) co_return;
    AWAIT(pod->alive, reach_supervisor(pod));
    // After the hello: an exit from here on is told as an event, one before is in the file.
    if (pod->alive) read_records(*pod);
}

loop::Task<Result<void>> RuntimeImpl::collect_garbage(std::vector<std::string> known_pod_ids) {
    const std::set<std::string> known(known_pod_ids.begin(), known_pod_ids.end());
    std::vector<std::string> unknown;
    for (const auto& [id, pod] : pods_)
        if (!known.contains(id)) unknown.push_back(id);
    for (const auto& id : unknown) {
        auto removing = remove_pod(id);
        if (auto removed = co_await std::move(removing); !removed) log::warning(removed.error().message());
    }
    for (const auto& name : cgroups_->list(pods_cgroup)) {
        auto removing = collect_cgroup(std::string(pods_cgroup) + "/" + name);
        if (auto removed = co_await std::move(removing); !removed) log::warning(removed.error().message());
    }
    AWAIT_VOID(collect_scratch());
    co_return ok();
}

bool RuntimeImpl::is_wanted_cgroup(const std::string& path) const {
    return std::any_of(pods_.begin(), pods_.end(), [&path, below = path + "/"](const auto& pod) {
        return pod.second->record.cgroup == path || pod.second->record.cgroup.starts_with(below);
    });
}

/// Looks again before each attempt: pods start meanwhile.
loop::Task<Result<void>> RuntimeImpl::collect_cgroup(std::string path) {
    constexpr int attempts_max = 400;
    constexpr int64_t pause_ms = 50;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        if (is_wanted_cgroup(path)) co_return ok();
        CO_CHECK_VOID(cgroups_->kill(path));
        CO_CHECK(const bool removed, cgroups_->remove(path));
        if (removed) co_return ok();
        co_await loop_.sleep_for(pause_ms);
    }
    co_return Error(Code::timeout, "processes in cgroup " + path + " do not die");
}

loop::Task<void> RuntimeImpl::collect_scratch() {
    if (options_.scratch_root.empty()) co_return;
    for (const auto& name : list_directories(options_.scratch_root)) {
        const std::string path = options_.scratch_root + "/" + name;
        const bool wanted = std::any_of(pods_.begin(), pods_.end(), [&path](const auto& pod) {
            const auto& containers = pod.second->containers;
            return pod.second->starting.contains(path) ||
                   std::any_of(containers.begin(), containers.end(),
                               [&path](const auto& container) { return container.scratch_dir == path; });
        });
        if (wanted) continue;
        auto removing = remove_tree(path);
        if (auto removed = co_await std::move(removing); !removed) log::warning(removed.error().message());
    }
}

}  // namespace orilla::runtime
