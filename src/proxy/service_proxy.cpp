#include "orilla/proxy/service_proxy.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <map>
#include <optional>

#include "orilla/base/text.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"
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

bool is_headless(const api::Service& service) { return service.spec.cluster_ip == "None"; }

/// An unset condition means ready.
bool is_usable(const api::Endpoint& endpoint, bool not_ready_too) {
    return not_ready_too || endpoint.conditions.ready.value_or(true);
}

/// Endpoints of one port of the service, each once; on `node` alone where that is named.
std::vector<network::Endpoint> endpoints_of(const api::ServicePort& port, const Slices& slices, std::string_view node) {
    std::vector<network::Endpoint> out;
    for (const auto& slice : slices) {
        if (slice->address_type != "IPv4") continue;
        for (const auto& offered : slice->ports) {
            const std::string_view name = offered.name.value_or("");
            if (name != port.name.view() || !offered.port) continue;
            for (const auto& endpoint : slice->endpoints) {
                if (!is_usable(endpoint, false) || endpoint.addresses.empty()) continue;
                if (!node.empty() && endpoint.node_name.value_or("") != node) continue;
                if (auto ip = ordinary_ip(endpoint.addresses[0].view()))
                    out.push_back({*ip, static_cast<uint16_t>(*offered.port)});
            }
        }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace

std::vector<network::ServicePortSpec> plan_service_ports(const api::Service& service, const Slices& slices,
                                                         const std::string& node) {
    std::vector<network::ServicePortSpec> out;
    if (is_left_alone(service)) return out;
    std::vector<Ipv4> ips = parse_ips(service.spec.cluster_ips);
    if (ips.empty() && !is_headless(service))
        if (auto ip = parse_ipv4(service.spec.cluster_ip.view())) ips.push_back(*ip);
    for (const auto& text : service.spec.external_ips)
        if (auto ip = ordinary_ip(text.view())) ips.push_back(*ip);
    if (ips.empty()) return out;
    const bool local = service.spec.internal_traffic_policy.value_or("Cluster") == "Local";
    for (const auto& port : service.spec.ports) {
        network::ServicePortSpec spec;
        spec.cluster_ips = ips;
        spec.port = static_cast<uint16_t>(port.port);
        spec.protocol = network::to_protocol(port.protocol.view());
        spec.node_port = static_cast<uint16_t>(port.node_port);
        spec.endpoints = endpoints_of(port, slices, "");
        if (service.spec.session_affinity == "ClientIP") {
            spec.affinity_timeout_s = 10800;
            const auto& config = service.spec.session_affinity_config;
            if (config && config->client_ip) spec.affinity_timeout_s = config->client_ip->timeout_seconds.value_or(10800);
        }
        if (local) {
            // The policy is about the cluster's own addresses; what comes by the node port is another one's to say.
            network::ServicePortSpec outside = spec;
            outside.cluster_ips.clear();
            if (spec.node_port) out.push_back(std::move(outside));
            spec.node_port = 0;
            spec.endpoints = endpoints_of(port, slices, node);
        }
        out.push_back(std::move(spec));
    }
    return out;
}

network::DnsService plan_dns_service(const api::Service& service, const Slices& slices) {
    network::DnsService out;
    out.external_name = service.spec.type == "ExternalName" ? service.spec.external_name.str() : "";
    if (!is_headless(service)) {
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

ServiceProxy::ServiceProxy(loop::Loop& loop, objects::Objects& objects, network::ServiceRules& rules, network::DnsZone& zone,
                           std::string node)
    : loop_(loop),
      objects_(objects),
      rules_(rules),
      zone_(zone),
      node_(std::move(node)),
      services_(objects, api::kind_of<api::Service>(), [this](const objects::FeedEvent& event) { service_changed(event); }),
      slices_(objects, api::kind_of<api::EndpointSlice>(), [this](const objects::FeedEvent& event) { slice_changed(event); }),
      pods_(objects, api::kind_of<api::Pod>(), [this](const objects::FeedEvent& event) { pod_changed(event); }),
      namespaces_(objects, api::kind_of<api::Namespace>(),
                  [this](const objects::FeedEvent& event) { namespace_changed(event); }),
      worker_(loop, *this, {.name = "service-proxy"}) {
    objects.feed<api::EndpointSlice>().keep(objects::label_terms);
}

Result<void> ServiceProxy::start(network::ServiceRules::Services host_ports) {
    network::ServiceRules::Services all = std::move(host_ports);
    std::map<std::string, Slices> slices;  // in one walk: the index is filled later
    for (const auto& slice : objects_.list<api::EndpointSlice>())
        if (const auto* owner = slice->metadata.labels.get(api::service_name_label))
            slices[fmt::format("{}/{}", slice->metadata.namespace_, owner->str())].push_back(slice);
    for (const auto& service : objects_.list<api::Service>()) {
        const std::string key = fmt::format("{}/{}", service->metadata.namespace_, service->metadata.name);
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

void ServiceProxy::service_changed(const objects::FeedEvent& event) {
    worker_.queue().add(fmt::format("{}/{}", event.entry->key.ns, event.entry->key.name));
}

void ServiceProxy::slice_changed(const objects::FeedEvent& event) {
    for (const auto& slice : event.states())
        if (const auto* owner = slice->meta().labels.get(api::service_name_label))
            worker_.queue().add(fmt::format("{}/{}", event.entry->key.ns, owner->str()));
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
        CO_CHECK_VOID(rules_.update(key, {}));
        co_return loop::Outcome{};
    }
    const Slices slices =
        objects_.feed<api::EndpointSlice>().find<api::EndpointSlice>(objects::labelled(ns, api::service_name_label, name));
    zone_.set_service(ns, name, plan_dns_service(*service, slices));
    CO_CHECK_VOID(rules_.update(key, plan_service_ports(*service, slices, node_)));
    co_return loop::Outcome{};
}

}  // namespace orilla::proxy
