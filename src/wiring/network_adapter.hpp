// The node's network port over links and rules: a pod's address, and its hostPorts.
#pragma once

#include "orilla/network/links.hpp"
#include "orilla/network/service_rules.hpp"
#include "orilla/node/ports.hpp"

namespace orilla::wiring {

class NetworkAdapter final : public node::NetworkPort {
  public:
    NetworkAdapter(network::Links& links, network::ServiceRules& rules, std::string node_ip)
        : links_(links), rules_(rules), node_ip_(std::move(node_ip)) {}
    loop::Task<Result<node::PodNetwork>> attach(std::string uid, std::vector<node::HostPort> host_ports,
                                                  std::string network_namespace) override;
    loop::Task<Result<void>> detach(std::string uid) override;
    std::optional<node::PodNetwork> find(const std::string& uid) const override;
    std::string node_ip() const override { return node_ip_; }
    std::string dns_ip() const override { return links_.gateway().text(); }

  private:
    network::Links& links_;
    network::ServiceRules& rules_;
    std::string node_ip_;
};

/// One service port with one endpoint for each hostPort.
std::vector<network::ServicePortSpec> plan_host_ports(const std::vector<node::HostPort>& ports, network::Ipv4 pod_ip);
/// The owner of a pod's hostPorts among the rules.
std::string host_ports_owner(const std::string& uid);

/// The address that others reach this box by: of the interface with the default route, else the first that is up and
/// neither loopback nor `bridge`; empty without one.
std::string find_node_ip(const std::string& bridge);

}  // namespace orilla::wiring
