// The Service default/kubernetes with its Endpoints and EndpointSlice: how pods find the API. Made at start and put back
// when somebody changes or deletes them.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "controller.hpp"

namespace orilla::controllers {

struct ApiPlace {
    std::string service_ip;  ///< the first address of the Service range
    std::string ip;          ///< where the API answers; empty when it does not listen on the network
    int32_t port = 6443;
};

struct KubernetesObserved {
    const api::Service* service = nullptr;
    const api::Endpoints* endpoints = nullptr;
    const api::EndpointSlice* slice = nullptr;
};

/// Creates it; deletes it first when it stands in the way (an address of an earlier Service range).
struct PutService {
    api::Service object;
    bool replace = false;
    bool operator==(const PutService&) const = default;
};
struct PutEndpoints {
    api::Endpoints object;
    bool operator==(const PutEndpoints&) const = default;
};
struct PutEndpointSlice {
    api::EndpointSlice object;
    bool operator==(const PutEndpointSlice&) const = default;
};
using KubernetesAction = std::variant<PutService, PutEndpoints, PutEndpointSlice>;

std::vector<KubernetesAction> plan_kubernetes_service(const ApiPlace& place, const KubernetesObserved& seen);

class KubernetesServiceController final : public Controller {
  public:
    explicit KubernetesServiceController(const Surroundings& with);
    void start() override;
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    loop::Task<Result<void>> apply(KubernetesAction action);
    loop::Task<Result<void>> put_service(PutService put);
    ApiPlace place_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
