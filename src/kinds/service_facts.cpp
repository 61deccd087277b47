#include "orilla/kinds/service_facts.hpp"

#include <charconv>

namespace orilla::api {

bool is_headless(const ServiceSpec& spec) { return spec.cluster_ip == "None"; }
bool needs_cluster_ip(const ServiceSpec& spec) {
    return spec.type == "ClusterIP" || spec.type == "NodePort" || spec.type == "LoadBalancer";
}
bool may_have_node_ports(const ServiceSpec& spec) { return spec.type == "NodePort" || spec.type == "LoadBalancer"; }
bool gets_node_ports(const ServiceSpec& spec) {
    return spec.type == "NodePort" || (spec.type == "LoadBalancer" && spec.allocate_load_balancer_node_ports.value_or(true));
}
bool is_reached_from_outside(const ServiceSpec& spec) {
    return may_have_node_ports(spec) || (spec.type == "ClusterIP" && !spec.external_ips.empty());
}
bool needs_health_check(const ServiceSpec& spec) {
    return spec.type == "LoadBalancer" && spec.external_traffic_policy == "Local";
}
bool wants_load_balancer(const Service& service) {
    if (service.spec.type != "LoadBalancer" || service.metadata.deletion_timestamp) return false;
    return service.spec.load_balancer_class.value_or(load_balancer_class) == load_balancer_class;
}

std::optional<Cidr> parse_source_range(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto ip = parse_ipv4(text.substr(0, slash));
    const std::string_view digits = text.substr(slash + 1);
    Cidr range;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), range.prefix);
    if (!ip || error != std::errc() || end != digits.data() + digits.size() || digits.size() > 2) return std::nullopt;
    if (range.prefix < 0 || range.prefix > 32) return std::nullopt;
    range.base.value = ip->value & range.mask();
    return range;
}

std::vector<Cidr> source_ranges_of(const ServiceSpec& spec) {
    std::vector<Cidr> out;
    for (const Str& text : spec.load_balancer_source_ranges)
        if (const auto range = parse_source_range(text)) out.push_back(*range);
    return out;
}

}  // namespace orilla::api
