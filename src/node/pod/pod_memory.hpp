// What the agent has of a pod between two looks: the parts that act, and what they remember. Nothing in here has to survive
// the daemon; all else is observed.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "pod/agent_pod.hpp"
#include "pod/container_back_off.hpp"
#include "pod/container_image.hpp"
#include "pod/container_probes.hpp"
#include "pod/container_start.hpp"
#include "pod/container_stop.hpp"
#include "pod/last_words.hpp"
#include "pod/pod_resize.hpp"
#include "pod/pod_sandbox.hpp"
#include "pod/pod_storage.hpp"
#include "pod/pod_volumes.hpp"

namespace orilla::node {

struct ContainerMemory {
    ContainerMemory(AgentPod& pod, std::string name) : me{pod, std::move(name)} {}
    /// Ends what is under way.
    void abandon() {
        image.abandon();
        start.abandon();
        stop.abandon();
        probes.end();
    }

    AgentContainer me;
    ContainerBackOff back_off;
    ContainerImage image{me, back_off};
    ContainerStart start{me, back_off, image};
    ContainerStop stop{me};
    ContainerProbes probes{me};
    LastWords last_words;
};

struct PodMemory {
    PodMemory(const AgentContext& agent, PodKey key) : me(agent, std::move(key)), seen_ms(me.now_ms()) {}
    ContainerMemory& container(const std::string& name) { return containers.try_emplace(name, me, name).first->second; }
    /// Ends what is under way.
    void abandon() {
        volumes.abandon();
        storage.reset();
        for (auto& [name, one] : containers) one.abandon();
    }

    AgentPod me;
    int64_t seen_ms;             ///< when this daemon came to know it
    bool deadline_told = false;  ///< the event DeadlineExceeded
    SetupFailure setup;
    PodVolumes volumes{me, setup};
    PodSandbox sandbox{me, setup};
    PodResize resize{me};
    std::unique_ptr<PodStorage> storage;  ///< while it runs, where it has limits on that
    std::map<std::string, ContainerMemory> containers;
};

}  // namespace orilla::node
