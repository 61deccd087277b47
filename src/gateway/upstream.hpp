// A backend as the proxy works with it: its endpoints with their kept connections, what is under way to each, and the counts
// that are reported. Requests hold it, so that it outlives a change that takes it away.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "channel_pool.hpp"
#include "orilla/gateway/routes.hpp"
#include "orilla/http/tls.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::gateway {

struct UpstreamEndpoint {
    Endpoint endpoint;
    std::shared_ptr<ChannelPool> pool;
    uint32_t in_flight = 0;
    bool is_gone = false;  ///< not of the backend any more
};

class Upstream {
  public:
    Upstream(loop::Loop& loop, Backend backend);
    ~Upstream();

    /// Endpoints that stay keep their connections.
    void replace(Backend backend);
    const Backend& backend() const { return backend_; }
    http::TlsContext* tls() const { return tls_.get(); }
    /// Why its TLS cannot be spoken; empty when it can.
    const std::string& fault() const { return fault_; }
    const std::vector<std::shared_ptr<UpstreamEndpoint>>& endpoints() const { return endpoints_; }
    /// With the fewest requests under way, beside `not_this`; null where there is none.
    std::shared_ptr<UpstreamEndpoint> choose(const UpstreamEndpoint* not_this);

    BackendReport report;  ///< its key and idle time are filled in when it is told
    int64_t ended_ms = 0;  ///< when the last request did
    bool has_news = false;

  private:
    void open_tls();
    loop::Loop& loop_;
    Backend backend_;
    std::vector<std::shared_ptr<UpstreamEndpoint>> endpoints_;
    std::unique_ptr<http::TlsContext> tls_;
    std::string fault_;
    size_t next_ = 0;
};

}  // namespace orilla::gateway
