// The STATUS of a pod is the most telling of many facts; the order in which they are looked at is kubectl's.
#include <algorithm>
#include <optional>

#include "table_cells.hpp"

namespace orilla::api {
namespace {

struct PodSummary {
    std::string reason;
    int64_t restarts = 0;
    Time last_restart;
    size_t ready = 0;
    size_t total = 0;
};

bool has_condition(const Pod& pod, std::string_view type) {
    for (const PodCondition& condition : pod.status.conditions)
        if (condition.type == type && condition.status == "True") return true;
    return false;
}

bool is_restartable(const Pod& pod, std::string_view init_container) {
    for (const Container& container : pod.spec.init_containers)
        if (container.name == init_container) return container.restart_policy == std::string_view("Always");
    return false;
}

std::string ended_text(const ContainerStateTerminated& ended) {
    if (!ended.reason.empty()) return ended.reason.str();
    if (ended.signal != 0) return "Signal:" + std::to_string(ended.signal);
    return "ExitCode:" + std::to_string(ended.exit_code);
}

void count_restarts(PodSummary& summary, const ContainerStatus& status) {
    summary.restarts += status.restart_count;
    if (!status.last_state.terminated) return;
    Time finished = status.last_state.terminated->finished_at;
    if (finished && (!summary.last_restart || summary.last_restart < finished)) summary.last_restart = finished;
}

/// "" when this init container holds nothing up.
std::string init_reason(const Pod& pod, const ContainerStatus& status, size_t index) {
    const ContainerState& state = status.state;
    if (state.terminated && state.terminated->exit_code == 0) return {};
    if (is_restartable(pod, status.name) && status.started.value_or(false)) return {};
    if (state.terminated) return "Init:" + ended_text(*state.terminated);
    if (state.waiting && !state.waiting->reason.empty() && state.waiting->reason != "PodInitializing")
        return "Init:" + state.waiting->reason.str();
    return "Init:" + std::to_string(index) + "/" + std::to_string(pod.spec.init_containers.size());
}

/// True while an init container is not through.
bool summarise_init(const Pod& pod, PodSummary& summary, PodSummary& sidecars) {
    const auto& statuses = pod.status.init_container_statuses;
    for (size_t i = 0; i < statuses.size(); ++i) {
        count_restarts(summary, statuses[i]);
        bool sidecar = is_restartable(pod, statuses[i].name);
        if (sidecar) count_restarts(sidecars, statuses[i]);
        std::string reason = init_reason(pod, statuses[i], i);
        if (reason.empty()) {
            if (sidecar && statuses[i].ready) ++summary.ready;
            continue;
        }
        summary.reason = std::move(reason);
        return true;
    }
    return false;
}

void summarise_containers(const Pod& pod, PodSummary& summary) {
    bool running = false;
    for (size_t i = pod.status.container_statuses.size(); i-- > 0;) {
        const ContainerStatus& status = pod.status.container_statuses[i];
        count_restarts(summary, status);
        if (status.state.waiting && !status.state.waiting->reason.empty()) {
            summary.reason = status.state.waiting->reason.str();
        } else if (status.state.terminated) {
            summary.reason = ended_text(*status.state.terminated);
        } else if (status.ready && status.state.running) {
            running = true;
            ++summary.ready;
        }
    }
    if (summary.reason == "Completed" && running) summary.reason = has_condition(pod, "Ready") ? "Running" : "NotReady";
}

PodSummary summarise(const Pod& pod) {
    PodSummary summary, sidecars;
    summary.reason = (pod.status.reason.empty() ? pod.status.phase : pod.status.reason).str();
    for (const PodCondition& condition : pod.status.conditions)
        if (condition.type == "PodScheduled" && condition.reason == "SchedulingGated")
            summary.reason = "SchedulingGated";
    summary.total = pod.spec.containers.size();
    for (const Container& container : pod.spec.init_containers) summary.total += is_restartable(pod, container.name);
    bool initializing = summarise_init(pod, summary, sidecars);
    if (!initializing || has_condition(pod, "Initialized")) {
        summary.restarts = sidecars.restarts;
        summary.last_restart = sidecars.last_restart;
        summarise_containers(pod, summary);
    }
    bool ended = pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
    if (pod.metadata.deletion_timestamp && pod.status.reason == "NodeLost") summary.reason = "Unknown";
    else if (pod.metadata.deletion_timestamp && !ended) summary.reason = "Terminating";
    return summary;
}

std::string gates_text(const Pod& pod) {
    if (pod.spec.readiness_gates.empty()) return std::string(nothing_text);
    size_t passed = 0;
    for (const PodReadinessGate& gate : pod.spec.readiness_gates) passed += has_condition(pod, gate.condition_type);
    return std::to_string(passed) + "/" + std::to_string(pod.spec.readiness_gates.size());
}

}  // namespace

std::string summarise_pod_status(const Pod& pod) { return summarise(pod).reason; }

Row render_pod(const Pod& pod, int64_t now) {
    PodSummary summary = summarise(pod);
    std::string restarts = std::to_string(summary.restarts);
    if (summary.restarts != 0 && summary.last_restart)
        restarts += " (" + render_age(summary.last_restart, now) + " ago)";
    std::string_view ip = pod.status.pod_ips.empty() ? pod.status.pod_ip.view() : pod.status.pod_ips[0].ip.view();
    return {pod.metadata.name.view(),
            std::to_string(summary.ready) + "/" + std::to_string(summary.total),
            summary.reason,
            restarts,
            render_age(pod.metadata.creation_timestamp, now),
            or_none(ip),
            or_none(pod.spec.node_name),
            or_none(pod.status.nominated_node_name),
            gates_text(pod)};
}

}  // namespace orilla::api
