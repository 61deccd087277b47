// The Gateway API's objects that are ours: GatewayClasses, Gateways and the routes that attach to them. What each of them
// becomes is planned elsewhere; here is who has to look again when something changes, and their statuses are written.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/backends.hpp"
#include "gateway/certificates.hpp"
#include "gateway/gateway_plan.hpp"
#include "gateway/outbox.hpp"
#include "gateway/route_plan.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/proxy/service_proxy.hpp"

namespace orilla::proxy {

/// By the Gateways and Services that a route names, and by the namespaces into which it does so.
void route_terms(const api::Object& route, std::vector<std::string>& terms);
/// By its class, and by the namespaces of Secrets that it names.
void gateway_terms(const api::Object& gateway, std::vector<std::string>& terms);
std::string parent_term(const std::string& gateway);
std::string class_term(std::string_view name);
std::string crossing_term(std::string_view ns);

class ApiRoutes {
  public:
    /// `look_again` takes a key of the queue: "gatewayclass//NAME", "gateway/NS/NAME", "httproute/NS/NAME",
    /// "grpcroute/NS/NAME".
    ApiRoutes(loop::Loop& loop, objects::Objects& objects, Outbox& outbox, Backends& backends, Certificates& certificates,
              NodePlace node, std::function<void(const std::string& key)> look_again);
    loop::Task<Result<void>> settle_class(std::string name);
    loop::Task<Result<void>> settle_gateway(std::string ns, std::string name);
    template <class Route>
    loop::Task<Result<void>> settle_route(std::string ns, std::string name);
    /// The gateway says something of a listener; nothing any more: empty.
    void note_fault(const std::string& listener, const std::string& message);
    /// All routes that name it.
    void look_at_routes_of(const std::string& gateway);

    using GatewayPtr = std::shared_ptr<const api::Gateway>;
    /// Null: there is none that is ours.
    GatewayPtr find_gateway(std::string_view ns, std::string_view name) const;

  private:
    bool is_granted(const Crossing& crossing) const;
    void take_out_gateway(const std::string& key);
    void attach(const std::string& route, std::vector<std::string> listeners);

    loop::Loop& loop_;
    objects::Objects& objects_;
    Outbox& outbox_;
    Backends& backends_;
    Certificates& certificates_;
    const NodePlace node_;
    const std::function<void(const std::string& key)> look_again_;
    std::map<std::string, std::vector<gateway::Listener>> listeners_;  ///< that are out, by Gateway
    std::map<std::string, std::vector<std::string>> attached_to_;      ///< listeners, by route
    std::map<std::string, size_t> attached_;                           ///< routes, by listener
    std::map<std::string, std::string> faults_;                        ///< by listener
};

}  // namespace orilla::proxy
