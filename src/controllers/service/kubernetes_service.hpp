// The Service default/kubernetes with its Endpoints and EndpointSlice: how pods find the API. Made at start and put back
// when somebody changes or deletes them.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "controller_base.hpp"

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

class KubernetesServiceController final : public loop::Reconciler {
  public:
    KubernetesServiceController(loop::Loop& loop, objects::Objects& objects, ApiPlace place);
    void start();
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    loop::Task<Result<void>> apply(KubernetesAction action);
    loop::Task<Result<void>> put_service(PutService put);
    objects::Objects& objects_;
    ApiPlace place_;
    objects::Follower services_, endpoints_, slices_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
