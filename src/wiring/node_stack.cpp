#include "node_stack.hpp"

#include "orilla/base/log.hpp"
#include "orilla/node/host_ports.hpp"

namespace orilla::wiring {
namespace {
node::PodAgentOptions with_facts(node::PodAgentOptions options, const node::NodeFacts& facts) {
    options.node_name = facts.name;
    options.node_ip = facts.ip;
    options.node_memory_bytes = facts.memory_bytes;
    return options;
}
proxy::NodePlace place_of(const node::NodeFacts& facts) {
    proxy::NodePlace place{facts.name};
    if (const auto ip = parse_ipv4(facts.ip)) place.ip = *ip;
    return place;
}
}  // namespace

NodeStack::NodeStack(NodePorts ports, NodeOptions options)
    : ports_(ports),
      node_name_(options.facts.name),
      pod_options_(with_facts(std::move(options.pods), options.facts)),
      proxy_(ports.loop, ports.objects, ports.events, ports.pods.rules, ports.zone, place_of(options.facts)),
      load_balancers_(ports.loop, ports.objects, ports.events, ports.pods.rules, ports.lan, std::move(options.balancer_pool),
                      place_of(options.facts)),
      node_agent_(ports.loop, ports.objects, options.facts, std::move(options.look)) {
    if (ports.routes)
        gateway_routes_ = std::make_unique<proxy::GatewayRoutes>(ports.loop, ports.objects, ports.events, *ports.routes,
                                                                 place_of(options.facts));
}
NodeStack::~NodeStack() = default;

loop::Task<Result<void>> NodeStack::start_proxy() {
    AWAIT(auto host_ports, node::observe_host_ports(ports_.loop, ports_.objects, ports_.pods.links));
    CO_CHECK_VOID(proxy_.start(std::move(host_ports)));
    load_balancers_.start();
    if (gateway_routes_) gateway_routes_->start();
    co_return ok();
}

loop::Task<Result<void>> NodeStack::start() {
    AWAIT(const auto registered, node_agent_.start());
    // It is tried again; what runs needs no Node object.
    if (!registered) log::error(registered.error().message());
    pod_agent_ = std::make_unique<node::PodAgent>(ports_.loop, ports_.objects, ports_.events, ports_.pods, pod_options_);
    pod_agent_->start();
    pod_follower_ = std::make_unique<node::PodFollower>(ports_.loop, ports_.objects, ports_.pods, *pod_agent_, node_name_);
    pod_follower_->start();
    co_return ok();
}

void NodeStack::stop() {
    pod_follower_.reset();
    pod_agent_.reset();
}

std::vector<std::string> NodeStack::images_in_use() const {
    return pod_agent_ ? pod_agent_->images_in_use() : std::vector<std::string>();
}

void NodeStack::want(const gateway::Wanted& wanted) {
    if (gateway_routes_) gateway_routes_->want(wanted.backend);
}

WorkerCounts NodeStack::counters() const {
    WorkerCounts counts;
    if (pod_agent_) counts.emplace_back("pod", pod_agent_->counters());
    counts.emplace_back("service-proxy", proxy_.counters());
    counts.emplace_back("load-balancer", load_balancers_.counters());
    if (gateway_routes_) counts.emplace_back("gateway-routes", gateway_routes_->counters());
    return counts;
}

}  // namespace orilla::wiring
