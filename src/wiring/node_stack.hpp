// A node over its ports: the agent that registers it, the agent of its pods, the service proxy. The daemon and the
// simulation build the same one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control_plane.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/network/dns.hpp"
#include "orilla/node/node_agent.hpp"
#include "orilla/node/pod_agent.hpp"
#include "orilla/node/pod_follower.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/proxy/gateway_routes.hpp"
#include "orilla/proxy/load_balancers.hpp"
#include "orilla/proxy/service_proxy.hpp"

namespace orilla::wiring {

/// All outlive it.
struct NodePorts {
    loop::Loop& loop;
    objects::Objects& objects;
    objects::EventRecorder& events;
    node::PodPorts pods;
    network::DnsZone& zone;
    network::LanAddresses& lan;
    gateway::RouteSink* routes = nullptr;  ///< the gateway; null: nothing is routed
};

struct NodeOptions {
    node::NodeFacts facts;
    node::NodeAgent::LookFn look;             ///< how short the node is; empty: never
    node::PodAgentOptions pods;               ///< what the facts say is filled in
    network::AddressPool balancer_pool = {};  ///< of load balancers; empty: the node's own address is for all
};

class NodeStack {
  public:
    NodeStack(NodePorts ports, NodeOptions options);
    ~NodeStack();
    /// Rules and zone are as the store says, hostPorts of running pods among them.
    loop::Task<Result<void>> start_proxy();
    /// Registers the node and takes up its pods.
    loop::Task<Result<void>> start();
    /// Before the store closes: a store that closes makes followers look once more.
    void stop();
    std::vector<std::string> images_in_use() const;
    WorkerCounts counters() const;
    /// The gateway has requests that wait for something to run.
    void want(const gateway::Wanted& wanted);

  private:
    const NodePorts ports_;
    const std::string node_name_;
    const node::PodAgentOptions pod_options_;
    proxy::ServiceProxy proxy_;
    proxy::LoadBalancers load_balancers_;
    std::unique_ptr<proxy::GatewayRoutes> gateway_routes_;
    node::NodeAgent node_agent_;
    std::unique_ptr<node::PodAgent> pod_agent_;
    std::unique_ptr<node::PodFollower> pod_follower_;
};

}  // namespace orilla::wiring
