// Small questions about Services that their rules, admission, controllers and proxy ask.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::api {

constexpr int32_t node_port_min = 30000;
constexpr int32_t node_port_max = 32767;
/// Of one Service; more are refused.
constexpr size_t source_ranges_max = 256;

/// Keeps a Service until its address is taken back.
constexpr std::string_view load_balancer_finalizer = "service.kubernetes.io/load-balancer-cleanup";
/// What spec.loadBalancerClass may say beside nothing; Services of other classes are others' to serve.
constexpr std::string_view load_balancer_class = "orilla.dev/load-balancer";

bool is_headless(const ServiceSpec& spec);
/// ExternalName is a name alone.
bool needs_cluster_ip(const ServiceSpec& spec);
/// Whether its ports may have node ports, and whether they get them unasked.
bool may_have_node_ports(const ServiceSpec& spec);
bool gets_node_ports(const ServiceSpec& spec);
/// spec.externalTrafficPolicy means something.
bool is_reached_from_outside(const ServiceSpec& spec);
/// spec.healthCheckNodePort tells load balancers elsewhere whether this node has endpoints.
bool needs_health_check(const ServiceSpec& spec);
/// Type LoadBalancer, of the class that is served here.
bool wants_load_balancer(const Service& service);

/// A range of addresses as loadBalancerSourceRanges has it: blanks around it and bits behind the prefix are let pass.
std::optional<Cidr> parse_source_range(std::string_view text);
/// Those that can be read.
std::vector<Cidr> source_ranges_of(const ServiceSpec& spec);

}  // namespace orilla::api
