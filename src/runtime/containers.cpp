#include "containers.hpp"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cgroup_files.hpp"
#include "check_kernel.hpp"
#include "orilla/base/log.hpp"
#include "orilla/loop/timeout.hpp"

namespace orilla::runtime {

namespace {

constexpr int host_devices_max = 1024;
constexpr int64_t kill_ms_max = 10'000;

/// Every character and block device directly below the host's /dev: what a privileged container gets.
std::vector<DeviceSpec> list_host_devices() {
    std::vector<DeviceSpec> devices;
    const char* made_by_us[] = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"};
    std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir("/dev"), closedir);
    while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
        if (entry->d_type != DT_CHR && entry->d_type != DT_BLK) continue;
        const bool ours = std::any_of(std::begin(made_by_us), std::end(made_by_us),
                                      [&](const char* name) { return strcmp(name, entry->d_name) == 0; });
        if (ours || devices.size() >= host_devices_max) continue;
        const std::string path = std::string("/dev/") + entry->d_name;
        devices.push_back({path, path});
    }
    return devices;
}

Result<std::vector<DeviceRule>> plan_device_rules(const std::vector<DeviceSpec>& devices) {
    std::vector<DeviceRule> rules = default_device_rules();
    for (const auto& device : devices) {
        struct stat found {};
        if (stat(device.source.c_str(), &found) != 0) return Error::from_errno("device " + device.source, errno);
        if (!S_ISCHR(found.st_mode) && !S_ISBLK(found.st_mode)) return Error(Code::invalid, device.source + " is not a device");
        rules.push_back({S_ISBLK(found.st_mode) ? 'b' : 'c', major(found.st_rdev), minor(found.st_rdev)});
    }
    return rules;
}

/// upper and work of the overlay. The merged root shows the upper directory's owner and mode: the image's own.
Result<void> make_scratch(const ContainerSpec& spec) {
    TRY_VOID(make_directories(spec.scratch_dir, 0700));
    for (const char* name : {"/upper", "/work"})
        if (mkdir((spec.scratch_dir + name).c_str(), 0755) != 0)
            return Error::from_errno("make " + spec.scratch_dir + name, errno);
    struct stat top {};
    if (stat(spec.layers[0].c_str(), &top) != 0) return Error::from_errno("image layer " + spec.layers[0], errno);
    const std::string upper = spec.scratch_dir + "/upper";
    if (chmod(upper.c_str(), top.st_mode & 07777) != 0 || chown(upper.c_str(), top.st_uid, top.st_gid) != 0)
        return Error::from_errno("prepare " + upper, errno);
    return ok();
}

Result<void> make_log_dir(const std::string& log_path) {
    if (log_path.empty()) return ok();
    return make_directories(log_path.substr(0, log_path.rfind('/')));
}

}  // namespace

Containers::Containers(loop::Loop& loop, std::string base_layer, Cgroups& cgroups, PodTable& pods, Exits& exits,
                       Removal& removal)
    : loop_(loop),
      base_layer_(std::move(base_layer)),
      cgroups_(cgroups),
      pods_(pods),
      exits_(exits),
      removal_(removal),
      kernel_(find_kernel_facts(cgroups)) {}

Result<StartPlan> Containers::prepare(const PodEntry& pod, const ContainerSpec& spec) {
    CgroupSettings settings;
    settings.resources = spec.resources;
    settings.restrict_devices = !spec.privileged;
    settings.kill_as_one = true;
    TRY(settings.devices, plan_device_rules(spec.devices));
    const std::string cgroup = pod.container_cgroup(spec.id);
    TRY_VOID(cgroups_.create(cgroup, settings));
    ContainerFacts facts;
    facts.base_layer = base_layer_;
    facts.into_cgroup = cgroups_.birth_directory(cgroup);
    if (facts.into_cgroup.empty()) facts.join_files = cgroups_.join_files(cgroup);
    if (spec.seccomp == SeccompMode::runtime_default && !spec.privileged) {
        const bool shares = pod.record.facts.host_pid || pod.record.facts.share_process_namespace;
        TRY(facts.seccomp_filter, seccomp_.find_filter({spec.capabilities, shares}));
    }
    if (!spec.termination_message_path.empty()) {
        TRY(facts.termination_file, make_message_file(pod.record.facts, spec.id));
    }
    TRY(facts.files, read_pod_files(pod.record.facts));
    for (const char* place : {"/stage", "/layers", "/scratch"}) TRY_VOID(make_directories(pod.dir() + place, 0700));
    if (spec.privileged) facts.devices = list_host_devices();
    TRY_VOID(make_scratch(spec));
    TRY_VOID(make_log_dir(spec.log_path));
    TRY(const std::string exec_plan, encode(plan_exec(spec, facts, pod.record.facts, kernel_)));
    TRY_VOID(write_file_atomically(exec_plan_path(pod.dir(), spec.id), exec_plan, 0600));
    return plan_container(spec, facts, pod.record.facts, kernel_);
}

loop::Task<Result<ContainerState>> Containers::start(std::string pod_id, ContainerSpec spec) {
    const std::string what = "start container " + (spec.name.empty() ? spec.id : spec.name);
    if (auto checked = check_spec(spec); !checked) co_return std::move(checked).error().with_context(what);
    auto found = pods_.find_alive(pod_id);
    if (!found) co_return std::move(found).error().with_context(what);
    const PodPtr pod = *found;
    if (pod->find(spec.id) || pod->starting.contains(spec.scratch_dir))
        co_return Error(Code::already_exists, what + ": container " + spec.id + " exists");
    pod->starting.insert(spec.scratch_dir);
    // A daemon that was killed half-way may have left some of it.
    AWAIT_VOID(discard(pod, spec.id, spec.scratch_dir));
    AWAIT(auto launched, launch(pod, spec));
    if (!launched) {
        AWAIT_VOID(discard(pod, spec.id, spec.scratch_dir));
    }
    pod->starting.erase(spec.scratch_dir);
    if (launched) co_return std::move(launched).value();
    // What is wrong with the spec is said in the caller's words already.
    if (launched.error().code() == Code::bad_request) co_return std::move(launched).error();
    co_return std::move(launched).error().with_context(what);
}

loop::Task<Result<ContainerState>> Containers::launch(PodPtr pod, ContainerSpec spec) {
    CO_CHECK(const StartPlan plan, prepare(*pod, spec));
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

loop::Task<void> Containers::discard(PodPtr pod, std::string container_id, std::string scratch_dir) {
    AWAIT(auto removed, removal_.remove_cgroup(pod->container_cgroup(container_id)));
    if (!removed) log::warning(removed.error().message());
    AWAIT(auto deleted, removal_.remove_tree(std::move(scratch_dir)));
    if (!deleted) log::warning(deleted.error().message());
    unlink(exec_plan_path(pod->dir(), container_id).c_str());
    remove_message_file(pod->record.facts, container_id);
    unlink(stop_path(pod->dir(), container_id).c_str());
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
    if (!container) co_return Error(Code::not_found, "no container " + container_id + " in pod " + pod_id);
    if (container->state.phase == ContainerPhase::exited) co_return ok();
    if (signal == SIGKILL) co_return cgroups_.kill(pod->container_cgroup(container_id));
    if (!pod->client) co_return Error(Code::unavailable, "pod " + pod_id + " has no supervisor");
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
        if (loop_.now_ms() >= deadline_ms) co_return Error(Code::timeout, "container " + container_id + " does not die");
        AWAIT_VOID(loop::wait_for(loop_, pod->changed, pause_ms));
        container = pod->find(container_id);
    }
    if (!container) co_return ok();
    const std::string scratch_dir = container->scratch_dir;
    const supervisor::Forget request{container->handle};
    if (pod->alive && pod->client) {
        CO_TRY(SupervisorReply reply, pod->client->call(request));
    }
    AWAIT_VOID(discard(pod, container_id, scratch_dir));
    std::erase_if(pod->containers, [&](const ContainerEntry& entry) { return entry.state.id == container_id; });
    co_return ok();
}

}  // namespace orilla::runtime
