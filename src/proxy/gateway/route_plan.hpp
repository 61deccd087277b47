// An HTTPRoute or a GRPCRoute as a route of the gateway: to which listeners it attaches, what its rules become, and what its
// status says of both. Pure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backend_plan.hpp"
#include "gateway/gateway_plan.hpp"
#include "orilla/gateway/routes.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::proxy {

struct RouteSurroundings {
    /// Null: there is none that is ours.
    std::function<std::shared_ptr<const api::Gateway>(std::string_view ns, std::string_view name)> find_gateway;
    std::function<std::shared_ptr<const api::Namespace>(std::string_view name)> find_namespace;
    std::function<std::shared_ptr<const api::Service>(std::string_view ns, std::string_view name)> find_service;
    std::function<bool(const Crossing&)> is_granted;
    int64_t now_s = 0;
};

struct RoutePlan {
    std::optional<gateway::Route> route;        ///< none: it is attached to nothing
    std::vector<BackendRef> backends;           ///< sorted, each once
    std::vector<std::string> listeners;         ///< to which it is attached
    api::List<api::RouteParentStatus> parents;  ///< with those of other controllers
};
RoutePlan plan_route(const api::HTTPRoute& route, const RouteSurroundings& around);
RoutePlan plan_route(const api::GRPCRoute& route, const RouteSurroundings& around);

/// What both hosts are for, the more specific of the two; nothing: there is no such host. Empty: every host.
std::optional<std::string> intersect_hosts(std::string_view a, std::string_view b);

}  // namespace orilla::proxy
