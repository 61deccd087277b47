// The hosts of routes that end in .local, as names of the LAN: what the gateway serves there is found without a name server. It
// stands between the compiler of routes and the gateway, and sees what goes by; so it knows both Ingress and the Gateway API.
// A name that another host of the LAN has is a fault of the routes that want it, until they do not.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/gateway/routes.hpp"
#include "orilla/network/lan_names.hpp"

namespace orilla::proxy {

class LanHosts final : public gateway::RouteSink {
  public:
    /// Both outlive it.
    LanHosts(gateway::RouteSink& next, network::LanNames& names);
    LanHosts(const LanHosts&) = delete;
    LanHosts& operator=(const LanHosts&) = delete;
    void apply(gateway::Change change) override;
    void on_fault(gateway::FaultFn told) override;

  private:
    /// A route or a listener.
    struct Part {
        gateway::Fault::About about = gateway::Fault::About::route;
        std::string key;
        auto operator<=>(const Part&) const = default;
    };
    void set(const Part& part, const std::vector<gateway::HostPattern>& hosts);
    void note_conflict(const std::string& name, bool is_anothers);
    void tell(const Part& part, const std::string& host, bool is_anothers);

    gateway::RouteSink& next_;
    network::LanNames& names_;
    gateway::FaultFn told_;
    std::map<Part, std::set<std::string>> hosts_of_;
    std::map<std::string, std::set<Part>> parts_of_;  ///< by host
    std::set<std::string> anothers_;                  ///< hosts
};

}  // namespace orilla::proxy
