// Services.
#include <fmt/core.h>
#include <algorithm>
#include <set>

#include "checks.hpp"
#include "orilla/kinds/service_facts.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

constexpr int32_t affinity_timeout_s_max = 86400;
constexpr int32_t session_affinity_timeout_s = 10800;

void default_session_affinity(ServiceSpec& spec) {
    if (spec.session_affinity != "ClientIP") {
        spec.session_affinity_config.reset();
        return;
    }
    ClientIPConfig& config = spec.session_affinity_config.ensure().client_ip.ensure();
    if (!config.timeout_seconds) config.timeout_seconds = session_affinity_timeout_s;
}

void complete_service(Service& service) {
    ServiceSpec& spec = service.spec;
    default_session_affinity(spec);
    for (ServicePort& port : spec.ports)
        if (is_zero_value(type_info<IntOrString>(), &port.target_port)) port.target_port = port.port;
    if (spec.external_traffic_policy.empty() && is_reached_from_outside(spec)) spec.external_traffic_policy = "Cluster";
    if (!spec.internal_traffic_policy && needs_cluster_ip(spec)) spec.internal_traffic_policy = "Cluster";
    if (spec.type != "LoadBalancer") return;
    if (!spec.allocate_load_balancer_node_ports) spec.allocate_load_balancer_node_ports = true;
    for (LoadBalancerIngress& ingress : service.status.load_balancer.ingress)
        if (!ingress.ip.empty() && !ingress.ip_mode) ingress.ip_mode = "VIP";
}

void check_node_port(int32_t port, const Path& path, FieldErrors& errors) {
    if (port < node_port_min || port > node_port_max)
        errors.invalid(path, port, "provided port is not in the valid range. The range of valid ports is 30000-32767");
}

void check_one_port(const ServicePort& port, const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    if (port.name.empty()) {
        if (spec.ports.size() > 1) errors.required(path / "name");
    } else {
        errors.complain(path / "name", port.name, check_dns1123_label(port.name));
    }
    errors.complain(path / "port", port.port, check_port_number(port.port));
    if (port.protocol.empty()) errors.required(path / "protocol");
    if (port.target_port.is_string)
        errors.complain(path / "targetPort", port.target_port.text, check_port_name(port.target_port.text));
    else errors.complain(path / "targetPort", port.target_port.number, check_port_number(port.target_port.number));
    if (port.app_protocol) errors.complain(path / "appProtocol", *port.app_protocol, check_qualified_name(*port.app_protocol));
    if (port.node_port == 0) return;
    if (spec.type == "ClusterIP") return errors.forbidden(path / "nodePort", "may not be used when `type` is 'ClusterIP'");
    check_node_port(port.node_port, path / "nodePort", errors);
}

void check_ingress(const LoadBalancerIngress& ingress, const Path& path, FieldErrors& errors) {
    const Path ip = path / "ip", mode = path / "ipMode", hostname = path / "hostname";
    if (!ingress.ip.empty() && !is_ipv4(ingress.ip)) errors.invalid(ip, ingress.ip, "must be a valid IP address");
    if (ingress.ip.empty() && ingress.ip_mode) errors.forbidden(mode, "may not be specified when `ip` is not set");
    if (ingress.hostname.empty()) return;
    if (is_ipv4(ingress.hostname)) errors.invalid(hostname, ingress.hostname, "must be a DNS name, not an IP address");
    else errors.complain(hostname, ingress.hostname, check_dns1123_subdomain(ingress.hostname));
}

void check_load_balancer_status(const LoadBalancerStatus& status, FieldErrors& errors) {
    const Path root("status");
    const Path balancer = root / "loadBalancer";
    const Path list = balancer / "ingress";
    for (size_t i = 0; i < status.ingress.size(); ++i) check_ingress(status.ingress[i], list[i], errors);
}

void check_service_ports(const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    if (spec.ports.empty() && !is_headless(spec) && spec.type != "ExternalName") errors.required(path);
    std::set<std::string_view> names;
    std::set<std::pair<std::string_view, int32_t>> ports, node_ports;
    for (size_t i = 0; i < spec.ports.size(); ++i) {
        const ServicePort& port = spec.ports[i];
        const Path at = path[i];
        check_one_port(port, spec, at, errors);
        if (!port.name.empty() && !names.insert(port.name).second) errors.duplicate(at / "name", port.name);
        if (!ports.insert({port.protocol, port.port}).second)
            errors.duplicate(at, fmt::format("{}/{}", port.port, port.protocol));
        if (port.node_port != 0 && !node_ports.insert({port.protocol, port.node_port}).second)
            errors.duplicate(at / "nodePort", std::to_string(port.node_port));
    }
}

void check_cluster_ips(const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    std::string_view ip = spec.cluster_ip;
    const Path ips = path / "clusterIPs";
    if (!ip.empty() && ip != "None" && !is_ipv4(ip))
        errors.invalid(ips[0], ip, "must be empty, 'None', or a valid IP address of the node's (IPv4) service network");
    if (spec.cluster_ips.size() > 1) errors.too_many(ips, spec.cluster_ips.size(), 1);
    if (!spec.cluster_ips.empty() && spec.cluster_ips[0] != ip)
        errors.invalid(ips, spec.cluster_ips[0], "element [0] must match clusterIP");
    if (is_headless(spec) && spec.type != "ClusterIP")
        errors.invalid(ips[0], ip, fmt::format("may not be set to 'None' for {} services", spec.type));
    const Path families = path / "ipFamilies";
    for (size_t i = 0; i < spec.ip_families.size(); ++i)
        if (spec.ip_families[i] == "IPv6") errors.invalid(families[i], "IPv6", "not configured on this cluster");
}

void check_external_ips(const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < spec.external_ips.size(); ++i) {
        std::string_view ip = spec.external_ips[i];
        if (!is_ipv4(ip)) errors.invalid(path[i], ip, "must be a valid IPv4 address");
        else if (const std::string_view range = special_address(ip); !range.empty()) errors.invalid(path[i], ip, range);
    }
}

void check_affinity(const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    const Path at = path / "sessionAffinityConfig";
    if (spec.session_affinity != "ClientIP") {
        if (spec.session_affinity_config) errors.forbidden(at, "must not be set when session affinity is None");
        return;
    }
    if (!spec.session_affinity_config || !spec.session_affinity_config->client_ip ||
        !spec.session_affinity_config->client_ip->timeout_seconds)
        return errors.required(at, "when session affinity type is ClientIP");
    int32_t timeout = *spec.session_affinity_config->client_ip->timeout_seconds;
    const Path client = at / "clientIP";
    if (timeout <= 0 || timeout > affinity_timeout_s_max)
        errors.invalid(client / "timeoutSeconds", timeout, "must be greater than 0 and less than 86400");
}

/// Such a Service is a name alone: others answer for it, at addresses of their own.
void check_external_name(const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    constexpr std::string_view why = "may not be set for ExternalName services";
    if (!spec.cluster_ips.empty() || !spec.cluster_ip.empty()) errors.forbidden(path / "clusterIPs", why);
    if (!spec.ip_families.empty()) errors.forbidden(path / "ipFamilies", why);
    if (spec.ip_family_policy) errors.forbidden(path / "ipFamilyPolicy", why);
    std::string_view name = spec.external_name;
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty()) return errors.required(path / "externalName");
    errors.complain(path / "externalName", name, check_dns1123_subdomain(name));
}

void check_traffic_policies(const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    if (!spec.external_traffic_policy.empty() && !is_reached_from_outside(spec))
        errors.invalid(path / "externalTrafficPolicy", spec.external_traffic_policy,
                       "may only be set for externally-accessible services");
    if (spec.health_check_node_port == 0) return;
    const Path at = path / "healthCheckNodePort";
    if (!needs_health_check(spec))
        return errors.invalid(at, spec.health_check_node_port,
                              "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
    check_node_port(spec.health_check_node_port, at, errors);
    for (const ServicePort& port : spec.ports)
        if (port.protocol == "TCP" && port.node_port == spec.health_check_node_port)
            errors.duplicate(at, std::to_string(spec.health_check_node_port));
}

void check_load_balancer(const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    const bool is_one = spec.type == "LoadBalancer";
    constexpr std::string_view only = "may only be used when `type` is 'LoadBalancer'";
    const Path ranges = path / "loadBalancerSourceRanges";
    if (!is_one && !spec.load_balancer_source_ranges.empty()) errors.forbidden(ranges, only);
    if (spec.load_balancer_source_ranges.size() > source_ranges_max)
        errors.too_many(ranges, spec.load_balancer_source_ranges.size(), source_ranges_max);
    for (size_t i = 0; i < spec.load_balancer_source_ranges.size(); ++i) {
        const std::string_view range = spec.load_balancer_source_ranges[i];
        if (!parse_source_range(range))
            errors.invalid(ranges[i], range, "must be a valid CIDR value of IPv4, (e.g. 10.9.8.0/24)");
    }
    if (is_one && !spec.allocate_load_balancer_node_ports) errors.required(path / "allocateLoadBalancerNodePorts");
    if (!is_one && spec.allocate_load_balancer_node_ports) errors.forbidden(path / "allocateLoadBalancerNodePorts", only);
    if (!spec.load_balancer_class) return;
    const Path at = path / "loadBalancerClass";
    if (!is_one) return errors.forbidden(at, only);
    errors.complain(at, *spec.load_balancer_class, check_qualified_name(*spec.load_balancer_class));
}

/// With one node every one of them is kept to: the endpoints that are closest are those that there are.
void check_distribution(const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    static constexpr std::string_view supported[] = {"PreferClose", "PreferSameNode", "PreferSameZone"};
    if (!spec.traffic_distribution) return;
    const std::string_view value = *spec.traffic_distribution;
    if (std::find(std::begin(supported), std::end(supported), value) == std::end(supported))
        errors.not_supported(path, value, supported);
}

/// Who sends to the node agent's port would reach a Service instead.
void check_outside_ports(const ServiceSpec& spec, const Path& path, FieldErrors& errors) {
    constexpr int32_t node_agent_port = 10250;
    if (spec.type != "LoadBalancer") return;
    for (size_t i = 0; i < spec.ports.size(); ++i) {
        if (spec.ports[i].port != node_agent_port) continue;
        const Path at = path[i];
        errors.invalid(at / "port", node_agent_port, "may not expose port 10250 externally since it is used by kubelet");
    }
}

void check_service(const Service& service, FieldErrors& errors) {
    const ServiceSpec& spec = service.spec;
    const Path path("spec");
    if (spec.type.empty()) errors.required(path / "type");
    check_service_ports(spec, path / "ports", errors);
    check_outside_ports(spec, path / "ports", errors);
    check_labels(spec.selector, path / "selector", errors);
    if (spec.type == "ExternalName") check_external_name(spec, path, errors);
    else check_cluster_ips(spec, path, errors);
    check_external_ips(spec, path / "externalIPs", errors);
    check_affinity(spec, path, errors);
    check_distribution(spec, path / "trafficDistribution", errors);
    check_load_balancer(spec, path, errors);
    check_traffic_policies(spec, path, errors);
    check_load_balancer_status(service.status.load_balancer, errors);
}

void check_service_update(const Service& updated, const Service& old, FieldErrors& errors) {
    const Path path("spec");
    const ServiceSpec &now = updated.spec, &before = old.spec;
    const bool had_ip = before.type != "ExternalName" && now.type != "ExternalName" && !before.cluster_ip.empty();
    const Path ips = path / "clusterIPs";
    if (had_ip && now.cluster_ip != before.cluster_ip)
        errors.invalid_json(ips[0], fmt::format("[{}]", quote(now.cluster_ip)), "may not change once set");
    if (needs_health_check(now) && needs_health_check(before) && before.health_check_node_port != 0 &&
        now.health_check_node_port != before.health_check_node_port)
        errors.invalid(path / "healthCheckNodePort", now.health_check_node_port, "field is immutable");
    if (now.type == "LoadBalancer" && before.type == "LoadBalancer" && now.load_balancer_class != before.load_balancer_class)
        errors.invalid(path / "loadBalancerClass", std::string_view(now.load_balancer_class.value_or("")),
                       "field is immutable");
}

/// Nothing balances for it any more.
void leave_load_balancer(Object& updated, const Object&) {
    Service& service = updated.as<Service>();
    if (service.spec.type != "LoadBalancer") service.status.load_balancer.ingress.clear();
}

/// Who has which address is written down nowhere else.
bool assigns_address(const Object& updated, const Object& old) {
    return !(updated.as<Service>().status.load_balancer == old.as<Service>().status.load_balancer);
}

std::string joined(const List<Str>& texts) {
    std::vector<std::string> items;
    for (const Str& text : texts) items.push_back(text.str());
    return items.empty() ? std::string(nothing_text) : join_text(items);
}

std::string external_ip_text(const Service& service) {
    if (service.spec.type == "ExternalName") return service.spec.external_name.str();
    if (service.spec.type != "LoadBalancer") return joined(service.spec.external_ips);
    std::vector<std::string> items;
    for (const LoadBalancerIngress& ingress : service.status.load_balancer.ingress)
        items.push_back(ingress.ip.empty() ? ingress.hostname.str() : ingress.ip.str());
    for (const Str& ip : service.spec.external_ips) items.push_back(ip.str());
    return items.empty() ? "<pending>" : join_text(items);
}

std::string ports_text(const List<ServicePort>& ports) {
    std::vector<std::string> items;
    for (const ServicePort& port : ports) {
        std::string text = std::to_string(port.port);
        if (port.node_port > 0) text += ":" + std::to_string(port.node_port);
        items.push_back(fmt::format("{}/{}", text, port.protocol));
    }
    return items.empty() ? std::string(nothing_text) : join_text(items);
}

Row render_service(const Service& service, int64_t now) {
    const ServiceSpec& spec = service.spec;
    std::string_view ip = spec.cluster_ips.empty() ? spec.cluster_ip.view() : spec.cluster_ips[0].view();
    return {service.metadata.name.view(), spec.type.view(),       or_none(ip),
            external_ip_text(service),    ports_text(spec.ports), render_age(service.metadata.creation_timestamp, now),
            labels_text(spec.selector)};
}

}  // namespace

const KindRules service_rules = {
    .complete = completed<Service, complete_service>,
    .check = checked<Service, check_service>,
    .check_update = checked_update<Service, check_service_update>,
    .prepare_update = leave_load_balancer,
    .status_is_record = assigns_address,
    .row = rendered<Service, render_service>,
};

}  // namespace orilla::api
