// Tells the pod agent what changes: this node's pods, and the ConfigMaps and Secrets that they may show. Beside that it takes
// away what an earlier daemon left of pods that are gone.
#pragma once

#include <string>
#include <vector>

#include "orilla/loop/loop.hpp"
#include "orilla/node/pod_agent.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::node {

class PodFollower {
  public:
    /// All outlive it.
    PodFollower(loop::Loop& loop, objects::Objects& objects, PodPorts ports, PodAgent& agent, std::string node_name);
    /// After the agent has taken up its pods.
    void start();

  private:
    void pod_changed(const objects::FeedEvent& event);
    void source_changed(const objects::FeedEvent& event);
    loop::Task<std::vector<std::string>> own_pods();
    loop::Task<void> collect_garbage();

    loop::Loop& loop_;
    objects::Objects& objects_;
    const PodPorts ports_;
    PodAgent& agent_;
    const std::string node_name_;
    bool is_started_ = false;
    objects::Follower pods_;
    objects::Follower config_maps_;
    objects::Follower secrets_;
    loop::Scope scope_;  ///< last: what runs in it uses all of the above
};

}  // namespace orilla::node
