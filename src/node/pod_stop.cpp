// Graceful stops and lifecycle hooks: preStop, then the stop signal, then SIGKILL once the grace period is over. The
// grace period counts from the beginning and includes preStop; a second deletion may shorten it while it runs.
#include <signal.h>

#include <algorithm>

#include "orilla/loop/timeout.hpp"
#include "pod_agent_impl.hpp"
#include "probe_io.hpp"

namespace orilla::node {

bool PodAgent::Impl::runs(const PodMemory& memory, const std::string& container, int attempt) const {
    const auto sandbox = runtime_.observe_pod(memory.key.uid);
    if (!sandbox || !sandbox->alive) return false;
    return std::any_of(sandbox->containers.begin(), sandbox->containers.end(), [&](const ContainerState& state) {
        return state.name == container && state.attempt == attempt && state.phase != ContainerPhase::exited;
    });
}

int64_t PodAgent::Impl::current_grace_s(const PodMemory& memory, int64_t grace_s) const {
    const auto pod = api_.find_pod(memory.key);
    if (!pod) return 0;
    if (!pod->metadata.deletion_timestamp.set) return grace_s;
    return std::min(grace_s, pod->metadata.deletion_grace_period_seconds.value_or(grace_s));
}

void PodAgent::Impl::apply_stop(PodMemory& memory, const api::Pod* pod, const StopContainer& action) {
    ContainerMemory& own = memory.containers[action.container];
    own.stopping = true;
    own.prober.reset();
    own.readiness = ProbeVerdict::failure;
    api_.record_event(memory.key, action.container, "Normal", "Killing", action.why);
    api::Box<api::LifecycleHandler> pre_stop;
    const api::Container* spec = pod ? find_container(*pod, action.container) : nullptr;
    if (spec && spec->lifecycle) pre_stop = spec->lifecycle->pre_stop;
    int attempt = 0;
    if (const auto sandbox = runtime_.observe_pod(memory.key.uid))
        for (const auto& state : sandbox->containers)
            if (state.name == action.container) attempt = state.attempt;
    memory.scope.spawn(stop_container(memory, action.container, std::move(pre_stop), action.grace_s, attempt));
}

loop::Task<void> PodAgent::Impl::stop_container(PodMemory& memory, std::string container,
                                                api::Box<api::LifecycleHandler> pre_stop, int64_t grace_s, int attempt) {
    const int64_t started_ms = loop_.now_ms();
    if (pre_stop && grace_s > 0) {
        auto hook = run_handler(memory, container, *pre_stop, grace_s * 1000);
        auto done = co_await std::move(hook);
        if (!done)
            api_.record_event(memory.key, container, "Warning", "FailedPreStopHook", "PreStopHook failed: " + done.error().message());
    }
    if (grace_s > 0 && runs(memory, container, attempt)) {
        const int signal = runtime_.stop_signal(memory.key.uid, container);
        auto sending = runtime_.signal_container(memory.key.uid, container, signal);
        auto sent = co_await std::move(sending);
        (void)sent;  // it has ended, or SIGKILL follows
    }
    auto waiting = wait_stopped(memory, container, attempt, started_ms, grace_s);
    co_await std::move(waiting);
    wake(memory.key.uid);
}

loop::Task<void> PodAgent::Impl::wait_stopped(PodMemory& memory, std::string container, int attempt, int64_t started_ms,
                                              int64_t grace_s) {
    for (;;) {
        if (!runs(memory, container, attempt)) co_return;
        const int64_t left_ms = started_ms + current_grace_s(memory, grace_s) * 1000 - loop_.now_ms();
        if (left_ms <= 0) break;
        auto look_again = loop::wait_for(loop_, memory.changed, left_ms);
        co_await std::move(look_again);
    }
    for (int i = 0; i < kill_repeats_max && runs(memory, container, attempt); ++i) {
        auto sending = runtime_.signal_container(memory.key.uid, container, SIGKILL);
        auto sent = co_await std::move(sending);
        (void)sent;  // asked again below
        if (!runs(memory, container, attempt)) co_return;
        auto look_again = loop::wait_for(loop_, memory.changed, kill_repeat_ms);
        co_await std::move(look_again);
    }
}

loop::Task<Result<void>> PodAgent::Impl::run_handler(PodMemory& memory, std::string container,
                                                     api::LifecycleHandler handler, int64_t limit_ms) {
    if (handler.sleep) {
        co_await loop_.sleep_for(std::min(std::clamp<int64_t>(handler.sleep->seconds, 0, stop_grace_s_max) * 1000, limit_ms));
        co_return ok();
    }
    // A hook is a probe that is asked once.
    api::Probe probe;
    probe.exec = handler.exec;
    probe.http_get = handler.http_get;
    probe.tcp_socket = handler.tcp_socket;
    probe.timeout_seconds = static_cast<int32_t>(std::max<int64_t>(limit_ms / 1000, 1));
    api::List<api::ContainerPort> ports;
    if (const auto pod = api_.find_pod(memory.key))
        if (const auto* spec = find_container(*pod, container)) ports = spec->ports;
    const ProbeTarget target{memory.key.uid, container, placement(memory).pod_ip};
    auto task = probe_once(loop_, runtime_, std::move(probe), std::move(ports), target);
    co_return co_await std::move(task);
}

loop::Task<void> PodAgent::Impl::run_post_start(PodMemory& memory, std::string container, api::LifecycleHandler handler,
                                                int attempt) {
    constexpr int64_t post_start_ms_max = 600'000;
    auto hook = run_handler(memory, container, std::move(handler), post_start_ms_max);
    auto done = co_await std::move(hook);
    ContainerMemory& own = memory.containers[container];
    own.post_start_done = true;
    if (!done && runs(memory, container, attempt)) {
        const std::string why = "PostStartHook failed: " + done.error().message();
        api_.record_event(memory.key, container, "Warning", "FailedPostStartHook", why);
        auto sending = runtime_.signal_container(memory.key.uid, container, SIGKILL);
        auto sent = co_await std::move(sending);
        (void)sent;
    }
    wake(memory.key.uid);
}

}  // namespace orilla::node
