// The service rules of this kernel: opened, and taken away.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "orilla/network/service_rules.hpp"

namespace orilla::network {

struct ServiceRulesConfig {
    std::string table = "orilla";
    std::string bridge = "orilla0";
    Cidr pod_cidr;                          ///< of this node
    std::optional<Cidr> cluster_cidr = {};  ///< pods of all nodes; none: pod_cidr. What leaves it for elsewhere is masqueraded
    Cidr service_cidr;                      ///< addresses without a service are rejected
    /// The gateway's process may connect to whatever it finds behind routes, but not to the node's loopback addresses, nor to
    /// this port of any of the node's addresses.
    uint32_t gateway_uid = 65'531;
    uint16_t api_port = 6443;
};

/// Needs the rights to change nftables; changes nothing yet.
Result<std::unique_ptr<ServiceRules>> open_service_rules(ServiceRulesConfig config);
/// Deletes the table; fine when there is none.
Result<void> remove_service_rules(const ServiceRulesConfig& config);

}  // namespace orilla::network
