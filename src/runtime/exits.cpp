#include "exits.hpp"

#include <signal.h>

#include <algorithm>

#include "orilla/base/log.hpp"

namespace orilla::runtime {

namespace {

constexpr size_t early_exits_max = 256;
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

Exit exit_of(const supervisor::Record& record) { return {record.exit_code, record.signal, record.finished_wall_ns}; }

}  // namespace

void Exits::note(PodEntry& pod, uint32_t handle, const Exit& exit) {
    if (ContainerEntry* container = pod.find(handle)) {
        settle(pod, *container, exit);
        pods_.tell(pod.id);
    } else {
        // What nobody asks for any more (a cancelled exec) makes room; handles only grow.
        if (pod.early_exits.size() >= early_exits_max) pod.early_exits.erase(pod.early_exits.begin());
        pod.early_exits[handle] = exit;
    }
    pod.changed.notify_all();
}

void Exits::settle(PodEntry& pod, ContainerEntry& container, const Exit& exit) {
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
    state.oom_killed = exit.exit_code == 128 + SIGKILL && cgroups_.read_oom_kills(cgroup) > 0;
    // With a process namespace of its own the kernel has killed the rest; in a shared one it is up to us.
    if (pod.record.facts.host_pid || pod.record.facts.share_process_namespace)
        if (auto killed = cgroups_.kill(cgroup); !killed) log::warning(killed.error().message());
}

void Exits::settle_early(PodEntry& pod, ContainerEntry& container) {
    const auto early = pod.early_exits.find(container.handle);
    if (early == pod.early_exits.end()) return;
    settle(pod, container, early->second);
    pod.early_exits.erase(early);
    // Told in a later turn, when the caller has heard of the start.
    loop_.post([this, alive = std::weak_ptr<bool>(alive_), id = pod.id] {
        if (!alive.expired()) pods_.tell(id);
    });
}

void Exits::read_records(PodEntry& pod) {
    auto records = read_state_records(pod.dir());
    std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.handle < b.handle; });
    for (const auto& record : records) {
        ContainerEntry* container = pod.find(record.handle);
        // One that is being started is told by the answer to its start.
        if (!container && pod.starting.contains(record.scratch_dir)) continue;
        if (!container) {
            container = &pod.containers.emplace_back(entry_of(record));
            if (auto stop = read_own_file(stop_path(pod.dir(), record.id), stop_bytes_max))
                container->state.stop = parse_stop(*stop);
        }
        if (record.phase == supervisor::RecordPhase::exited) settle(pod, *container, exit_of(record));
    }
}

void Exits::settle_lost(PodEntry& pod) {
    for (const auto& record : read_state_records(pod.dir()))
        if (ContainerEntry* container = pod.find(record.handle); container && record.phase == supervisor::RecordPhase::exited)
            settle(pod, *container, exit_of(record));
    for (auto& container : pod.containers) settle(pod, container, {128 + SIGKILL, SIGKILL, loop_.clock().wall_ns()});
}

}  // namespace orilla::runtime
