// What the kubelet would report: phases, conditions, reasons and container states in its words
// (documentation "Pod Lifecycle"; pkg/kubelet status manager's names).
#include <fmt/core.h>
#include <algorithm>

#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "pod/pod_plan.hpp"
#include "pod/pod_resize.hpp"

namespace orilla::node {
namespace {

constexpr std::string_view waiting_creating = "ContainerCreating";
constexpr std::string_view waiting_initializing = "PodInitializing";

bool running(const ContainerSeen& seen) {
    return seen.current && seen.known_to_runtime && seen.current->phase == ContainerPhase::running;
}
bool exited(const ContainerSeen& seen) { return seen.current && seen.current->phase == ContainerPhase::exited; }

std::string terminated_reason(const ContainerState& state) {
    if (state.oom_killed) return "OOMKilled";
    return state.exit_code == 0 ? "Completed" : "Error";
}

/// Never in the middle of a UTF-8 character.
std::string cut_message(const std::string& text, size_t bytes_max) {
    constexpr std::string_view mark = "...";
    if (text.size() <= bytes_max) return text;
    size_t end = bytes_max - mark.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end).append(mark);
}

/// As Go prints it: 40s, 1m20s, 5m0s.
std::string render_duration(int64_t seconds) {
    return seconds < 60 ? fmt::format("{}s", seconds) : fmt::format("{}m{}s", seconds / 60, seconds % 60);
}

struct StatusContext {
    const api::Pod& pod;
    bool initialized = false;
    bool has_init = false;
    std::string uid;
    bool final = false;  ///< nothing starts any more
};

std::string render_container_id(const StatusContext& context, const std::string& name, int attempt) {
    return fmt::format("orilla://{}/{}/{}", context.uid, name, attempt);
}

api::ContainerStateTerminated summarise_terminated(const StatusContext& context, const ContainerState& state) {
    const size_t containers = context.pod.spec.init_containers.size() + context.pod.spec.containers.size();
    const size_t share = terminated_messages_bytes_max / std::max<size_t>(containers, 1);
    api::ContainerStateTerminated out;
    out.exit_code = state.exit_code;
    out.signal = state.signal;
    out.reason = terminated_reason(state);
    out.message = cut_message(state.termination_message, std::clamp<size_t>(share, 64, terminated_message_bytes_max));
    out.started_at = api::Time(state.started_wall_ns / wall_ns_per_s);
    out.finished_at = api::Time(state.finished_wall_ns / wall_ns_per_s);
    out.container_id = render_container_id(context, state.name, state.attempt);
    return out;
}

/// Of the newest attempt.
api::ContainerStateTerminated summarise_end(const StatusContext& context, const ContainerSeen& seen) {
    api::ContainerStateTerminated out = summarise_terminated(context, *seen.current);
    if (seen.start_failed) out.reason = "StartError";
    return out;
}

/// Why a container that does not run waits.
api::ContainerStateWaiting summarise_waiting(const StatusContext& context, const ContainerSeen& seen) {
    api::ContainerStateWaiting out;
    if (!seen.failure_reason.empty()) {
        out.reason = seen.failure_reason;
        out.message = cut_message(seen.failure_message, waiting_message_bytes_max);
    } else if (exited(seen)) {
        const auto& meta = context.pod.metadata;
        out.reason = "CrashLoopBackOff";
        out.message =
            fmt::format("back-off {} restarting failed container={} pod={}_{}({})", render_duration(seen.backoff_ms / 1000),
                        seen.name, meta.name.view(), meta.namespace_.view(), context.uid);
    } else {
        out.reason = context.has_init && !context.initialized ? waiting_initializing : waiting_creating;
    }
    return out;
}

bool container_ready(const ContainerSeen& seen, const api::Container& spec) {
    if (!running(seen) || !seen.post_start_done) return false;
    if (spec.startup_probe && seen.startup != ProbeVerdict::success) return false;
    return !spec.readiness_probe || seen.readiness == ProbeVerdict::success;
}

api::ContainerStatus summarise_container(const StatusContext& context, const ContainerSeen& seen, const api::Container& spec,
                                         bool is_init) {
    api::ContainerStatus out;
    out.name = spec.name;
    out.image = seen.started_image.empty() ? spec.image : api::Str(seen.started_image);
    out.image_id = seen.image_id;
    out.restart_count = seen.restart_count;
    if (seen.current) out.container_id = render_container_id(context, seen.name, seen.current->attempt);
    // A daemon that starts anew adopts the container but not what it was made from: the status remembers.
    const auto& before = is_init ? context.pod.status.init_container_statuses : context.pod.status.container_statuses;
    for (const auto& status : before)
        if (out.image_id.empty() && status.name == spec.name) out.image_id = status.image_id;
    const bool over = context.final || context.pod.metadata.deletion_timestamp.set;
    const bool restarts = exited(seen) && !over && should_restart(context.pod.spec, spec, is_init, seen);
    // What has ended and starts again at once has simply ended; it waits only where something is waited for.
    const bool waits = restarts && (!seen.failure_reason.empty() || seen.backing_off);
    if (running(seen)) {
        out.state.running.emplace().started_at = api::Time(seen.current->started_wall_ns / wall_ns_per_s);
    } else if (exited(seen) && !waits) {
        out.state.terminated.emplace() = summarise_end(context, seen);
    } else {
        out.state.waiting.emplace() = summarise_waiting(context, seen);
        if (exited(seen)) out.last_state.terminated.emplace() = summarise_end(context, seen);
    }
    if (!out.last_state.terminated && seen.last)
        out.last_state.terminated.emplace() = summarise_terminated(context, *seen.last);
    const bool ends_first = is_init && !api::is_sidecar(spec);
    out.ready = ends_first ? exited(seen) && seen.current->exit_code == 0 : container_ready(seen, spec);
    out.started = running(seen) && (!spec.startup_probe || seen.startup == ProbeVerdict::success);
    if (is_init && !api::is_sidecar(spec)) return out;
    const api::ResourceRequirements* given = find_given(seen, before);
    out.resources.ensure() = given ? *given : spec.resources;
    out.allocated_resources = out.resources->requests;
    return out;
}

void add_name(std::string& names, const api::Str& name) { names.append(names.empty() ? "" : " ").append(name.view()); }

/// What the containers wait for.
std::string name_incomplete(const api::PodSpec& spec, const api::PodStatus& status) {
    std::string names;
    for (size_t i = 0; i < status.init_container_statuses.size(); ++i) {
        const auto& one = status.init_container_statuses[i];
        const bool sidecar = api::is_sidecar(spec.init_containers[i]);
        if (!(sidecar ? one.started.value_or(false) : one.ready)) add_name(names, one.name);
    }
    return names;
}

std::string name_unready(const api::PodSpec& spec, const api::PodStatus& status) {
    std::string names;
    for (size_t i = 0; i < status.init_container_statuses.size(); ++i)
        if (api::is_sidecar(spec.init_containers[i]) && !status.init_container_statuses[i].ready)
            add_name(names, status.init_container_statuses[i].name);
    for (const auto& one : status.container_statuses)
        if (!one.ready) add_name(names, one.name);
    return names;
}

void set_pod_condition(api::PodStatus& status, const api::PodStatus& old, std::string_view type, bool value,
                       std::string_view reason, const std::string& message, int64_t now_s) {
    api::PodCondition condition;
    condition.type = type;
    condition.status = value ? "True" : "False";
    condition.reason = reason;
    condition.message = message;
    condition.last_transition_time = api::Time(now_s);
    for (const auto& before : old.conditions)
        if (before.type == type && before.status == condition.status)
            condition.last_transition_time = before.last_transition_time;
    status.conditions.push_back(std::move(condition));
}

std::string_view plan_phase(const api::Pod& pod, const PodObserved& seen, bool initialized) {
    // What still runs is being stopped: sidecars, after the containers that they were for.
    const bool quiet = std::ranges::none_of(seen.init, running);
    const bool over = quiet && is_over(pod.spec, seen);
    if (over && !initialized) return "Failed";
    if (!initialized) return "Pending";
    size_t done = 0, failed = 0, started = 0;
    for (const auto& container : seen.containers) {
        started += container.current.has_value();
        done += exited(container);
        failed += exited(container) && container.current->exit_code != 0;
    }
    const bool ends = over || (quiet && pod.metadata.deletion_timestamp.set);
    if (ends && done == seen.containers.size()) return failed ? "Failed" : "Succeeded";
    return started == 0 ? "Pending" : "Running";
}

/// Empty when each readiness gate is open: somebody else says so in a condition of its type.
std::string describe_closed_gates(const api::Pod& pod) {
    std::string out;
    for (const auto& gate : pod.spec.readiness_gates) {
        const std::string_view type = gate.condition_type;
        const auto* condition = api::find_pod_condition(pod, type);
        if (condition && condition->status == "True") continue;
        if (!out.empty()) out += ", ";
        out += condition ? fmt::format(R"(the status of pod readiness gate "{}" is not "True", but {})", type,
                                       condition->status.view())
                         : fmt::format(R"(corresponding condition of pod readiness gate "{}" does not exist.)", type);
    }
    return out;
}

bool is_of_resize(std::string_view type) { return type == api::resize_pending || type == api::resize_in_progress; }

void summarise_resize(api::PodStatus& status, const api::Pod& pod, const PodObserved& seen, int64_t now_s) {
    const ResizeSeen& resize = seen.resize;
    if (resize.verdict == ResizeVerdict::none || api::is_finished(status.phase)) return;
    const bool goes_on = resize.verdict == ResizeVerdict::granted, deferred = resize.verdict == ResizeVerdict::deferred;
    const std::string_view why = deferred ? api::resize_deferred : api::resize_infeasible;
    if (goes_on)
        set_pod_condition(status, pod.status, api::resize_in_progress, true, resize.error.empty() ? "" : "Error", resize.error,
                          now_s);
    else set_pod_condition(status, pod.status, api::resize_pending, true, why, resize.message, now_s);
    status.conditions.back().observed_generation = pod.metadata.generation;
}

void summarise_conditions(api::PodStatus& status, const api::Pod& pod, const PodObserved& seen, bool initialized,
                          int64_t now_s) {
    const api::PodStatus& old = pod.status;
    const bool finished = api::is_finished(status.phase);
    set_pod_condition(status, old, "PodReadyToStartContainers", seen.sandbox_alive, "", "", now_s);
    if (initialized) set_pod_condition(status, old, "Initialized", true, finished ? "PodCompleted" : "", "", now_s);
    else
        set_pod_condition(status, old, "Initialized", false, "ContainersNotInitialized",
                          fmt::format("containers with incomplete status: [{}]", name_incomplete(pod.spec, status)), now_s);
    const std::string unready = name_unready(pod.spec, status);
    const std::string closed_gates = describe_closed_gates(pod);
    for (std::string_view type : {"Ready", "ContainersReady"}) {
        if (status.phase == "Succeeded") set_pod_condition(status, old, type, false, "PodCompleted", "", now_s);
        else if (status.phase == "Failed") set_pod_condition(status, old, type, false, "PodFailed", "", now_s);
        else if (unready.empty() && type == "Ready" && !closed_gates.empty())
            set_pod_condition(status, old, type, false, "ReadinessGatesNotReady", closed_gates, now_s);
        else if (unready.empty()) set_pod_condition(status, old, type, true, "", "", now_s);
        else
            set_pod_condition(status, old, type, false, "ContainersNotReady",
                              fmt::format("containers with unready status: [{}]", unready), now_s);
    }
    // Before the first container is stopped: the next daemon goes on with it.
    if (!seen.eviction.empty()) set_pod_condition(status, old, "DisruptionTarget", true, eviction_reason, seen.eviction, now_s);
    summarise_resize(status, pod, seen, now_s);
    // What others say of it stays: where it was scheduled, that it is a target of disruption.
    for (const auto& before : old.conditions)
        if (!is_of_resize(before.type) &&
            std::ranges::none_of(status.conditions, [&](const auto& own) { return own.type == before.type; }))
            status.conditions.push_back(before);
}

/// Being deleted, held by somebody, and nothing of it runs or will.
bool ends_unborn(const api::Pod& pod, const PodObserved& seen) {
    if (!pod.metadata.deletion_timestamp || pod.metadata.finalizers.empty()) return false;
    return std::ranges::none_of(seen.init, running) && std::ranges::none_of(seen.containers, running);
}

bool has_passed_init(const api::PodSpec& spec, const PodObserved& seen) {
    for (size_t i = 0; i < seen.init.size(); ++i) {
        const ContainerSeen& one = seen.init[i];
        const bool sidecar = api::is_sidecar(spec.init_containers[i]);
        if (!(sidecar ? has_started(spec.init_containers[i], one) : exited(one) && one.current->exit_code == 0)) return false;
    }
    return true;
}

}  // namespace

api::PodStatus summarise_pod(const api::Pod& pod, const PodObserved& seen, int64_t now_s) {
    api::PodStatus status;
    bool initialized = has_passed_init(pod.spec, seen);
    // Main containers only start after the init containers: their existence proves it even when those were forgotten.
    initialized |= std::any_of(seen.containers.begin(), seen.containers.end(), [](const auto& c) { return c.current; });
    const bool was_final = pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
    const StatusContext context{pod, initialized, !seen.init.empty(), std::string(pod.metadata.uid.view()),
                                was_final || seen.deadline_exceeded || !seen.eviction.empty() || is_over(pod.spec, seen)};
    for (size_t i = 0; i < seen.init.size(); ++i)
        status.init_container_statuses.push_back(summarise_container(context, seen.init[i], pod.spec.init_containers[i], true));
    for (size_t i = 0; i < seen.containers.size(); ++i)
        status.container_statuses.push_back(summarise_container(context, seen.containers[i], pod.spec.containers[i], false));
    status.phase = was_final ? pod.status.phase.view() : plan_phase(pod, seen, initialized);
    status.reason = pod.status.reason;
    status.message = pod.status.message;
    const bool any_running = std::any_of(seen.init.begin(), seen.init.end(), running) ||
                             std::any_of(seen.containers.begin(), seen.containers.end(), running);
    if (!seen.eviction.empty() && !was_final && !any_running) {
        status.phase = "Failed";
        status.reason = "Evicted";
        status.message = seen.eviction;
    } else if (seen.deadline_exceeded && !was_final && !any_running) {
        status.phase = "Failed";
        status.reason = "DeadlineExceeded";
        status.message = deadline_message;
    }
    // Whoever holds a pod that is being deleted waits for its end, also when it never began.
    if (ends_unborn(pod, seen) && !api::is_finished(status.phase)) status.phase = "Failed";
    status.observed_generation = pod.metadata.generation;
    status.qos_class = api::Str(api::qos_class(pod.spec));
    status.host_ip = seen.node_ip;
    if (!seen.node_ip.empty()) status.host_ips.emplace_back().ip = seen.node_ip;
    const std::string ip = seen.ip.empty() ? std::string(pod.status.pod_ip.view()) : seen.ip;
    if (!ip.empty()) {
        status.pod_ip = ip;
        status.pod_ips.emplace_back().ip = ip;
    }
    status.start_time = pod.status.start_time.set ? pod.status.start_time : api::Time(now_s);
    summarise_conditions(status, pod, seen, initialized, now_s);
    return status;
}

}  // namespace orilla::node
