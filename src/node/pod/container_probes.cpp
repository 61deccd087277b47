#include "pod/container_probes.hpp"

#include <algorithm>

#include "pod/pod_plan.hpp"

namespace orilla::node {

void ContainerProbes::follow(const api::Pod& pod, const std::string& ip, ContainerSeen& seen) {
    const bool running = seen.known_to_runtime && seen.current && seen.current->phase == ContainerPhase::running;
    if (!running) {
        prober_.reset();
        attempt_ = -1;
    } else if (attempt_ != seen.current->attempt) {
        start(pod, *seen.current, ip);
        // Before the status is written: an adopted container that was not ready for one turn would lose its endpoint.
        seen.startup = startup_;
        seen.readiness = readiness_;
    }
}

void ContainerProbes::refuse_traffic() {
    prober_.reset();
    readiness_ = ProbeVerdict::failure;
}

void ContainerProbes::forget() {
    prober_.reset();
    startup_ = liveness_ = readiness_ = ProbeVerdict::unknown;
}

void ContainerProbes::show(ContainerSeen& seen) const {
    seen.startup = startup_;
    seen.liveness = liveness_;
    seen.readiness = readiness_;
}

void ContainerProbes::start(const api::Pod& pod, const ContainerState& state, const std::string& ip) {
    forget();
    attempt_ = state.attempt;
    // An adopted container stays as ready as it was, so that a restart of the daemon takes no endpoint away.
    for (const auto* list : {&pod.status.init_container_statuses, &pod.status.container_statuses}) {
        for (const auto& status : *list) {
            if (status.name != state.name || status.restart_count != state.attempt || !status.state.running) continue;
            if (status.started.value_or(false)) startup_ = ProbeVerdict::success;
            if (status.ready) readiness_ = ProbeVerdict::success;
        }
    }
    const api::Container& spec = *find_container(pod, state.name);
    if (!spec.startup_probe && !spec.liveness_probe && !spec.readiness_probe) return;
    loop::Loop& loop = me_.pod.agent.loop;
    const ProbeTarget target{me_.pod.key.uid, state.id, ip};
    // A container that an earlier daemon started has waited its initial delay long ago.
    const int64_t age_ms = std::max<int64_t>(loop.clock().wall_s() - state.started_wall_ns / wall_ns_per_s, 0) * 1000;
    auto listener = [this](const ProbeReport& report) { take(report); };
    prober_ =
        std::make_unique<ContainerProber>(loop, me_.pod.agent.ports.runtime, spec, target, loop.now_ms() - age_ms, listener);
}

void ContainerProbes::take(const ProbeReport& report) {
    ProbeVerdict& verdict = report.kind == ProbeKind::startup    ? startup_
                            : report.kind == ProbeKind::liveness ? liveness_
                                                                 : readiness_;
    if (!report.message.empty()) me_.tell("Warning", report.success ? "ProbeWarning" : "Unhealthy", report.message);
    if (verdict == report.verdict) return;
    verdict = report.verdict;
    me_.pod.wake();
}

}  // namespace orilla::node
