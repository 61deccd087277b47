// Services and their endpoints, from the store into the kernel's rules and the DNS zone. The plans are pure; the proxy
// follows the store and applies what one service's change changes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orilla/kinds/types.hpp"
#include "orilla/loop/work_queue.hpp"
#include "orilla/network/dns_zone.hpp"
#include "orilla/network/service_rules.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::proxy {

using Slices = std::vector<std::shared_ptr<const api::EndpointSlice>>;

/// The node that the rules are for.
struct NodePlace {
    std::string name;
    Ipv4 ip = {};
};
/// A policy Local leaves the endpoints of `node`. Without one of those packets are dropped, while there are others elsewhere.
std::vector<network::ServicePortSpec> plan_service_ports(const api::Service& service, const Slices& slices,
                                                         const NodePlace& node);
network::DnsService plan_dns_service(const api::Service& service, const Slices& slices);

/// Endpoints of `node` that are ready, whatever their ports.
size_t count_local_endpoints(const Slices& slices, const std::string& node);

class HealthChecks;

class ServiceProxy final : public loop::Reconciler {
  public:
    ServiceProxy(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, network::ServiceRules& rules,
                 network::DnsZone& zone, NodePlace node);
    ~ServiceProxy() override;
    /// Brings rules and zone to what the store says, in one transaction, then follows. `host_ports`: what running pods
    /// want beside the services.
    Result<void> start(network::ServiceRules::Services host_ports);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    Result<void> apply_rules(const std::string& key, const api::Service& service, const Slices& slices);
    loop::Outcome apply_health_check(const std::string& key, const api::Service& service, const Slices& slices);
    void service_changed(const objects::FeedEvent& event);
    void slice_changed(const objects::FeedEvent& event);
    void pod_changed(const objects::FeedEvent& event);
    void namespace_changed(const objects::FeedEvent& event);

    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::EventRecorder& events_;
    network::ServiceRules& rules_;
    network::DnsZone& zone_;
    const NodePlace node_;
    std::unique_ptr<HealthChecks> checks_;
    objects::Follower services_;
    objects::Follower slices_;
    objects::Follower pods_;
    objects::Follower namespaces_;
    loop::Worker worker_;
};

}  // namespace orilla::proxy
