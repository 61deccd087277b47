// Makes the classes by which Ingresses and Gateways name the gateway that is built in, as the class of the local volumes is
// made: at a start, when there is none of that name. What an administrator changes of them stays.
#pragma once

#include "controller.hpp"

namespace orilla::controllers {

api::IngressClass make_ingress_class();
api::GatewayClass make_gateway_class();

class RoutingClassesController final : public Controller {
  public:
    explicit RoutingClassesController(const Surroundings& with);
    void start() override;
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    loop::Worker worker_;
};

}  // namespace orilla::controllers
