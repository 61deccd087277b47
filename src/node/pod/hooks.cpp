#include "pod/hooks.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/loop/timeout.hpp"
#include "pod/pod_plan.hpp"
#include "probes/probes.hpp"

namespace orilla::node {
namespace {

loop::Task<Result<void>> run_command(const AgentContainer& me, int attempt, api::ExecAction action, int64_t limit_ms) {
    constexpr int64_t answer_ms_max = 1'000;  // the runtime ends the command by itself
    std::vector<std::string> argv;
    std::string text;
    for (const auto& word : action.command) {
        argv.emplace_back(word.view());
        text += (text.empty() ? "" : " ") + argv.back();
    }
    const AgentContext& agent = me.pod.agent;
    auto task = agent.ports.runtime.exec(me.pod.key.uid, runtime::attempt_id(me.name, attempt), std::move(argv), limit_ms);
    AWAIT(auto ended, loop::with_timeout(agent.loop, std::move(task), limit_ms + answer_ms_max));
    if (!ended) co_return Error(Code::timeout, fmt::format("command '{}' timed out", text));
    if (!*ended) co_return std::move(*ended).error().with_context(fmt::format("command '{}'", text));
    if ((*ended)->timed_out)
        co_return Error(Code::timeout, fmt::format("command '{}': command timed out after {} ms", text, limit_ms));
    const int exit_code = (*ended)->exit_code;
    if (exit_code == 0) co_return ok();
    co_return Error(Code::unavailable, fmt::format("command '{}' exited with {}", text, exit_code));
}

/// A probe that is asked once.
loop::Task<Result<void>> send_request(const AgentContainer& me, int attempt, api::LifecycleHandler handler, int64_t limit_ms) {
    api::Probe probe;
    probe.http_get = handler.http_get;
    probe.tcp_socket = handler.tcp_socket;
    probe.timeout_seconds = static_cast<int32_t>(std::max<int64_t>(limit_ms / 1000, 1));
    api::List<api::ContainerPort> ports;
    const auto pod = me.pod.find();
    if (const auto* spec = pod ? find_container(*pod, me.name) : nullptr) ports = spec->ports;
    const ProbeTarget target{me.pod.key.uid, runtime::attempt_id(me.name, attempt), me.pod.placement(pod.get()).pod_ip};
    const AgentContext& agent = me.pod.agent;
    AWAIT(auto asked, probe_once(agent.loop, agent.ports.runtime, std::move(probe), std::move(ports), target));
    if (!asked) co_return std::move(asked).error();
    if (!asked->warning.empty()) me.tell("Warning", "ProbeWarning", "Lifecycle hook warning: " + asked->warning);
    co_return ok();
}

}  // namespace

int64_t sleep_ms(const api::SleepAction& sleep) { return std::clamp<int64_t>(sleep.seconds, 0, stop_grace_s_max) * 1000; }

loop::Task<Result<void>> run_handler(const AgentContainer& me, int attempt, api::LifecycleHandler handler, int64_t limit_ms) {
    if (handler.sleep) {
        co_await me.pod.agent.loop.sleep_for(std::min(sleep_ms(*handler.sleep), limit_ms));
        co_return ok();
    }
    if (handler.exec) {
        CO_RETURN_AWAIT(run_command(me, attempt, *handler.exec, limit_ms));
    }
    CO_RETURN_AWAIT(send_request(me, attempt, std::move(handler), limit_ms));
}

}  // namespace orilla::node
