#include "pod/container_stop.hpp"

#include <signal.h>

#include <algorithm>

#include "orilla/loop/timeout.hpp"
#include "pod/hooks.hpp"

namespace orilla::node {
namespace {
/// A container whose grace period was used up by its preStop hook, or by those that end before it, still gets this long for
/// the stop signal.
constexpr int64_t after_signal_ms_min = 2'000;
/// How often a preStop command of an earlier daemon, whose end nobody tells, is looked for.
constexpr int64_t pre_stop_look_ms = 200;
/// A killed container that is still there after this is asked again.
constexpr int64_t kill_repeat_ms = 2'000;
constexpr int kill_repeats_max = 30;

int64_t current_grace_s(const AgentPod& me, int64_t grace_s) {
    const auto pod = me.find();
    if (!pod) return 0;
    if (!pod->metadata.deletion_timestamp.set) return grace_s;
    return std::min(grace_s, pod->metadata.deletion_grace_period_seconds.value_or(grace_s));
}
}  // namespace

void ContainerStop::begin(const api::Pod* pod, const StopContainer& action) {
    under_way_ = true;
    Stop stop;
    stop.grace_s = action.grace_s;
    stop.after = action.after;
    const api::Container* spec = pod ? find_container(*pod, me_.name) : nullptr;
    if (spec && spec->lifecycle) stop.pre_stop = spec->lifecycle->pre_stop;
    if (const auto sandbox = me_.pod.find_sandbox())
        for (const auto& state : sandbox->containers)
            if (state.name == me_.name)
                stop.attempt = state.attempt, stop.signal = state.stop_signal, stop.progress = state.stop;
    if (stop.progress.begun_ms < 0) {
        me_.tell("Normal", "Killing", action.why);
        stop.progress.begun_ms = me_.pod.now_ms();
        stop.progress.grace_s = stop.grace_s;
        note(stop);
    } else if (stop.progress.grace_s >= 0) {
        stop.grace_s = std::min(stop.grace_s, stop.progress.grace_s);
    }
    tasks_.spawn(run(std::move(stop)));
}

void ContainerStop::abandon() {
    tasks_.cancel();
    under_way_ = false;
}

void ContainerStop::note(const Stop& stop) {
    const std::string id = runtime::attempt_id(me_.name, stop.attempt);
    auto noted = me_.pod.agent.ports.runtime.note_stop(me_.pod.key.uid, id, stop.progress);
    // Without the note a later daemon only starts the grace period over.
    if (!noted) me_.pod.warn(noted.error());
}

/// The time at which it is over for what is known now.
int64_t ContainerStop::grace_end_ms(const Stop& stop) const {
    return stop.progress.begun_ms + current_grace_s(me_.pod, stop.grace_s) * 1000;
}

loop::Task<void> ContainerStop::run(Stop stop) {
    runtime::StopProgress& progress = stop.progress;
    if (stop.pre_stop && stop.grace_s > 0 && progress.hook_ended_ms < 0 && progress.signalled_ms < 0) {
        if (progress.hook_begun_ms >= 0) {
            AWAIT_VOID(wait_pre_stop(stop));
        } else {
            progress.hook_begun_ms = me_.pod.now_ms();
            note(stop);
            AWAIT_VOID(run_pre_stop(stop));
        }
        progress.hook_ended_ms = me_.pod.now_ms();
        note(stop);
    }
    if (stop.grace_s > 0 && progress.signalled_ms < 0) AWAIT_VOID(wait_turn(stop));
    if (stop.grace_s > 0 && progress.signalled_ms < 0 && runs(stop)) {
        AWAIT_VOID(send(stop.attempt, stop.signal));
        progress.signalled_ms = me_.pod.now_ms();
        note(stop);
    }
    AWAIT_VOID(wait_stopped(stop));
    me_.pod.wake();
}

/// Whether it arrived shows in whether the container ends.
loop::Task<void> ContainerStop::send(int attempt, int signal) {
    AWAIT(auto sent,
          me_.pod.agent.ports.runtime.signal_container(me_.pod.key.uid, runtime::attempt_id(me_.name, attempt), signal));
    (void)sent;
}

loop::Task<void> ContainerStop::run_hook(Stop stop, bool* ended) {
    AWAIT(auto done, run_handler(me_, stop.attempt, *stop.pre_stop, stop.grace_s * 1000));
    if (!done) me_.tell("Warning", "FailedPreStopHook", "PreStopHook failed: " + done.error().message());
    *ended = true;
    me_.pod.changed.notify_all();
}

/// Until the hook has ended, or the grace period, which a second deletion may shorten meanwhile.
loop::Task<void> ContainerStop::run_pre_stop(Stop stop) {
    bool ended = false;
    loop::Scope running(me_.pod.agent.loop);
    running.spawn(run_hook(stop, &ended));
    while (!ended) {
        const int64_t left_ms = grace_end_ms(stop) - me_.pod.now_ms();
        if (left_ms <= 0) co_return me_.tell("Warning", "FailedPreStopHook", "PreStopHook failed: the grace period is over");
        AWAIT_VOID(loop::wait_for(me_.pod.agent.loop, me_.pod.changed, left_ms));
    }
}

/// The rest of a hook that an earlier daemon began: it is never run twice. What is gone with that daemon is its answer.
loop::Task<void> ContainerStop::wait_pre_stop(Stop stop) {
    const api::LifecycleHandler& hook = *stop.pre_stop;
    if (!hook.sleep && !hook.exec) co_return;  // a request was sent
    const AgentContext& agent = me_.pod.agent;
    const std::string id = runtime::attempt_id(me_.name, stop.attempt);
    for (;;) {
        int64_t end_ms = grace_end_ms(stop);
        if (hook.sleep) end_ms = std::min(end_ms, stop.progress.hook_begun_ms + sleep_ms(*hook.sleep));
        const int64_t left_ms = end_ms - me_.pod.now_ms();
        if (left_ms <= 0 || (hook.exec && !agent.ports.runtime.has_exec(me_.pod.key.uid, id))) co_return;
        AWAIT_VOID(loop::wait_for(agent.loop, me_.pod.changed, hook.exec ? std::min(left_ms, pre_stop_look_ms) : left_ms));
    }
}

loop::Task<void> ContainerStop::wait_turn(Stop stop) {
    const auto lives = [this](const std::string& name) { return me_.pod.runs(name); };
    while (runs(stop) && std::ranges::any_of(stop.after, lives)) {
        const int64_t left_ms = grace_end_ms(stop) - me_.pod.now_ms();
        if (left_ms <= 0) co_return;
        AWAIT_VOID(loop::wait_for(me_.pod.agent.loop, me_.pod.changed, left_ms));
    }
}

loop::Task<void> ContainerStop::wait_stopped(Stop stop) {
    for (;;) {
        if (!runs(stop)) co_return;
        int64_t end_ms = grace_end_ms(stop);
        if (end_ms > stop.progress.begun_ms && stop.progress.hook_ended_ms >= 0)
            end_ms = std::max(end_ms, stop.progress.hook_ended_ms + after_signal_ms_min);
        if (end_ms > stop.progress.begun_ms && !stop.after.empty())
            end_ms = std::max(end_ms, stop.progress.signalled_ms + after_signal_ms_min);
        const int64_t left_ms = end_ms - me_.pod.now_ms();
        if (left_ms <= 0) break;
        AWAIT_VOID(loop::wait_for(me_.pod.agent.loop, me_.pod.changed, left_ms));
    }
    for (int i = 0; i < kill_repeats_max && runs(stop); ++i) {
        AWAIT_VOID(send(stop.attempt, SIGKILL));
        if (!runs(stop)) co_return;
        AWAIT_VOID(loop::wait_for(me_.pod.agent.loop, me_.pod.changed, kill_repeat_ms));
    }
}

}  // namespace orilla::node
