// Observing: the runtime's containers, what the status remembers from before a reboot, and the agent's memory, put
// together into one PodObserved.
#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "logs/log_stream.hpp"
#include "pod/pod_agent_impl.hpp"

namespace orilla::node {

const api::Container* find_container(const api::Pod& pod, std::string_view name) {
    for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers})
        for (const auto& container : *list)
            if (container.name == name) return &container;
    return nullptr;
}

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

std::string back_off_pull_message(const std::string& image, const std::string& why) {
    return "Back-off pulling image \"" + image + "\": ErrImagePull: " + why;
}

/// The last lines of a log, as the API has them for FallbackToLogsOnError: 80 lines or 2 KiB, whichever is less.
std::string read_log_end(const std::string& path) {
    constexpr int64_t lines_max = 80;
    constexpr size_t bytes_max = 2048, read_bytes_max = 64 * 1024;
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return "";
    const auto offset = find_tail_offset(fd.get(), lines_max);
    const int64_t end = lseek(fd.get(), 0, SEEK_END);
    if (!offset || end < 0) return "";
    std::string raw(static_cast<size_t>(std::min<int64_t>(end - *offset, read_bytes_max)), '\0');
    const ssize_t got = pread(fd.get(), raw.data(), raw.size(), end - static_cast<int64_t>(raw.size()));
    raw.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    std::string out;
    for (size_t from = 0, to; (to = raw.find('\n', from)) != std::string::npos; from = to + 1)
        if (const auto line = parse_log_line(std::string_view(raw).substr(from, to - from)))
            out += std::string(line->text) + (line->partial ? "" : "\n");
    return out.size() > bytes_max ? out.substr(out.size() - bytes_max) : out;
}

/// The status remembers what an adopted container was started from.
std::string find_started_image(const api::Pod& pod, const ContainerMemory& own, const ContainerSeen& seen, bool init) {
    if (!seen.current) return "";
    if (!own.started_image.empty()) return own.started_image;
    for (const auto& status : init ? pod.status.init_container_statuses : pod.status.container_statuses)
        if (status.name == seen.name && status.restart_count == seen.current->attempt && !status.container_id.empty())
            return status.image.str();
    return "";
}

void show_failure(ContainerSeen& seen, const ContainerMemory& memory, const api::Container& spec) {
    seen.backing_off = memory.backing_off;
    seen.failure_reason = memory.failure_reason;
    seen.failure_message = memory.failure_message;
    seen.retry_at_ms = memory.retry_at_ms;
    if (memory.failure_reason != "ErrImagePull" || !memory.backing_off) return;
    seen.failure_reason = "ImagePullBackOff";
    seen.failure_message = back_off_pull_message(spec.image.str(), memory.failure_message);
}

}  // namespace

void PodAgent::Impl::account_exit(PodMemory& memory, const api::Pod& pod, const api::Container& spec,
                                  const ContainerSeen& seen) {
    const ContainerState& ended = *seen.current;
    ContainerMemory& own = memory.containers[ended.name];
    if (own.accounted_attempt >= ended.attempt) return;
    own.accounted_attempt = ended.attempt;
    own.accounted_at_ms = loop_.now_ms();
    own.backing_off = false;
    own.stopping = false;
    own.last_words.clear();
    if (spec.termination_message_policy == "FallbackToLogsOnError" && ended.exit_code != 0 && ended.termination_message.empty())
        own.due_words = log_dir(memory.key) + "/" + ended.name + "/" + std::to_string(ended.attempt) + ".log";
    own.prober.reset();
    own.startup = own.liveness = own.readiness = ProbeVerdict::unknown;
    // Always-policy images are asked for again at each start; the others are simply looked up.
    own.image = ImagePhase::unknown;
    // By our own clock: the wall clock may have jumped meanwhile.
    const bool ran_long =
        own.running_attempt == ended.attempt && loop_.now_ms() - own.running_since_ms >= crash_backoff_reset_s * 1000;
    if (ran_long) own.crashes = 0;
    const bool init = std::any_of(pod.spec.init_containers.begin(), pod.spec.init_containers.end(),
                                  [&](const auto& c) { return c.name == spec.name; });
    // What another image did does not count against this one.
    if (!seen.started_image.empty() && spec.image != seen.started_image) return;
    if (!should_restart(pod.spec.restart_policy.view(), init, ended)) return;
    own.backoff_ms = crash_backoff_ms(own.crashes++);
    own.backoff_until_ms = own.backoff_ms ? loop_.now_ms() + own.backoff_ms : 0;
}

void PodAgent::Impl::observe_containers(PodMemory& memory, const api::Pod& pod, const runtime::PodState* sandbox, bool init,
                                        std::vector<ContainerSeen>& out) {
    for (const auto& spec : init ? pod.spec.init_containers : pod.spec.containers) {
        ContainerSeen seen;
        seen.name = spec.name.str();
        ContainerMemory& own = memory.containers[seen.name];
        for (const auto& state : sandbox ? sandbox->containers : std::vector<ContainerState>()) {
            if (state.name != seen.name) continue;
            if (seen.current) seen.last = seen.current;
            seen.current = state;
            seen.known_to_runtime = true;
            // A dead supervisor took its containers along, whatever was last heard of them.
            if (!sandbox->alive && state.phase != ContainerPhase::exited) {
                seen.current->phase = ContainerPhase::exited;
                seen.current->exit_code = 137;
                seen.current->finished_wall_ns = loop_.clock().wall_ns();
            }
        }
        if (own.start_error && (!seen.current || seen.current->attempt < own.start_error->attempt)) {
            if (seen.current) seen.last = seen.current;
            seen.current = *own.start_error;
            seen.known_to_runtime = false;
            seen.start_failed = true;
        }
        if (own.image_id.empty() && seen.known_to_runtime)  // adopted: what it was made from is still here
            if (const auto* image = images_.find(spec.image.view())) own.image_id = shown_id(*image);
        seen.image_id = seen.known_to_runtime && !own.started_image_id.empty() ? own.started_image_id : own.image_id;
        if (!seen.current) remember_end(pod, init, seen);
        seen.started_image = find_started_image(pod, own, seen, init);
        if (seen.current && seen.current->phase == ContainerPhase::exited) {
            account_exit(memory, pod, spec, seen);
            seen.outdated = seen.current->stop.begun_ms >= 0 && !seen.started_image.empty() && spec.image != seen.started_image;
            if (seen.current->termination_message.empty()) seen.current->termination_message = own.last_words;
        }
        if (seen.current && seen.current->phase == ContainerPhase::running && own.running_attempt != seen.current->attempt) {
            own.running_attempt = seen.current->attempt;
            own.running_since_ms = loop_.now_ms();
        }
        seen.restart_count = seen.current ? seen.current->attempt : 0;
        seen.backoff_until_ms = own.backoff_until_ms;
        seen.backoff_ms = own.backoff_ms;
        seen.image = own.image;
        show_failure(seen, own, spec);
        seen.startup = own.startup;
        seen.liveness = own.liveness;
        seen.readiness = own.readiness;
        seen.stopping = own.stopping;
        seen.post_start_done = own.post_start_done;
        out.push_back(std::move(seen));
    }
}

/// In monotonic time, because status.startTime may be of before the clock was set. It begins with the sandbox, or with this
/// daemon where that was first; a reboot begins it anew, since nothing tells how long the box was off.
void PodAgent::Impl::observe_deadline(const PodMemory& memory, const api::Pod& pod, const runtime::PodState* sandbox,
                                      PodObserved& seen) {
    if (!pod.spec.active_deadline_seconds) return;
    const bool created = sandbox && sandbox->created_ms >= 0;
    const int64_t begun_ms = created ? std::min(sandbox->created_ms, memory.seen_ms) : memory.seen_ms;
    const int64_t left_ms = begun_ms + *pod.spec.active_deadline_seconds * 1000 - loop_.now_ms();
    seen.deadline_exceeded = left_ms <= 0;
    if (left_ms > 0) worker_.queue().add_after(memory.key.uid, left_ms);
}

PodObserved PodAgent::Impl::observe(PodMemory& memory, const api::Pod* pod) {
    PodObserved seen;
    const std::string& uid = memory.key.uid;
    const std::optional<runtime::PodState> sandbox = runtime_.find_pod(uid);
    seen.sandbox_known = sandbox.has_value();
    seen.sandbox_alive = sandbox && sandbox->alive;
    seen.node_ip = options_.node_ip;
    if (const auto link = links_.find(uid)) {
        seen.network = true;
        seen.ip = link->ip.text();
    }
    if (pod && pod->spec.host_network && seen.sandbox_alive) seen.ip = seen.node_ip;
    seen.network_lost = pod && !pod->spec.host_network && seen.sandbox_alive && !seen.network;
    // Adopted: the volumes were made by an earlier daemon.
    if (seen.sandbox_alive) memory.volumes_ready = true;
    seen.volumes_ready = memory.volumes_ready;
    seen.preparing_volumes = memory.preparing_volumes;
    seen.setup_reason = memory.setup_reason;
    seen.setup_message = memory.setup_message;
    seen.setup_retry_at_ms = memory.setup_retry_at_ms;
    seen.pod_dir = memory.on_disk;
    if (!pod) return seen;
    observe_deadline(memory, *pod, sandbox ? &*sandbox : nullptr, seen);
    observe_containers(memory, *pod, sandbox ? &*sandbox : nullptr, true, seen.init);
    observe_containers(memory, *pod, sandbox ? &*sandbox : nullptr, false, seen.containers);
    return seen;
}

/// Of containers that have just ended without a message, where that falls back to the log.
loop::Task<void> PodAgent::Impl::read_last_words(PodMemory& memory, PodObserved& seen) {
    for (auto* list : {&seen.init, &seen.containers}) {
        for (auto& container : *list) {
            const std::string path = std::exchange(memory.containers[container.name].due_words, "");
            if (path.empty()) continue;
            auto reading = loop::run_on(files_, loop_, [path] { return read_log_end(path); });
            std::string words = co_await std::move(reading);
            ContainerMemory& own = memory.containers[container.name];
            own.last_words = std::move(words);
            if (container.current && container.current->termination_message.empty())
                container.current->termination_message = own.last_words;
        }
    }
}

void PodAgent::Impl::start_prober(PodMemory& memory, const api::Pod& pod, const runtime::ContainerState& state,
                                  const std::string& ip) {
    const api::Container& spec = *find_container(pod, state.name);
    ContainerMemory& own = memory.containers[state.name];
    own.probed_attempt = state.attempt;
    own.startup = own.liveness = own.readiness = ProbeVerdict::unknown;
    // An adopted container stays as ready as it was, so that a restart of the daemon takes no endpoint away.
    for (const auto& status : pod.status.container_statuses) {
        if (status.name != state.name || status.restart_count != state.attempt || !status.state.running) continue;
        if (status.started.value_or(false)) own.startup = ProbeVerdict::success;
        if (status.ready) own.readiness = ProbeVerdict::success;
    }
    own.prober.reset();
    if (!spec.startup_probe && !spec.liveness_probe && !spec.readiness_probe) return;
    const ProbeTarget target{memory.key.uid, state.id, ip};
    // A container that an earlier daemon started has waited its initial delay long ago.
    const int64_t age_ms = std::max<int64_t>(loop_.clock().wall_s() - state.started_wall_ns / wall_ns_per_s, 0) * 1000;
    auto listener = [this, &memory, name = state.name](const ProbeReport& report) { take_probe(memory, name, report); };
    own.prober = std::make_unique<ContainerProber>(loop_, runtime_, spec, target, loop_.now_ms() - age_ms, listener);
}

void PodAgent::Impl::take_probe(PodMemory& memory, const std::string& name, const ProbeReport& report) {
    ContainerMemory& own = memory.containers[name];
    if (own.stopping) return;
    ProbeVerdict& verdict = report.kind == ProbeKind::startup    ? own.startup
                            : report.kind == ProbeKind::liveness ? own.liveness
                                                                 : own.readiness;
    if (!report.message.empty())
        api_.record_event(memory.key, name, "Warning", report.success ? "ProbeWarning" : "Unhealthy", report.message);
    if (verdict == report.verdict) return;
    verdict = report.verdict;
    wake(memory.key.uid);
}

void PodAgent::Impl::follow_probes(PodMemory& memory, const api::Pod& pod, PodObserved& seen) {
    for (auto& container : seen.containers) {
        ContainerMemory& own = memory.containers[container.name];
        const bool running =
            container.known_to_runtime && container.current && container.current->phase == ContainerPhase::running;
        if (!running) {
            own.prober.reset();
            own.probed_attempt = -1;
        } else if (own.probed_attempt != container.current->attempt) {
            start_prober(memory, pod, *container.current, seen.ip);
            // Before the status is written: an adopted container that was not ready for one turn would lose its endpoint.
            container.startup = own.startup;
            container.readiness = own.readiness;
        }
    }
}

}  // namespace orilla::node
