// Service rules of a kernel that keeps none.
#pragma once

#include "orilla/network/service_rules.hpp"

namespace orilla::test {

class NoRules final : public network::ServiceRules {
  public:
    Result<void> replace_all(Services) override { return ok(); }
    Result<void> update(const std::string&, std::vector<network::ServicePortSpec>) override { return ok(); }
    Result<void> repair() override { return ok(); }
    Result<bool> repair_if_missing() override { return false; }
    Result<void> follow(loop::Loop&) override { return ok(); }
    std::optional<std::string> find_conflict(const std::string&) const override { return std::nullopt; }
    std::optional<std::string> find_node_port_owner(network::Protocol, uint16_t) const override { return std::nullopt; }
};

}  // namespace orilla::test
