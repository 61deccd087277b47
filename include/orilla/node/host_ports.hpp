// The ports of the box that a pod asks for, as rules of the network.
#pragma once

#include <string>
#include <vector>

#include "orilla/kinds/types.hpp"
#include "orilla/network/pod_links.hpp"
#include "orilla/network/service_rules.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::node {

/// Pure: one service port with one endpoint for each hostPort. None for pods on the host's network: they bind there themselves.
std::vector<network::ServicePortSpec> plan_host_ports(const api::Pod& pod, Ipv4 pod_ip);
/// The owner of a pod's hostPorts among the rules.
std::string host_ports_owner(const std::string& uid);
/// What those pods want that have an address, by owner.
loop::Task<network::ServiceRules::Services> observe_host_ports(loop::Loop& loop, objects::Objects& objects,
                                                               const network::PodLinks& links);

}  // namespace orilla::node
