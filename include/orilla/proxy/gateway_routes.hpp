// Ingresses, the Gateway API's Gateways and routes, and what they name, as routes of the gateway. It promises that a change of
// one object costs that object, whatever the number of others; that the first change it hands over is everything there is; that
// a route never goes out before its backends; and that what cannot be served is told by an event and by nothing else, so that
// the rest is served. While there is nothing to route it follows neither Services nor Secrets for it.
#pragma once

#include <memory>
#include <string>

#include "orilla/gateway/routes.hpp"
#include "orilla/loop/work_queue.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/proxy/service_proxy.hpp"

namespace orilla::proxy {

class GatewayRoutes final : public loop::Reconciler {
  public:
    /// All outlive it. `node` is where what it serves is reached.
    GatewayRoutes(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, gateway::RouteSink& sink,
                  NodePlace node);
    ~GatewayRoutes() override;
    void start();
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    /// Requests wait for a backend ("NS/SERVICE:PORT") of which nothing runs: what is behind it and has 0 replicas gets one.
    void want(const std::string& backend);
    const loop::WorkerCounters& counters() const;

  private:
    struct Parts;
    void ingress_changed(const objects::FeedEvent& event);
    void class_changed(const objects::FeedEvent& event);
    void service_changed(const objects::FeedEvent& event);
    void slice_changed(const objects::FeedEvent& event);
    void secret_changed(const objects::FeedEvent& event);
    loop::Task<void> begin();
    loop::Task<Result<void>> settle(std::string kind, std::string ns, std::string name);
    loop::Task<void> look_at_class(std::string name);
    std::unique_ptr<Parts> parts_;
};

}  // namespace orilla::proxy
