// The life of a pod: its directory, cgroup and supervisor made in this order, and removed in the opposite one.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cgroup_files.hpp"
#include "orilla/base/log.hpp"
#include "runtime_impl.hpp"
#include "user_namespace.hpp"

namespace orilla::runtime {

using supervisor::MessageType;

namespace {

constexpr int64_t cgroup_removal_ms_max = 20'000;
constexpr int64_t cgroup_removal_pause_ms_max = 50;
constexpr size_t early_exits_max = 256;
constexpr int64_t shutdown_ms_max = 5'000;

bool has_ended(int pidfd) {
    pollfd watched{pidfd, POLLIN, 0};
    return pidfd < 0 || poll(&watched, 1, 0) > 0;
}

}  // namespace

ContainerEntry* PodEntry::find(const std::string& container_id) {
    for (auto& container : containers)
        if (container.state.id == container_id) return &container;
    return nullptr;
}

ContainerEntry* PodEntry::find(uint32_t handle) {
    for (auto& container : containers)
        if (container.handle == handle) return &container;
    return nullptr;
}

PodState PodEntry::state() const {
    PodState state{id, alive, supervisor_pid, record.created_ms, {}};
    for (const auto& container : containers) state.containers.push_back(container.state);
    return state;
}

void PodEntry::kill_supervisor() const {
    if (supervisor_pidfd) syscall(SYS_pidfd_send_signal, supervisor_pidfd.get(), SIGKILL, nullptr, 0);
}

RuntimeImpl::RuntimeImpl(loop::Loop& loop, RuntimeOptions options, std::unique_ptr<Cgroups> cgroups, UniqueFd image)
    : loop_(loop),
      options_(std::move(options)),
      cgroups_(std::move(cgroups)),
      image_(std::move(image)),
      kernel_(find_kernel_facts(*cgroups_)),
      scope_(loop) {}

std::vector<PodState> RuntimeImpl::pods() const {
    std::vector<PodState> states;
    for (const auto& [id, pod] : pods_) states.push_back(pod->state());
    return states;
}

std::optional<PodState> RuntimeImpl::find_pod(const std::string& pod_id) const {
    const PodPtr pod = find(pod_id);
    if (!pod) return std::nullopt;
    return pod->state();
}

PodPtr RuntimeImpl::find(const std::string& pod_id) const {
    auto found = pods_.find(pod_id);
    return found == pods_.end() ? nullptr : found->second;
}

Result<PodPtr> RuntimeImpl::find_alive(const std::string& pod_id) const {
    PodPtr pod = find(pod_id);
    if (!pod) return Error(Code::not_found, "no pod " + pod_id);
    if (!pod->alive || pod->removing) return Error(Code::unavailable, "pod " + pod_id + " has no supervisor");
    return pod;
}

void RuntimeImpl::tell(const std::string& pod_id) {
    if (listener_) listener_(pod_id);
}

loop::Task<Result<std::string>> RuntimeImpl::make_namespaces(std::string pod_id) {
    PodSandboxSpec spec{.id = pod_id, .hostname = pod_id};
    CO_CHECK_VOID(check_spec(spec));
    if (find(pod_id)) co_return Error(Code::already_exists, "pod " + pod_id + " exists");
    std::set<uint32_t> used;
    for (const auto& [id, pod] : pods_) used.insert(pod->record.facts.first_id);
    for (const auto& [id, first] : first_ids_) used.insert(first);
    uint32_t& first_id = first_ids_[pod_id];
    if (first_id == 0) first_id = find_free_ids(used);
    if (first_id == 0) co_return Error(Code::unavailable, "no user ids left for pod " + pod_id);
    CO_CHECK_VOID(make_directories(pod_dir(pod_id), 0700));
    CO_CHECK_VOID(make_user_namespace(pod_dir(pod_id), first_id));
    co_return network_namespace_path(pod_dir(pod_id));
}

loop::Task<Result<void>> RuntimeImpl::create_pod(PodSandboxSpec spec) {
    CO_CHECK_VOID(check_spec(spec));
    if (find(spec.id)) co_return Error(Code::already_exists, "pod " + spec.id + " exists");
    auto pod = std::make_shared<PodEntry>(loop_, spec.id);
    pods_[spec.id] = pod;
    AWAIT(auto started, start_supervisor(pod, spec));
    if (started) co_return ok();
    auto removing = remove_pod_entry(pod);
    if (auto removed = co_await std::move(removing); !removed) log::warning(removed.error().message());
    co_return std::move(started).error().with_context("create pod " + spec.id);
}

loop::Task<Result<void>> RuntimeImpl::start_supervisor(PodPtr pod, PodSandboxSpec spec) {
    const std::string parent = spec.cgroup_parent.empty() ? "" : "/" + spec.cgroup_parent;
    const std::string cgroup = pods_cgroup + parent + "/" + spec.id;
    // Known before anything exists, so that a failure on the way can be undone.
    pod->record.cgroup = cgroup;
    pod->record.facts.dir = pod_dir(spec.id);
    const auto ids = first_ids_.find(spec.id);
    if (!spec.host_users && ids == first_ids_.end())
        co_return Error(Code::invalid, "pod " + spec.id + " has no user namespace");
    CO_CHECK(pod->record, make_pod_dir(pod_dir(spec.id), spec, cgroup, spec.host_users ? 0 : ids->second, loop_.now_ms()));
    CgroupSettings settings;
    settings.resources = spec.resources;
    settings.has_children = true;
    CO_CHECK_VOID(cgroups_->create(cgroup, settings));
    const CgroupSettings none;
    CO_CHECK_VOID(cgroups_->create(supervisors_cgroup, none));
    CO_CHECK(UniqueFd listener, open_listener(pod->dir()));
    CO_CHECK(UniqueFd state, open_state_file(pod->dir()));
    const StartPlan plan = plan_pod(spec, cgroups_->join_files(supervisors_cgroup));
    CO_CHECK(UniqueFd plan_fd, write_plan(plan));
    UniqueFd init_fd;
    if (spec.share_process_namespace) {
        CO_CHECK(init_fd, write_plan(plan_pod_init(pod->dir() + "/empty")));
    }
    const SupervisorFds fds{listener.get(), state.get(), plan_fd.get(), init_fd.get()};
    CO_CHECK(SupervisorProcess process, spawn_supervisor(image_.get(), fds));
    pod->supervisor_pid = process.pid;
    pod->supervisor_pidfd.reset(fcntl(process.pidfd.get(), F_DUPFD_CLOEXEC, 3));
    scope_.spawn(reap_supervisor(loop_, std::move(process.pidfd)));
    CO_CHECK(UniqueFd socket, SupervisorClient::connect(socket_path(pod->dir())));
    connect(pod, std::move(socket));
    const std::array<int64_t, 4> nothing{};
    std::vector<int> no_fds;
    CO_TRY(SupervisorReply reply, pod->client->call(MessageType::hello, nothing, no_fds));
    if (reply.message.type != MessageType::hello_reply) co_return start_error(plan, reply.message);
    pod->alive = true;
    co_return ok();
}

void RuntimeImpl::connect(const PodPtr& pod, UniqueFd socket) {
    std::weak_ptr<PodEntry> weak = pod;
    SupervisorClient::Listener listener;
    listener.exited = [this, weak](const supervisor::Message& message) {
        if (PodPtr entry = weak.lock()) note_exit(*entry, message);
    };
    listener.gone = [this, weak] {
        if (PodPtr entry = weak.lock(); entry && !entry->recovering) scope_.spawn(recover_supervisor(entry));
    };
    pod->client =
        std::make_shared<SupervisorClient>(loop_, std::move(socket), options_.supervisor_answer_ms_max, std::move(listener));
}

void RuntimeImpl::note_exit(PodEntry& pod, const supervisor::Message& message) {
    const auto handle = static_cast<uint32_t>(message.number[0]);
    const Exit exit{static_cast<int>(message.number[1]), static_cast<int>(message.number[2]), message.number[3]};
    if (ContainerEntry* container = pod.find(handle)) {
        settle_exit(pod, *container, exit);
        tell(pod.id);
    } else {
        // What nobody asks for any more (a cancelled exec) makes room; handles only grow.
        if (pod.early_exits.size() >= early_exits_max) pod.early_exits.erase(pod.early_exits.begin());
        pod.early_exits[handle] = exit;
    }
    pod.changed.notify_all();
}

void RuntimeImpl::settle_exit(PodEntry& pod, ContainerEntry& container, const Exit& exit) {
    ContainerState& state = container.state;
    if (state.phase == ContainerPhase::exited) return;
    state.phase = ContainerPhase::exited;
    state.pid = 0;
    state.exit_code = exit.exit_code;
    state.signal = exit.signal;
    state.finished_wall_ns = exit.wall_ns;
    if (auto message = read_file_end(message_path(pod.record.facts, state.id), termination_message_bytes_max))
        state.termination_message = std::move(*message);
    const std::string cgroup = pod.container_cgroup(state.id);
    // Only what SIGKILL ended, or who passes on that it ended its child: one that lived on and then ended for a reason of
    // its own was not killed for its memory.
    state.oom_killed = exit.exit_code == 128 + SIGKILL && cgroups_->read_oom_kills(cgroup) > 0;
    // With a process namespace of its own the kernel has killed the rest; in a shared one it is up to us.
    if (pod.record.facts.host_pid || pod.record.facts.share_process_namespace)
        if (auto killed = cgroups_->kill(cgroup); !killed) log::warning(killed.error().message());
}

loop::Task<void> RuntimeImpl::recover_supervisor(PodPtr pod) {
    // The end of the connection is not yet the end of the supervisor: it drops a daemon that did not read for long.
    constexpr int64_t pauses_ms[] = {0, 5, 50, 1'000};
    pod->recovering = true;
    for (int64_t pause_ms : pauses_ms) {
        co_await loop_.sleep_for(pause_ms);
        if (pod->removing || !pod->alive || has_ended(pod->supervisor_pidfd.get())) break;
        auto reaching = reach_supervisor(pod);
        if (co_await std::move(reaching)) {
            pod->recovering = false;
            read_records(*pod);
            pod->changed.notify_all();
            tell(pod->id);
            co_return;
        }
    }
    pod->recovering = false;
    lose_supervisor(pod);
}

void RuntimeImpl::lose_supervisor(const PodPtr& pod) {
    if (pod->removing) return pod->changed.notify_all();
    const bool was_alive = pod->alive;
    pod->alive = false;
    // It may only be out of reach, and would stay for ever.
    pod->kill_supervisor();
    // Its containers die with it; those that had changed their ids before that was armed are seen to here.
    if (auto killed = cgroups_->kill(pod->record.cgroup); !killed) log::warning(killed.error().message());
    // What it recorded until then is true; what still ran was killed.
    for (const auto& record : read_state_records(pod->dir()))
        if (ContainerEntry* container = pod->find(record.handle); container && record.phase == supervisor::RecordPhase::exited)
            settle_exit(*pod, *container, {record.exit_code, record.signal, record.finished_wall_ns});
    for (auto& container : pod->containers) settle_exit(*pod, container, {128 + SIGKILL, SIGKILL, loop_.clock().wall_ns()});
    if (was_alive) log::warning("pod " + pod->id + ": its supervisor is gone");
    pod->changed.notify_all();
    tell(pod->id);
}

loop::Task<Result<void>> RuntimeImpl::remove_pod(std::string pod_id) {
    PodPtr pod = find(pod_id);
    // Who asks second must not go on before it is done.
    while (pod && pod->removing) {
        co_await pod->changed.wait();
        pod = find(pod_id);
    }
    if (!pod && first_ids_.contains(pod_id)) {
        AWAIT(auto removed, remove_dir(pod_dir(pod_id)));
        if (removed) first_ids_.erase(pod_id);
        co_return removed;
    }
    if (!pod) co_return ok();
    AWAIT(auto removed, remove_pod_entry(pod));
    if (!removed) co_return std::move(removed).error().with_context("remove pod " + pod_id);
    co_return ok();
}

loop::Task<Result<void>> RuntimeImpl::remove_pod_entry(PodPtr pod) {
    pod->removing = true;
    AWAIT(auto taken, take_down(pod));
    pod->changed.notify_all();
    co_return taken;
}

loop::Task<Result<void>> RuntimeImpl::take_down(PodPtr pod) {
    bool went = false;
    if (pod->client && pod->client->connected()) {
        const std::array<int64_t, 4> nothing{};
        std::vector<int> no_fds;
        // In a shared process namespace a container's first process is not all of it.
        if (auto killed = cgroups_->kill(pod->record.cgroup); !killed) log::warning(killed.error().message());
        auto asking = pod->client->call(MessageType::shutdown, nothing, no_fds);
        AWAIT(auto answered, loop::with_deadline(loop_, std::move(asking), shutdown_ms_max, "shut the supervisor down"));
        went = answered.has_value();
    }
    if (!went) pod->kill_supervisor();
    pod->alive = false;
    AWAIT(auto removed, remove_cgroup(pod->record.cgroup));
    if (!removed) {
        pod->removing = false;
        co_return std::move(removed).error();
    }
    for (const auto& container : pod->containers) {
        auto deleting = remove_tree(container.scratch_dir);
        if (auto deleted = co_await std::move(deleting); !deleted) log::warning(deleted.error().message());
    }
    AWAIT(auto deleted, remove_dir(pod->dir()));
    pods_.erase(pod->id);
    first_ids_.erase(pod->id);
    co_return deleted;
}

loop::Task<Result<void>> RuntimeImpl::remove_dir(std::string dir) {
    unmount_pod_dir(dir);
    return remove_tree(std::move(dir));
}

loop::Task<Result<void>> RuntimeImpl::remove_cgroup(std::string path) {
    const int64_t deadline_ms = loop_.now_ms() + cgroup_removal_ms_max;
    for (int64_t pause_ms = 1;; pause_ms = std::min(pause_ms * 2, cgroup_removal_pause_ms_max)) {
        CO_CHECK_VOID(cgroups_->kill(path));
        CO_CHECK(const bool removed, cgroups_->remove(path));
        if (removed) co_return ok();
        if (loop_.now_ms() >= deadline_ms) co_return Error(Code::timeout, "processes in cgroup " + path + " do not die");
        co_await loop_.sleep_for(pause_ms);
    }
}

loop::Task<Result<void>> RuntimeImpl::remove_tree(std::string path) {
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0 && errno == ENOENT) co_return ok();
    AWAIT(auto removed, run_remove_tree(loop_, image_.get(), path));
    co_return removed;
}

Result<Usage> RuntimeImpl::read_pod_usage(const std::string& pod_id) const {
    const PodPtr pod = find(pod_id);
    if (!pod) return Error(Code::not_found, "no pod " + pod_id);
    return cgroups_->read_usage(pod->record.cgroup);
}

}  // namespace orilla::runtime
