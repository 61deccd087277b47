#include "pod/pod_observe.hpp"

#include <algorithm>

#include "orilla/kinds/pod_facts.hpp"
#include "pod/pod_plan.hpp"

namespace orilla::node {
namespace {

/// The end that the status tells of, or an end made up for one that the status says ran: a reboot took it.
std::optional<ContainerState> remembered_end(const api::ContainerStatus& status) {
    ContainerState out;
    out.name = status.name.str();
    out.attempt = status.restart_count;
    out.phase = ContainerPhase::exited;
    const auto& ended = status.state.terminated ? status.state.terminated : status.last_state.terminated;
    if (status.state.running) {
        out.exit_code = 137;
        out.termination_message = "The container could not be located when the pod was set up again";
        out.started_wall_ns = status.state.running->started_at.unix_s * wall_ns_per_s;
        out.finished_wall_ns = out.started_wall_ns;
        return out;
    }
    if (!ended) return std::nullopt;
    out.exit_code = ended->exit_code;
    out.signal = ended->signal;
    out.oom_killed = ended->reason == "OOMKilled";
    out.started_wall_ns = ended->started_at.unix_s * wall_ns_per_s;
    out.finished_wall_ns = ended->finished_at.unix_s * wall_ns_per_s;
    out.termination_message = ended->message.str();
    return out;
}

void remember_end(const api::Pod& pod, bool init, ContainerSeen& seen) {
    for (const auto& status : init ? pod.status.init_container_statuses : pod.status.container_statuses) {
        if (status.name != seen.name) continue;
        seen.current = remembered_end(status);
        if (seen.current && !status.image_id.empty()) seen.image_id = status.image_id.str();
    }
}

/// The status remembers what an adopted container was started from.
std::string find_started_image(const api::Pod& pod, const ContainerMemory& own, const ContainerSeen& seen, bool init) {
    if (!seen.current) return "";
    if (!own.start.image().empty()) return own.start.image();
    for (const auto& status : init ? pod.status.init_container_statuses : pod.status.container_statuses)
        if (status.name == seen.name && status.restart_count == seen.current->attempt && !status.container_id.empty())
            return status.image.str();
    return "";
}

void account_end(ContainerMemory& own, const api::Pod& pod, const api::Container& spec, const ContainerSeen& seen, bool init) {
    const ContainerState& ended = *seen.current;
    const int64_t now_ms = own.me.pod.now_ms();
    if (!own.back_off.note_end(ended.attempt, now_ms)) return;
    own.stop.conclude();
    own.last_words.forget();
    if (spec.termination_message_policy == "FallbackToLogsOnError" && ended.exit_code != 0 && ended.termination_message.empty())
        own.last_words.expect(own.me.log_path(ended.attempt));
    own.probes.forget();
    // Always-policy images are asked for again at each start; the others are simply looked up.
    own.image.forget();
    // What another image did does not count against this one.
    if (!seen.started_image.empty() && spec.image != seen.started_image) return;
    if (should_restart(pod.spec, spec, init, ended)) own.back_off.count_crash(now_ms);
}

/// The newest attempt, and the one before it.
void observe_attempts(const ContainerMemory& own, const runtime::PodState* sandbox, ContainerSeen& seen) {
    for (const auto& state : sandbox ? sandbox->containers : std::vector<ContainerState>()) {
        if (state.name != seen.name) continue;
        if (seen.current) seen.last = seen.current;
        seen.current = state;
        seen.known_to_runtime = true;
        // A dead supervisor took its containers along, whatever was last heard of them.
        if (!sandbox->alive && state.phase != ContainerPhase::exited) {
            seen.current->phase = ContainerPhase::exited;
            seen.current->exit_code = 137;
            seen.current->finished_wall_ns = own.me.pod.agent.loop.clock().wall_ns();
        }
    }
    const ContainerState* failed = own.start.failed();
    if (!failed || (seen.current && seen.current->attempt >= failed->attempt)) return;
    if (seen.current) seen.last = seen.current;
    seen.current = *failed;
    seen.known_to_runtime = false;
    seen.start_failed = true;
}

ContainerSeen observe_container(ContainerMemory& own, const api::Pod& pod, const api::Container& spec,
                                const runtime::PodState* sandbox, bool init) {
    ContainerSeen seen;
    seen.name = own.me.name;
    observe_attempts(own, sandbox, seen);
    if (seen.known_to_runtime) own.image.adopt(spec);
    seen.image_id = seen.known_to_runtime && !own.start.image_id().empty() ? own.start.image_id() : own.image.id();
    if (!seen.current) remember_end(pod, init, seen);
    seen.started_image = find_started_image(pod, own, seen, init);
    if (seen.current && seen.current->phase == ContainerPhase::exited) {
        account_end(own, pod, spec, seen, init);
        seen.outdated = seen.current->stop.begun_ms >= 0 && !seen.started_image.empty() && spec.image != seen.started_image;
        if (seen.current->termination_message.empty()) seen.current->termination_message = own.last_words.text();
    }
    if (seen.current && seen.current->phase == ContainerPhase::running)
        own.back_off.note_running(seen.current->attempt, own.me.pod.now_ms());
    seen.restart_count = seen.current ? seen.current->attempt : 0;
    seen.image = own.image.phase();
    own.back_off.show(spec.image.view(), seen);
    own.probes.show(seen);
    seen.stopping = own.stop.under_way();
    seen.post_start_done = own.start.post_start_done();
    return seen;
}

std::vector<ContainerSeen> observe_containers(PodMemory& memory, const api::Pod& pod, const runtime::PodState* sandbox,
                                              bool init) {
    std::vector<ContainerSeen> out;
    for (const auto& spec : init ? pod.spec.init_containers : pod.spec.containers)
        out.push_back(observe_container(memory.container(spec.name.str()), pod, spec, sandbox, init));
    return out;
}

/// In monotonic time, because status.startTime may be of before the clock was set. It begins with the sandbox, or with this
/// daemon where that was first; a reboot begins it anew, since nothing tells how long the box was off.
void observe_deadline(const PodMemory& memory, const api::Pod& pod, const runtime::PodState* sandbox, PodObserved& seen) {
    if (!pod.spec.active_deadline_seconds) return;
    const bool created = sandbox && sandbox->created_ms >= 0;
    const int64_t begun_ms = created ? std::min(sandbox->created_ms, memory.seen_ms) : memory.seen_ms;
    const int64_t left_ms = begun_ms + *pod.spec.active_deadline_seconds * 1000 - memory.me.now_ms();
    seen.deadline_exceeded = left_ms <= 0;
    if (left_ms > 0) memory.me.agent.look_after(memory.me.key.uid, left_ms);
}

/// An earlier daemon may have begun it, and told.
void observe_eviction(const PodMemory& memory, const api::Pod& pod, PodObserved& seen) {
    const auto* condition = api::find_pod_condition(pod, "DisruptionTarget");
    if (condition && condition->status == "True" && condition->reason == eviction_reason)
        seen.eviction = condition->message.str();
    else if (memory.storage) seen.eviction = memory.storage->excess();
}

}  // namespace

PodObserved observe_pod(PodMemory& memory, const api::Pod* pod) {
    PodObserved seen;
    const std::optional<runtime::PodState> found = memory.me.find_sandbox();
    const runtime::PodState* sandbox = found ? &*found : nullptr;
    seen.sandbox_known = sandbox;
    seen.sandbox_alive = sandbox && sandbox->alive;
    seen.node_ip = memory.me.agent.options.node_ip;
    if (const auto link = memory.me.agent.ports.links.find(memory.me.key.uid)) {
        seen.network = true;
        seen.ip = link->ip.text();
    }
    if (pod && pod->spec.host_network && seen.sandbox_alive) seen.ip = seen.node_ip;
    seen.network_lost = pod && !pod->spec.host_network && seen.sandbox_alive && !seen.network;
    if (seen.sandbox_alive) memory.volumes.adopt();
    seen.volumes_ready = memory.volumes.ready();
    seen.preparing_volumes = memory.volumes.preparing();
    seen.setup_reason = memory.setup.reason;
    seen.setup_message = memory.setup.message;
    seen.setup_retry_at_ms = memory.setup.retry_at_ms;
    seen.pod_dir = memory.volumes.on_disk();
    if (!pod) return seen;
    observe_deadline(memory, *pod, sandbox, seen);
    observe_eviction(memory, *pod, seen);
    seen.init = observe_containers(memory, *pod, sandbox, true);
    seen.containers = observe_containers(memory, *pod, sandbox, false);
    return seen;
}

}  // namespace orilla::node
