// A pod, and a container of it, as all the parts of the agent know them: who it is, how to look at it and how to tell of it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "orilla/loop/loop.hpp"
#include "orilla/node/pod_agent.hpp"
#include "pod/pod_api.hpp"

namespace orilla::node {

/// What all pods of an agent share.
struct AgentContext {
    loop::Loop& loop;
    PodApi& api;
    PodPorts ports;
    PodAgentOptions options;
    /// Looks at a pod again, after so long.
    std::function<void(const std::string& uid, int64_t delay_ms)> look_after;

    std::string pod_dir(const std::string& uid) const { return options.pods_dir + "/" + uid; }
};

struct AgentPod {
    AgentPod(const AgentContext& context, PodKey pod_key) : agent(context), key(std::move(pod_key)), changed(context.loop) {}

    /// As its object is now; null when that is gone.
    std::shared_ptr<const api::Pod> find() const { return agent.api.find_pod(key); }
    std::optional<runtime::PodState> find_sandbox() const { return agent.ports.runtime.find_pod(key.uid); }
    bool runs(const std::string& container, int attempt) const;
    /// Any attempt of it.
    bool runs(const std::string& container) const;
    /// `pod` may be null: without what only its spec tells.
    PodPlacement placement(const api::Pod* pod) const;
    std::string dir() const { return agent.pod_dir(key.uid); }
    std::string log_dir() const;
    int64_t now_ms() const { return agent.loop.now_ms(); }

    /// Wakes whoever waits for a change, and has the pod looked at.
    void wake();
    void tell(std::string_view container, std::string_view type, std::string_view reason, std::string_view message) const;
    void warn(const Error& error) const;

    const AgentContext& agent;
    const PodKey key;
    loop::Event changed;
};

struct AgentContainer {
    void tell(std::string_view type, std::string_view reason, std::string_view message) const {
        pod.tell(name, type, reason, message);
    }
    std::string log_path(int attempt) const;

    AgentPod& pod;
    const std::string name;
};

/// Why the pod could not be set up, and when that is tried again: of its volumes, its network and its sandbox.
struct SetupFailure {
    void record(const AgentPod& pod, std::string_view why, const std::string& what);
    void clear() { *this = {}; }

    std::string reason;
    std::string message;
    int count = 0;
    int64_t retry_at_ms = 0;
};

}  // namespace orilla::node
