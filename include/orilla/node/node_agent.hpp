// The box as a Node object: registered at start, and again at once when somebody deletes it; its conditions and capacity kept
// true, its Lease renewed. Heartbeats and leases live in memory only, so an idle box writes nothing. While it is short of
// something it keeps new pods off.
#pragma once

#include <functional>
#include <string>

#include "orilla/loop/loop.hpp"
#include "orilla/node/pressure.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::node {

struct NodeFacts {
    std::string name;
    std::string ip;
    std::string pod_cidr;
    int64_t cpu_milli = 0;
    int64_t memory_bytes = 0;
    int64_t storage_bytes = 0;
    int pods_max = 110;
    std::string machine_id;
    std::string boot_id;
    std::string kernel_version;
    std::string os_image;
    std::string architecture;  ///< amd64, arm64, arm
    std::string version;       ///< what kubectl shows: v1.33.0+orilla-0.1.0
};

/// The node's name where nobody has chosen one: that which it had. Pods are bound to it, and a host that is called otherwise
/// one day, or that a copy of the data directory is restored on, is no other node to them. `host_name` where there was none, or
/// more than one that may have been this.
std::string plan_node_name(const std::string& host_name, const std::vector<std::shared_ptr<const api::Node>>& nodes);
/// The same of the nodes that are stored; a name that is not the host's is told.
std::string keep_node_name(objects::Objects& objects, const std::string& host_name);

/// Reads /proc and /etc; how large the disk is shows with the first look at what is short.
NodeFacts observe_node(std::string name, std::string ip, std::string pod_cidr);
/// What the Node object should say; labels, taints and cordons that somebody set are kept, but for the taints of a pressure,
/// which come and go with it.
api::Node plan_node(const NodeFacts& facts, const Pressure& pressure, const api::Node* present, int64_t now_s);
/// The node's Lease, owned by the Node where that is registered: it goes with it.
api::Lease plan_lease(const NodeFacts& facts, const api::Node* node, const api::Lease* present, int64_t now_us);

class NodeAgent {
  public:
    /// Looks how short the node is, without blocking the loop. Empty: never short, as in a simulation.
    using LookFn = std::function<loop::Task<PressureFacts>()>;
    NodeAgent(loop::Loop& loop, objects::Objects& objects, NodeFacts facts, LookFn look = {});
    /// Registers, then renews for as long as it lives.
    loop::Task<Result<void>> start();
    const NodeFacts& facts() const { return facts_; }

  private:
    void wake();
    void something_gone(const objects::FeedEvent& event);
    loop::Task<void> keep_alive();
    loop::Task<void> watch_pressure();
    loop::Task<void> look();
    loop::Task<Result<void>> register_node();
    loop::Task<Result<void>> renew_lease();
    loop::Loop& loop_;
    objects::Objects& objects_;
    NodeFacts facts_;
    loop::Event wake_;
    loop::Timer renew_timer_;
    bool due_ = false;
    LookFn look_;
    Pressure pressure_;
    objects::Follower nodes_;
    objects::Follower namespaces_;
    loop::Scope scope_;
};

}  // namespace orilla::node
