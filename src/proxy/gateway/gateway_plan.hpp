// A Gateway's listeners: what each of them takes, what is wrong with it, and what the gateway is told of it. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/conditions.hpp"
#include "gateway/ingress_plan.hpp"
#include "orilla/gateway/routes.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::proxy {

/// As the Gateway's own words have it.
struct ListenerFacts {
    std::string section, key;  ///< "gateway/NS/NAME/SECTION"
    uint16_t port = 0;
    std::string host;  ///< in small letters; empty: every one
    gateway::ListenerProtocol protocol = gateway::ListenerProtocol::http;
    bool is_supported = false;       ///< its protocol
    std::string_view conflict;       ///< the reason; empty: none
    std::vector<std::string> kinds;  ///< of routes that may attach
    bool asks_for_bad_kinds = false;
    const api::RouteNamespaces* namespaces = nullptr;  ///< of the Gateway; null: its own one
};
std::vector<ListenerFacts> read_listeners(const api::Gateway& gateway);

/// An object names one of another namespace; a ReferenceGrant may allow it.
struct Crossing {
    std::string_view from_kind, from_ns;       ///< of the Gateway API
    std::string_view to_kind, to_ns, to_name;  ///< of core
};
struct GatewaySurroundings {
    std::function<bool(const Crossing&)> is_granted;
    std::function<std::string(const std::string& secret)> why_not;  ///< empty: the certificate is good
    std::function<size_t(const std::string& listener)> attached_routes;
    std::function<std::string(const std::string& listener)> fault;  ///< what the gateway says of it; empty: nothing
    Ipv4 node_ip;
    int64_t now_s = 0;
};

/// Of all its listeners; those that are not allowed are left out.
std::vector<CertificateUse> plan_certificates(const api::Gateway& gateway,
                                              const std::function<bool(const Crossing&)>& is_granted);

struct GatewayPlan {
    std::vector<gateway::Listener> listeners;
    api::GatewayStatus status;
};
GatewayPlan plan_gateway(const api::Gateway& gateway, const GatewaySurroundings& around);

api::GatewayClassStatus plan_gateway_class(const api::GatewayClass& one, int64_t now_s);
/// It is ours, and we take it as it is.
bool is_accepted(const api::GatewayClass& one);

}  // namespace orilla::proxy
