// spec.healthCheckNodePort: where a load balancer elsewhere asks by HTTP whether this node has endpoints for a Service with
// externalTrafficPolicy Local. It promises a bound on who may ask at a time, and that what is asked costs the same whatever the
// Service.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::proxy {

class HealthCheck;

struct HealthAnswer {
    int status = 503;
    std::string body;
};
/// Of "NS/NAME".
HealthAnswer render_health(const std::string& service, size_t local_endpoints, bool proxy_is_healthy);

class HealthChecks {
  public:
    explicit HealthChecks(loop::Loop& loop);
    ~HealthChecks();
    /// `port` 0: no more. The error says why nobody listens there.
    Result<void> set(const std::string& service, uint16_t port, size_t local_endpoints);
    /// Whether the kernel's rules are as they should be; told with every answer.
    void set_healthy(bool healthy) { healthy_ = healthy; }

  private:
    loop::Loop& loop_;
    bool healthy_ = true;
    std::map<std::string, std::unique_ptr<HealthCheck>> checks_;
};

}  // namespace orilla::proxy
