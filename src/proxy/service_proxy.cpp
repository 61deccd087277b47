#include "orilla/proxy/service_proxy.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "health_checks.hpp"
#include "orilla/base/text.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/service_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/queue_key.hpp"
#include "orilla/objects/terms.hpp"

namespace orilla::proxy {
namespace {

std::vector<Ipv4> parse_ips(const api::List<api::Str>& texts) {
    std::vector<Ipv4> out;
    for (const auto& text : texts)
        if (auto ip = parse_ipv4(text.view())) out.push_back(*ip);
    return out;
}

/// What an older Orilla let in must not become a rule: it would lead into the node's own loopback, or to nobody.
std::optional<Ipv4> ordinary_ip(std::string_view text) {
    const auto ip = parse_ipv4(text);
    if (!ip || !ip->is_ordinary()) return std::nullopt;
    return *ip;
}

/// Another proxy serves it, or none shall.
bool is_left_alone(const api::Service& service) {
    const auto& labels = service.metadata.labels;
    return labels.contains(api::service_proxy_label) || labels.contains(api::headless_label);
}

/// An unset condition means ready.
bool is_usable(const api::Endpoint& endpoint, bool not_ready_too) {
    return not_ready_too || endpoint.conditions.ready.value_or(true);
}

/// Ends, but serves until it has.
bool is_last_resort(const api::Endpoint& endpoint) {
    const auto& conditions = endpoint.conditions;
    return conditions.terminating.value_or(false) && conditions.serving.value_or(conditions.ready.value_or(true));
}

/// Endpoints of one port of the service, each once; on `node` alone where that is named. While none of them is ready, those
/// that are ending and still serve.
std::vector<network::Endpoint> endpoints_of(const api::ServicePort& port, const Slices& slices, std::string_view node) {
    std::vector<network::Endpoint> out, ending;
    for (const auto& slice : slices) {
        if (slice->address_type != "IPv4") continue;
        for (const auto& offered : slice->ports) {
            const std::string_view name = offered.name.value_or("");
            if (name != port.name.view() || !offered.port) continue;
            for (const auto& endpoint : slice->endpoints) {
                const bool ready = is_usable(endpoint, false);
                if ((!ready && !is_last_resort(endpoint)) || endpoint.addresses.empty()) continue;
                if (!node.empty() && endpoint.node_name.value_or("") != node) continue;
                if (auto ip = ordinary_ip(endpoint.addresses[0].view()))
                    (ready ? out : ending).push_back({*ip, static_cast<uint16_t>(*offered.port)});
            }
        }
    }
    if (out.empty()) out = std::move(ending);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

/// Where a load balancer's packets arrive with its address as their destination.
std::vector<Ipv4> balanced_ips(const api::Service& service) {
    std::vector<Ipv4> out;
    if (service.spec.type != "LoadBalancer") return out;
    for (const auto& ingress : service.status.load_balancer.ingress)
        if (ingress.ip_mode.value_or("VIP") == "VIP")
            if (const auto ip = ordinary_ip(ingress.ip.view())) out.push_back(*ip);
    return out;
}

/// What all ports of a service have in common.
struct ServicePlan {
    std::vector<Ipv4> cluster_ips, external_ips, balanced_ips;
    bool inside_local = false, outside_local = false;
    std::vector<Cidr> sources;
    bool owns_ips = false;
    int affinity_timeout_s = 0;
};

ServicePlan plan_service(const api::Service& service, const NodePlace& node) {
    const api::ServiceSpec& spec = service.spec;
    ServicePlan plan;
    plan.cluster_ips = parse_ips(spec.cluster_ips);
    if (plan.cluster_ips.empty() && !is_headless(spec))
        if (auto ip = parse_ipv4(spec.cluster_ip.view())) plan.cluster_ips.push_back(*ip);
    for (const auto& text : spec.external_ips)
        if (auto ip = ordinary_ip(text.view())) plan.external_ips.push_back(*ip);
    plan.balanced_ips = balanced_ips(service);
    plan.inside_local = spec.internal_traffic_policy.value_or("Cluster") == "Local";
    plan.outside_local = spec.external_traffic_policy == "Local";
    plan.sources = source_ranges_of(spec);
    // The node's own address is not for one service alone.
    plan.owns_ips = wants_load_balancer(service) &&
                    std::find(plan.balanced_ips.begin(), plan.balanced_ips.end(), node.ip) == plan.balanced_ips.end();
    if (spec.session_affinity != "ClientIP") return plan;
    plan.affinity_timeout_s = 10800;
    const auto& config = spec.session_affinity_config;
    if (config && config->client_ip) plan.affinity_timeout_s = config->client_ip->timeout_seconds.value_or(10800);
    return plan;
}

/// To one that says the same of other addresses.
void add_spec(std::vector<network::ServicePortSpec>& specs, network::ServicePortSpec spec) {
    for (network::ServicePortSpec& same : specs) {
        if (same.endpoints != spec.endpoints || same.drops != spec.drops || same.sources != spec.sources ||
            same.inside_endpoints != spec.inside_endpoints || same.owns_ips != spec.owns_ips)
            continue;
        same.cluster_ips.insert(same.cluster_ips.end(), spec.cluster_ips.begin(), spec.cluster_ips.end());
        if (spec.node_port) same.node_port = spec.node_port;
        return;
    }
    specs.push_back(std::move(spec));
}

void plan_port(const ServicePlan& plan, const api::ServicePort& port, const Slices& slices, const std::string& node,
               std::vector<network::ServicePortSpec>& out) {
    network::ServicePortSpec base;
    base.port = static_cast<uint16_t>(port.port);
    base.protocol = network::to_protocol(port.protocol.view());
    base.endpoints = endpoints_of(port, slices, "");
    base.affinity_timeout_s = plan.affinity_timeout_s;
    network::ServicePortSpec inside = base, outside = base;
    if (plan.inside_local || plan.outside_local) {
        std::vector<network::Endpoint> local = endpoints_of(port, slices, node);
        const bool drops = local.empty() && !base.endpoints.empty();
        if (plan.inside_local) inside.endpoints = local, inside.drops = drops;
        if (plan.outside_local) {
            outside.endpoints = std::move(local);
            outside.drops = drops;
            outside.inside_endpoints = base.endpoints;
        }
    }
    inside.cluster_ips = plan.cluster_ips;
    network::ServicePortSpec balanced = outside;
    outside.cluster_ips = plan.external_ips;
    outside.node_port = static_cast<uint16_t>(port.node_port);
    balanced.cluster_ips = plan.balanced_ips;
    balanced.sources = plan.sources;
    balanced.owns_ips = plan.owns_ips;
    std::vector<network::ServicePortSpec> specs;
    for (network::ServicePortSpec* spec : {&inside, &outside, &balanced})
        if (!spec->cluster_ips.empty() || spec->node_port) add_spec(specs, std::move(*spec));
    std::move(specs.begin(), specs.end(), std::back_inserter(out));
}

}  // namespace

std::vector<network::ServicePortSpec> plan_service_ports(const api::Service& service, const Slices& slices,
                                                         const NodePlace& node) {
    std::vector<network::ServicePortSpec> out;
    if (is_left_alone(service) || service.spec.type == "ExternalName") return out;
    const ServicePlan plan = plan_service(service, node);
    for (const auto& port : service.spec.ports) plan_port(plan, port, slices, node.name, out);
    return out;
}

network::DnsService plan_dns_service(const api::Service& service, const Slices& slices) {
    network::DnsService out;
    if (service.spec.type == "ExternalName") {
        // Names are lower case here, without a dot at their end.
        out.external_name = lowered(service.spec.external_name.view());
        if (out.external_name.ends_with('.')) out.external_name.pop_back();
        return out;
    }
    if (!is_headless(service.spec)) {
        out.cluster_ips = parse_ips(service.spec.cluster_ips);
        if (out.cluster_ips.empty())
            if (auto ip = parse_ipv4(service.spec.cluster_ip.view())) out.cluster_ips.push_back(*ip);
        for (const auto& port : service.spec.ports)
            out.ports.push_back({port.name.str(), lowered(port.protocol.empty() ? "TCP" : port.protocol.view()),
                                 static_cast<uint16_t>(port.port)});
        return out;
    }
    for (const auto& slice : slices) {
        if (slice->address_type != "IPv4") continue;
        std::vector<network::DnsPort> ports;
        for (const auto& port : slice->ports)
            if (port.port)
                ports.push_back({std::string(port.name.value_or("")), lowered(port.protocol.value_or("TCP")),
                                 static_cast<uint16_t>(*port.port)});
        for (const auto& endpoint : slice->endpoints) {
            if (!is_usable(endpoint, service.spec.publish_not_ready_addresses) || endpoint.addresses.empty()) continue;
            if (auto ip = ordinary_ip(endpoint.addresses[0].view()))
                out.endpoints.push_back({*ip, std::string(endpoint.hostname.value_or("")), ports});
        }
    }
    return out;
}

size_t count_local_endpoints(const Slices& slices, const std::string& node) {
    std::set<std::string_view> addresses;
    for (const auto& slice : slices)
        for (const auto& endpoint : slice->endpoints)
            if (is_usable(endpoint, false) && !endpoint.addresses.empty() && endpoint.node_name.value_or("") == node)
                addresses.insert(endpoint.addresses[0].view());
    return addresses.size();
}

ServiceProxy::ServiceProxy(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events,
                           network::ServiceRules& rules, network::DnsZone& zone, NodePlace node)
    : loop_(loop),
      objects_(objects),
      events_(events),
      rules_(rules),
      zone_(zone),
      node_(std::move(node)),
      checks_(std::make_unique<HealthChecks>(loop)),
      services_(objects, api::kind_of<api::Service>(), [this](const objects::FeedEvent& event) { service_changed(event); }),
      slices_(objects, api::kind_of<api::EndpointSlice>(), [this](const objects::FeedEvent& event) { slice_changed(event); }),
      pods_(objects, api::kind_of<api::Pod>(), [this](const objects::FeedEvent& event) { pod_changed(event); }),
      namespaces_(objects, api::kind_of<api::Namespace>(),
                  [this](const objects::FeedEvent& event) { namespace_changed(event); }),
      worker_(loop, *this, {.name = "service-proxy"}) {
    objects.feed<api::EndpointSlice>().keep(objects::label_terms);
}

ServiceProxy::~ServiceProxy() = default;

Result<void> ServiceProxy::start(network::ServiceRules::Services host_ports) {
    network::ServiceRules::Services all = std::move(host_ports);
    std::map<std::string, Slices> slices;  // in one walk: the index is filled later
    for (const auto& slice : objects_.list<api::EndpointSlice>())
        if (const auto* owner = slice->metadata.labels.get(api::service_name_label))
            slices[objects::key_of(slice->metadata.namespace_, owner->view())].push_back(slice);
    for (const auto& service : objects_.list<api::Service>()) {
        const std::string key = objects::key_of(service->metadata);
        auto ports = plan_service_ports(*service, slices[key], node_);
        if (!ports.empty()) all[key] = std::move(ports);
    }
    TRY_VOID(rules_.follow(loop_));
    TRY_VOID(rules_.replace_all(std::move(all)));
    namespaces_.start();
    services_.start();
    slices_.start();
    pods_.start();
    return ok();
}

void ServiceProxy::service_changed(const objects::FeedEvent& event) { worker_.queue().add(objects::key_of(event.entry->key)); }

void ServiceProxy::slice_changed(const objects::FeedEvent& event) {
    for (const auto& slice : event.states())
        if (const auto* owner = slice->meta().labels.get(api::service_name_label))
            worker_.queue().add(objects::key_of(event.entry->key.ns, owner->view()));
}

void ServiceProxy::pod_changed(const objects::FeedEvent& event) {
    const auto* pod = event.as<api::Pod>();
    if (!pod) return;
    const auto ip = parse_ipv4(pod->status.pod_ip.view());
    if (event.is_deleted() || !ip || is_finished(*pod)) zone_.remove_pod(pod->metadata.uid.str());
    else zone_.set_pod(pod->metadata.uid.str(), pod->metadata.namespace_.str(), *ip);
}

void ServiceProxy::namespace_changed(const objects::FeedEvent& event) {
    if (event.is_deleted()) zone_.remove_namespace(event.entry->key.name);
    else zone_.set_namespace(event.entry->key.name);
}

loop::Task<Result<loop::Outcome>> ServiceProxy::reconcile(std::string key) {
    AWAIT_VOID(slices_.catch_up());
    const size_t slash = key.find('/');
    const std::string ns = key.substr(0, slash), name = key.substr(slash + 1);
    const auto service = objects_.get<api::Service>(ns, name);
    if (!service) {
        zone_.remove_service(ns, name);
        (void)checks_->set(key, 0, 0);
        CO_CHECK_VOID(rules_.update(key, {}));
        co_return loop::Outcome{};
    }
    const Slices slices =
        objects_.feed<api::EndpointSlice>().find<api::EndpointSlice>(objects::labelled(ns, api::service_name_label, name));
    zone_.set_service(ns, name, plan_dns_service(*service, slices));
    CO_CHECK_VOID(apply_rules(key, *service, slices));
    co_return apply_health_check(key, *service, slices);
}

Result<void> ServiceProxy::apply_rules(const std::string& key, const api::Service& service, const Slices& slices) {
    auto applied = rules_.update(key, plan_service_ports(service, slices, node_));
    checks_->set_healthy(applied.has_value());
    return applied;
}

/// Whoever has the port keeps it: that is told, and tried again.
loop::Outcome ServiceProxy::apply_health_check(const std::string& key, const api::Service& service, const Slices& slices) {
    constexpr int64_t retry_ms = 60'000;
    const bool wanted = api::needs_health_check(service.spec) && !is_left_alone(service);
    const auto port = static_cast<uint16_t>(wanted ? service.spec.health_check_node_port : 0);
    const auto listening = checks_->set(key, port, count_local_endpoints(slices, node_.name));
    if (listening) return {};
    events_.record(service, "kube-proxy", "Warning", "FailedToStartServiceHealthcheck",
                   fmt::format("node {} failed to start healthcheck \"{}\" on port {}: {}", node_.name, key, port,
                               listening.error().message()));
    return {retry_ms};
}

}  // namespace orilla::proxy
