#include "node_stack.hpp"

#include "orilla/base/log.hpp"
#include "orilla/node/host_ports.hpp"

namespace orilla::wiring {
namespace {
node::PodAgentOptions with_facts(node::PodAgentOptions options, const node::NodeFacts& facts) {
    options.node_name = facts.name;
    options.node_ip = facts.ip;
    options.node_cpu_milli = facts.cpu_milli;
    options.node_memory_bytes = facts.memory_bytes;
    return options;
}
}  // namespace

NodeStack::NodeStack(NodePorts ports, NodeOptions options)
    : ports_(ports),
      node_name_(options.facts.name),
      pod_options_(with_facts(std::move(options.pods), options.facts)),
      proxy_(ports.loop, ports.objects, ports.pods.rules, ports.zone, node_name_),
      node_agent_(ports.loop, ports.objects, options.facts, std::move(options.look)) {}
NodeStack::~NodeStack() = default;

network::ServiceRules::Services NodeStack::wanted_host_ports() {
    network::ServiceRules::Services out;
    for (const auto& pod : ports_.objects.list<api::Pod>()) {
        const std::string uid = pod->metadata.uid.str();
        const auto link = ports_.pods.links.find(uid);
        if (!link) continue;
        if (auto ports = node::plan_host_ports(*pod, link->ip); !ports.empty())
            out[node::host_ports_owner(uid)] = std::move(ports);
    }
    return out;
}

std::vector<std::string> NodeStack::own_pods() {
    std::vector<std::string> uids;
    for (const auto& pod : ports_.objects.list<api::Pod>())
        if (pod->spec.node_name == node_name_) uids.push_back(pod->metadata.uid.str());
    return uids;
}

Result<void> NodeStack::start_proxy() { return proxy_.start(wanted_host_ports()); }

/// What an earlier daemon left of pods that are gone. Runs beside everything else: a daemon that was killed under load
/// leaves a lot, and neither the API nor the pods that are to run wait for its end.
loop::Task<void> NodeStack::collect_garbage() {
    auto of_runtime = ports_.pods.runtime.collect_garbage(own_pods());
    if (auto collected = co_await std::move(of_runtime); !collected)
        log::warning("collect what is left of old pods: " + collected.error().message());
    // Those of now: others have come meanwhile.
    auto of_network = ports_.pods.links.keep_only(own_pods());
    if (auto collected = co_await std::move(of_network); !collected)
        log::warning("collect the networks of old pods: " + collected.error().message());
}

void NodeStack::follow_pods() {
    pods_ =
        std::make_unique<objects::Follower>(ports_.objects, api::kind_of<api::Pod>(), [this](const objects::FeedEvent& event) {
            const auto* pod = event.as<api::Pod>();
            if (!pod || pod->spec.node_name != node_name_) return;
            pod_agent_->pod_changed(event.entry->key.ns, event.entry->key.name, pod->metadata.uid.str());
        });
    auto source_changed = [this](const store::WatchEvent& event) {
        if (event.type == store::WatchEvent::Type::added && !is_started_) return;
        pod_agent_->source_changed(event.entry->key.ns, event.entry->key.name);
    };
    config_maps_ = std::make_unique<objects::Follower>(ports_.objects, api::kind_of<api::ConfigMap>(), source_changed);
    secrets_ = std::make_unique<objects::Follower>(ports_.objects, api::kind_of<api::Secret>(), source_changed);
    pods_->start();
    config_maps_->start();
    secrets_->start();
}

loop::Task<Result<void>> NodeStack::start() {
    auto registering = node_agent_.start();
    // It is tried again; what runs needs no Node object.
    if (auto registered = co_await std::move(registering); !registered) log::error(registered.error().message());
    pod_agent_ = std::make_unique<node::PodAgent>(ports_.loop, ports_.objects, ports_.events, ports_.pods, pod_options_);
    background_ = std::make_unique<loop::Scope>(ports_.loop);
    background_->spawn(collect_garbage());
    pod_agent_->start();
    follow_pods();
    is_started_ = true;
    co_return ok();
}

void NodeStack::stop() {
    pods_.reset();
    config_maps_.reset();
    secrets_.reset();
    background_.reset();
    pod_agent_.reset();
}

std::vector<std::string> NodeStack::images_in_use() const {
    return pod_agent_ ? pod_agent_->images_in_use() : std::vector<std::string>();
}

WorkerCounts NodeStack::counters() const {
    WorkerCounts counts;
    if (pod_agent_) counts.emplace_back("pod", pod_agent_->counters());
    counts.emplace_back("service-proxy", proxy_.counters());
    return counts;
}

}  // namespace orilla::wiring
