#include "containers.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "cgroup_files.hpp"
#include "check_kernel.hpp"
#include "orilla/base/log.hpp"
#include "orilla/loop/run_in.hpp"
#include "orilla/loop/timeout.hpp"

namespace orilla::runtime {

namespace {

constexpr int64_t kill_ms_max = 10'000;

Error describe_silence(const ContainerSpec& spec, int64_t waited_ms) {
    return Error(Code::timeout,
                 fmt::format("the disk of {} has not answered for {} ms; it is tried again", spec.scratch_dir, waited_ms));
}

}  // namespace

/// What is made on the disk while the loop goes on, also when nobody waits for it any more.
struct Containers::FilesOnTheirWay {
    explicit FilesOnTheirWay(loop::Loop& loop) : made(loop) {}
    std::optional<Result<ContainerFiles>> files;
    loop::Event made;
    bool wanted = true;
};

Containers::Containers(loop::Loop& loop, loop::Executor& files, ContainerDisk disk, Cgroups& cgroups, PodTable& pods,
                       Exits& exits, Removal& removal)
    : loop_(loop),
      files_(files),
      disk_(std::move(disk)),
      cgroups_(cgroups),
      pods_(pods),
      exits_(exits),
      removal_(removal),
      kernel_(find_kernel_facts(cgroups)),
      scratch_(loop),
      on_disk_(loop) {}

Result<ContainerFacts> Containers::prepare(const PodEntry& pod, const ContainerSpec& spec, const ContainerFiles& files) {
    // Whoever waits is not told that it has ended; nothing may be made in what has been removed.
    if (!pod.takes_containers()) return Error(Code::unavailable, "the pod has ended meanwhile");
    CgroupSettings settings;
    settings.resources = spec.resources;
    settings.restrict_devices = !spec.privileged;
    settings.kill_as_one = true;
    settings.devices = files.device_rules;
    const std::string cgroup = pod.container_cgroup(spec.id);
    TRY_VOID(cgroups_.create(cgroup, settings));
    ContainerFacts facts;
    facts.base_layer = disk_.base_layer;
    facts.into_cgroup = cgroups_.birth_directory(cgroup);
    if (facts.into_cgroup.empty()) facts.join_files = cgroups_.join_files(cgroup);
    if (spec.seccomp == SeccompMode::runtime_default && !spec.privileged) {
        const bool shares = pod.record.facts.host_pid || pod.record.facts.share_process_namespace;
        TRY(facts.seccomp.program, seccomp_.find_filter({spec.capabilities, shares}));
    }
    if (spec.seccomp == SeccompMode::local) facts.seccomp = files.seccomp;
    if (!spec.termination_message_path.empty()) {
        TRY(facts.termination_file, make_message_file(pod.record.facts, spec.id));
    }
    TRY(facts.files, read_pod_files(pod.record.facts));
    for (const char* place : {"/stage", "/layers", "/scratch"}) TRY_VOID(make_directories(pod.dir() + place, 0700));
    TRY(const std::string exec_plan, encode(plan_exec(spec, facts, pod.record.facts, kernel_)));
    TRY_VOID(write_file_atomically(exec_plan_path(pod.dir(), spec.id), exec_plan, 0600));
    return facts;
}

loop::Task<Result<ContainerFiles>> Containers::make_files(ContainerSpec spec) {
    AWAIT(auto made, loop::run_on(files_, loop_, [spec] { return make_container_files(spec); }));
    if (made || made.error().error_number() != EEXIST) co_return made;
    // A daemon that was killed half-way has left it.
    CO_TRY_VOID(removal_.remove_tree(spec.scratch_dir));
    CO_RETURN_AWAIT(loop::run_on(files_, loop_, [spec] { return make_container_files(spec); }));
}

loop::Task<void> Containers::make_wanted(ContainerSpec spec, loop::Pass place, std::shared_ptr<FilesOnTheirWay> on_their_way) {
    AWAIT(auto made, make_files(spec));
    if (!on_their_way->wanted) {
        AWAIT(auto removed, removal_.remove_tree(spec.scratch_dir));
        if (!removed) log::warning(removed.error().message());
        co_return;
    }
    on_their_way->files.emplace(std::move(made));
    place.release();
    on_their_way->made.notify_all();
}

loop::Task<Result<ContainerState>> Containers::start(std::string pod_id, ContainerSpec spec) {
    const std::string what = "start container " + (spec.name.empty() ? spec.id : spec.name);
    if (auto checked = check_spec(spec); !checked) co_return std::move(checked).error().with_context(what);
    auto found = pods_.find_alive(pod_id);
    if (!found) co_return std::move(found).error().with_context(what);
    const PodPtr pod = *found;
    if (pod->find(spec.id) || pod->starting.contains(spec.scratch_dir))
        co_return Error(Code::already_exists, fmt::format("{}: container {} exists", what, spec.id));
    pod->starting.insert(spec.scratch_dir);
    // Also of a start that is cancelled, nothing may stay.
    const loop::Pass starting([pod, scratch_dir = spec.scratch_dir] { pod->starting.erase(scratch_dir); });
    // A daemon that was killed half-way may have left some of it.
    AWAIT_VOID(discard(pod, spec.id));
    AWAIT(auto launched, launch(pod, spec));
    if (!launched) {
        AWAIT_VOID(discard(pod, spec.id));
        // What is still at work there removes it itself.
        if (!scratch_.held(spec.scratch_dir)) AWAIT_VOID(discard_scratch(spec.scratch_dir));
    }
    if (launched) co_return std::move(launched).value();
    // What is wrong with the spec is said in the caller's words already.
    if (launched.error().code() == Code::bad_request) co_return std::move(launched).error();
    co_return std::move(launched).error().with_context(what);
}

loop::Task<void> Containers::await_files(std::shared_ptr<FilesOnTheirWay> on_their_way, int64_t deadline_ms) {
    while (!on_their_way->files && loop_.now_ms() < deadline_ms)
        AWAIT_VOID(loop::wait_for(loop_, on_their_way->made, deadline_ms - loop_.now_ms()));
}

loop::Task<Result<ContainerState>> Containers::launch(PodPtr pod, ContainerSpec spec) {
    const int64_t deadline_ms = loop_.now_ms() + disk_.answer_ms_max;
    // An earlier start that was given up may still be making the same directory.
    auto entering = scratch_.enter(spec.scratch_dir);
    AWAIT(auto place, loop::with_timeout(loop_, std::move(entering), disk_.answer_ms_max));
    if (!place) co_return describe_silence(spec, disk_.answer_ms_max);
    const auto on_their_way = std::make_shared<FilesOnTheirWay>(loop_);
    const loop::Pass waiting([on_their_way] { on_their_way->wanted = false; });
    on_disk_.spawn(make_wanted(spec, std::move(*place), on_their_way));
    // The cgroup has to be told which devices there are, and those who exec how they are confined.
    const bool has_local = spec.seccomp == SeccompMode::local;
    if (has_local || !spec.devices.empty()) AWAIT_VOID(await_files(on_their_way, deadline_ms));
    const bool known = on_their_way->files && *on_their_way->files;
    if (has_local && on_their_way->files && !known) co_return std::move(*on_their_way->files).error();
    if (has_local && !known) co_return describe_silence(spec, disk_.answer_ms_max);
    const ContainerFiles unknown;
    auto facts = prepare(*pod, spec, known ? **on_their_way->files : unknown);
    // Also when that failed: what is still being made could not be removed.
    AWAIT_VOID(await_files(on_their_way, deadline_ms));
    if (!on_their_way->files) co_return describe_silence(spec, disk_.answer_ms_max);
    CO_CHECK(ContainerFiles files, std::move(*on_their_way->files));
    if (!facts) co_return std::move(facts).error();
    if (!pod->takes_containers()) co_return Error(Code::unavailable, "the pod has ended meanwhile");
    facts->devices = std::move(files.host_devices);
    const StartPlan plan = plan_container(spec, *facts, pod->record.facts, kernel_);
    CO_CHECK(UniqueFd plan_fd, write_plan(plan));
    std::vector<int> fds = {plan_fd.get()};
    CO_TRY(const SupervisorReply reply, pod->client->call(supervisor::StartContainer(), std::move(fds)));
    CO_CHECK(const auto started, read_start<supervisor::Started>(plan, reply.message));
    co_return note_start(*pod, spec, started);
}

ContainerState Containers::note_start(PodEntry& pod, const ContainerSpec& spec, const supervisor::Started& started) {
    ContainerEntry entry;
    entry.handle = started.handle;
    entry.scratch_dir = spec.scratch_dir;
    entry.state.id = spec.id;
    entry.state.name = spec.name;
    entry.state.attempt = attempt_of(spec.id);
    entry.state.pid = started.pid;
    entry.state.started_wall_ns = started.wall_ns;
    entry.state.log_path = spec.log_path;
    entry.state.stop_signal = spec.stop_signal;
    pod.containers.push_back(std::move(entry));
    ContainerEntry& container = pod.containers.back();
    exits_.settle_early(pod, container);
    return container.state;
}

/// All but what is on the disk.
loop::Task<void> Containers::discard(PodPtr pod, std::string container_id) {
    AWAIT(auto removed, removal_.remove_cgroup(pod->container_cgroup(container_id)));
    if (!removed) log::warning(removed.error().message());
    unlink(exec_plan_path(pod->dir(), container_id).c_str());
    remove_message_file(pod->record.facts, container_id);
    unlink(stop_path(pod->dir(), container_id).c_str());
}

loop::Task<Result<void>> Containers::remove_scratch(std::string scratch_dir) {
    AWAIT(const auto place, scratch_.enter(scratch_dir));
    CO_RETURN_AWAIT(removal_.remove_tree(std::move(scratch_dir)));
}

/// What the disk takes long for goes on without the caller.
loop::Task<void> Containers::discard_scratch(std::string scratch_dir) {
    const std::string what = "remove " + scratch_dir;
    auto removing = loop::run_in(loop_, on_disk_, remove_scratch(std::move(scratch_dir)));
    AWAIT(auto deleted, loop::with_deadline(loop_, std::move(removing), disk_.answer_ms_max, what));
    if (!deleted) log::warning(deleted.error().message());
}

Result<void> Containers::note_stop(const std::string& pod_id, const std::string& container_id, const StopProgress& stop) {
    const PodPtr pod = pods_.find(pod_id);
    ContainerEntry* container = pod ? pod->find(container_id) : nullptr;
    if (!container) return ok();
    container->state.stop = stop;
    return write_file_atomically(stop_path(pod->dir(), container_id), render_stop(stop), 0600);
}

loop::Task<Result<void>> Containers::signal(std::string pod_id, std::string container_id, int signal) {
    const PodPtr pod = pods_.find(pod_id);
    ContainerEntry* container = pod ? pod->find(container_id) : nullptr;
    if (!container) co_return Error(Code::not_found, fmt::format("no container {} in pod {}", container_id, pod_id));
    if (container->state.phase == ContainerPhase::exited) co_return ok();
    if (signal == SIGKILL) co_return cgroups_.kill(pod->container_cgroup(container_id));
    if (!pod->client) co_return Error(Code::unavailable, fmt::format("pod {} has no supervisor", pod_id));
    const supervisor::SendSignal request{container->handle, signal};
    CO_TRY(SupervisorReply reply, pod->client->call(request));
    co_return ok();
}

loop::Task<Result<void>> Containers::remove(std::string pod_id, std::string container_id) {
    const PodPtr pod = pods_.find(pod_id);
    ContainerEntry* container = pod ? pod->find(container_id) : nullptr;
    if (!container) co_return ok();
    const int64_t deadline_ms = loop_.now_ms() + kill_ms_max;
    constexpr int64_t pause_ms = 20;
    while (container && container->state.phase == ContainerPhase::running) {
        CO_CHECK_VOID(cgroups_.kill(pod->container_cgroup(container_id)));
        if (loop_.now_ms() >= deadline_ms)
            co_return Error(Code::timeout, fmt::format("container {} does not die", container_id));
        AWAIT_VOID(loop::wait_for(loop_, pod->changed, pause_ms));
        container = pod->find(container_id);
    }
    if (!container) co_return ok();
    const std::string scratch_dir = container->scratch_dir;
    const supervisor::Forget request{container->handle};
    if (pod->alive && pod->client) {
        CO_TRY(SupervisorReply reply, pod->client->call(request));
    }
    AWAIT_VOID(discard(pod, container_id));
    AWAIT_VOID(discard_scratch(scratch_dir));
    std::erase_if(pod->containers, [&](const ContainerEntry& entry) { return entry.state.id == container_id; });
    co_return ok();
}

}  // namespace orilla::runtime
