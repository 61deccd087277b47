// Graceful stops and lifecycle hooks: preStop, then the stop signal, then SIGKILL once the grace period is over. The
// grace period counts from the beginning and includes preStop; a second deletion may shorten it while it runs.
//
// Each step is noted with the container (PodRuntime::note_stop), in monotonic time of this boot, and a daemon that takes
// over goes on from the note: neither the grace period nor preStop nor the signal begins anew. Not from
// metadata.deletionTimestamp, because the wall clock may have jumped by decades since it was written; and on
// CLOCK_MONOTONIC rather than CLOCK_BOOTTIME, because a box that sleeps gives its containers no time to end in.
#include <signal.h>

#include <algorithm>

#include "orilla/base/log.hpp"
#include "orilla/loop/timeout.hpp"
#include "pod/pod_agent_impl.hpp"
#include "probes/probe_io.hpp"

namespace orilla::node {

bool PodAgent::Impl::runs(const PodMemory& memory, const std::string& container, int attempt) const {
    const auto sandbox = runtime_.find_pod(memory.key.uid);
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
    StopTask stop{.container = action.container, .grace_s = action.grace_s};
    const api::Container* spec = pod ? find_container(*pod, action.container) : nullptr;
    if (spec && spec->lifecycle) stop.pre_stop = spec->lifecycle->pre_stop;
    if (const auto sandbox = runtime_.find_pod(memory.key.uid))
        for (const auto& state : sandbox->containers)
            if (state.name == action.container)
                stop.attempt = state.attempt, stop.signal = state.stop_signal, stop.progress = state.stop;
    if (stop.progress.begun_ms < 0) {
        api_.record_event(memory.key, action.container, "Normal", "Killing", action.why);
        stop.progress.begun_ms = loop_.now_ms();
        stop.progress.grace_s = stop.grace_s;
        note_stop(memory, stop);
    } else if (stop.progress.grace_s >= 0) {
        stop.grace_s = std::min(stop.grace_s, stop.progress.grace_s);
    }
    memory.scope.spawn(stop_container(memory, std::move(stop)));
}

void PodAgent::Impl::note_stop(const PodMemory& memory, const StopTask& stop) {
    auto noted = runtime_.note_stop(memory.key.uid, stop.id(), stop.progress);
    // Without the note a later daemon only starts the grace period over.
    if (!noted) log::warning("pod " + memory.key.ns + "/" + memory.key.name + ": " + noted.error().message());
}

loop::Task<void> PodAgent::Impl::stop_container(PodMemory& memory, StopTask stop) {
    runtime::StopProgress& progress = stop.progress;
    if (stop.pre_stop && stop.grace_s > 0 && progress.hook_ended_ms < 0 && progress.signalled_ms < 0) {
        if (progress.hook_begun_ms >= 0) {
            AWAIT_VOID(wait_pre_stop(memory, stop));
        } else {
            progress.hook_begun_ms = loop_.now_ms();
            note_stop(memory, stop);
            AWAIT_VOID(run_pre_stop(memory, stop));
        }
        progress.hook_ended_ms = loop_.now_ms();
        note_stop(memory, stop);
    }
    if (stop.grace_s > 0 && progress.signalled_ms < 0 && runs(memory, stop.container, stop.attempt)) {
        AWAIT(auto sent, runtime_.signal_container(memory.key.uid, stop.id(), stop.signal));
        (void)sent;  // it has ended, or SIGKILL follows
        progress.signalled_ms = loop_.now_ms();
        note_stop(memory, stop);
    }
    AWAIT_VOID(wait_stopped(memory, stop));
    wake(memory.key.uid);
}

loop::Task<void> PodAgent::Impl::run_hook(PodMemory& memory, StopTask stop, bool* ended) {
    AWAIT(auto done, run_handler(memory, stop.container, stop.attempt, *stop.pre_stop, stop.grace_s * 1000));
    const std::string why = done ? "" : "PreStopHook failed: " + done.error().message();
    if (!done) api_.record_event(memory.key, stop.container, "Warning", "FailedPreStopHook", why);
    *ended = true;
    memory.changed.notify_all();
}

/// Until the hook has ended, or the grace period, which a second deletion may shorten meanwhile.
loop::Task<void> PodAgent::Impl::run_pre_stop(PodMemory& memory, StopTask stop) {
    bool ended = false;
    loop::Scope running(loop_);
    running.spawn(run_hook(memory, stop, &ended));
    while (!ended) {
        const int64_t left_ms = stop.progress.begun_ms + current_grace_s(memory, stop.grace_s) * 1000 - loop_.now_ms();
        if (left_ms <= 0)
            co_return api_.record_event(memory.key, stop.container, "Warning", "FailedPreStopHook",
                                        "PreStopHook failed: the grace period is over");
        AWAIT_VOID(loop::wait_for(loop_, memory.changed, left_ms));
    }
}

/// The rest of a hook that an earlier daemon began: it is never run twice. What is gone with that daemon is its answer.
loop::Task<void> PodAgent::Impl::wait_pre_stop(PodMemory& memory, StopTask stop) {
    const api::LifecycleHandler& hook = *stop.pre_stop;
    if (!hook.sleep && !hook.exec) co_return;  // a request was sent
    const int64_t sleep_s = hook.sleep ? std::clamp<int64_t>(hook.sleep->seconds, 0, stop_grace_s_max) : 0;
    for (;;) {
        int64_t end_ms = stop.progress.begun_ms + current_grace_s(memory, stop.grace_s) * 1000;
        if (hook.sleep) end_ms = std::min(end_ms, stop.progress.hook_begun_ms + sleep_s * 1000);
        const int64_t left_ms = end_ms - loop_.now_ms();
        if (left_ms <= 0 || (hook.exec && !runtime_.has_exec(memory.key.uid, stop.id()))) co_return;
        AWAIT_VOID(loop::wait_for(loop_, memory.changed, hook.exec ? std::min(left_ms, pre_stop_look_ms) : left_ms));
    }
}

loop::Task<void> PodAgent::Impl::wait_stopped(PodMemory& memory, StopTask stop) {
    for (;;) {
        if (!runs(memory, stop.container, stop.attempt)) co_return;
        const int64_t grace_s = current_grace_s(memory, stop.grace_s);
        int64_t end_ms = stop.progress.begun_ms + grace_s * 1000;
        if (grace_s > 0 && stop.progress.hook_ended_ms >= 0)
            end_ms = std::max(end_ms, stop.progress.hook_ended_ms + after_pre_stop_ms_min);
        const int64_t left_ms = end_ms - loop_.now_ms();
        if (left_ms <= 0) break;
        AWAIT_VOID(loop::wait_for(loop_, memory.changed, left_ms));
    }
    for (int i = 0; i < kill_repeats_max && runs(memory, stop.container, stop.attempt); ++i) {
        AWAIT(auto sent, runtime_.signal_container(memory.key.uid, stop.id(), SIGKILL));
        (void)sent;  // asked again below
        if (!runs(memory, stop.container, stop.attempt)) co_return;
        AWAIT_VOID(loop::wait_for(loop_, memory.changed, kill_repeat_ms));
    }
}

loop::Task<Result<void>> PodAgent::Impl::run_handler(PodMemory& memory, std::string container, int attempt,
                                                     api::LifecycleHandler handler, int64_t limit_ms) {
    if (handler.sleep) {
        co_await loop_.sleep_for(std::min(std::clamp<int64_t>(handler.sleep->seconds, 0, stop_grace_s_max) * 1000, limit_ms));
        co_return ok();
    }
    if (handler.exec) {
        CO_RETURN_AWAIT(run_hook_command(memory, runtime::attempt_id(container, attempt), *handler.exec, limit_ms));
    }
    // A request is a probe that is asked once.
    api::Probe probe;
    probe.http_get = handler.http_get;
    probe.tcp_socket = handler.tcp_socket;
    probe.timeout_seconds = static_cast<int32_t>(std::max<int64_t>(limit_ms / 1000, 1));
    api::List<api::ContainerPort> ports;
    const auto pod = api_.find_pod(memory.key);
    if (const auto* spec = pod ? find_container(*pod, container) : nullptr) ports = spec->ports;
    const std::string address = placement(memory, pod.get()).pod_ip;
    const ProbeTarget target{memory.key.uid, runtime::attempt_id(container, attempt), address};
    AWAIT(auto asked, probe_once(loop_, runtime_, std::move(probe), std::move(ports), target));
    if (!asked) co_return std::move(asked).error();
    if (!asked->warning.empty())
        api_.record_event(memory.key, container, "Warning", "ProbeWarning", "Lifecycle hook warning: " + asked->warning);
    co_return ok();
}

/// Fails with the command and its exit code, but not with what it printed: hooks print secrets.
loop::Task<Result<void>> PodAgent::Impl::run_hook_command(const PodMemory& memory, std::string container_id,
                                                          api::ExecAction action, int64_t limit_ms) {
    constexpr int64_t answer_ms_max = 1'000;  // the runtime ends the command by itself
    std::vector<std::string> argv;
    std::string text;
    for (const auto& word : action.command) {
        argv.emplace_back(word.view());
        text += (text.empty() ? "" : " ") + argv.back();
    }
    auto task = runtime_.exec(memory.key.uid, std::move(container_id), std::move(argv), limit_ms);
    AWAIT(auto ended, loop::with_timeout(loop_, std::move(task), limit_ms + answer_ms_max));
    if (!ended) co_return Error(Code::timeout, "command '" + text + "' timed out");
    if (!*ended) co_return std::move(*ended).error().with_context("command '" + text + "'");
    if ((*ended)->timed_out)
        co_return Error(Code::timeout, "command '" + text + "': command timed out after " + std::to_string(limit_ms) + " ms");
    const int exit_code = (*ended)->exit_code;
    if (exit_code == 0) co_return ok();
    co_return Error(Code::unavailable, "command '" + text + "' exited with " + std::to_string(exit_code));
}

loop::Task<void> PodAgent::Impl::run_post_start(PodMemory& memory, std::string container, api::LifecycleHandler handler,
                                                int attempt) {
    constexpr int64_t post_start_ms_max = 600'000;
    AWAIT(auto done, run_handler(memory, container, attempt, std::move(handler), post_start_ms_max));
    ContainerMemory& own = memory.containers[container];
    own.post_start_done = true;
    if (!done && runs(memory, container, attempt)) {
        const std::string why = "PostStartHook failed: " + done.error().message();
        api_.record_event(memory.key, container, "Warning", "FailedPostStartHook", why);
        AWAIT(auto sent, runtime_.signal_container(memory.key.uid, runtime::attempt_id(container, attempt), SIGKILL));
        (void)sent;
    }
    wake(memory.key.uid);
}

}  // namespace orilla::node
