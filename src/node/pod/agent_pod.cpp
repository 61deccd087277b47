#include "pod/agent_pod.hpp"

#include <fmt/core.h>

#include "orilla/base/log.hpp"

namespace orilla::node {
namespace {
constexpr int64_t setup_backoff_ms_min = 500;
constexpr int64_t setup_backoff_ms_max = 120'000;
}  // namespace

namespace {
template <class Match>
bool any_runs(const std::optional<runtime::PodState>& sandbox, const Match& match) {
    return sandbox && sandbox->alive && std::ranges::any_of(sandbox->containers, [&match](const auto& state) {
               return state.phase != runtime::ContainerPhase::exited && match(state);
           });
}
}  // namespace

bool AgentPod::runs(const std::string& container, int attempt) const {
    return any_runs(find_sandbox(), [&](const auto& state) { return state.name == container && state.attempt == attempt; });
}

bool AgentPod::runs(const std::string& container) const {
    return any_runs(find_sandbox(), [&](const auto& state) { return state.name == container; });
}

PodPlacement AgentPod::placement(const api::Pod* pod) const {
    const PodAgentOptions& options = agent.options;
    PodPlacement out;
    out.node_ip = options.node_ip;
    if (const auto link = agent.ports.links.find(key.uid)) out.pod_ip = link->ip.text();
    else if (pod && pod->spec.host_network) out.pod_ip = out.node_ip;
    out.node_name = options.node_name;
    out.cluster_domain = options.cluster_domain;
    out.pod_dir = dir();
    out.volumes_dir = options.volumes_dir;
    out.seccomp_dir = options.seccomp_dir;
    out.node = agent.api.find_node();
    out.node_memory_bytes = options.node_memory_bytes;
    out.hardened = options.hardened_workloads;
    return out;
}

std::string AgentPod::log_dir() const { return fmt::format("{}/{}_{}_{}", agent.options.logs_dir, key.ns, key.name, key.uid); }

void AgentPod::wake() {
    changed.notify_all();
    agent.look_after(key.uid, 0);
}

void AgentPod::tell(std::string_view container, std::string_view type, std::string_view reason,
                    std::string_view message) const {
    agent.api.record_event(key, container, type, reason, message);
}

void AgentPod::warn(const Error& error) const { log::warning(fmt::format("pod {}/{}: {}", key.ns, key.name, error.message())); }

std::string AgentContainer::log_path(int attempt) const { return fmt::format("{}/{}/{}.log", pod.log_dir(), name, attempt); }

void SetupFailure::record(const AgentPod& pod, std::string_view why, const std::string& what) {
    reason = why;
    message = what;
    const int shift = std::min(count++, 20);
    retry_at_ms = pod.now_ms() + std::min(setup_backoff_ms_min << shift, setup_backoff_ms_max);
    pod.tell("", "Warning", why, what);
}

}  // namespace orilla::node
