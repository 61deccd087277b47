// A backend as the proxy works with it: the queue in front of it, its endpoints with their kept connections, and the counts
// that are reported. Requests hold it, so that it outlives a change that takes it away.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "balancer.hpp"
#include "channel_pool.hpp"
#include "orilla/gateway/routes.hpp"
#include "orilla/http/tls.hpp"
#include "orilla/loop/loop.hpp"
#include "queue.hpp"

namespace orilla::gateway {

class Upstream {
  public:
    /// `secret` makes its cookies, `wanted` is told when requests wait for what somebody could start.
    Upstream(loop::Loop& loop, std::string secret, std::function<void()> wanted);
    ~Upstream();
    Upstream(const Upstream&) = delete;
    Upstream& operator=(const Upstream&) = delete;

    /// Endpoints that stay keep their connections.
    void replace(Backend backend);
    /// It is not wanted any more: who waits is refused.
    void close();
    const Backend& backend() const { return backend_; }
    http::TlsContext* tls() const { return tls_.get(); }
    /// Why its TLS cannot be spoken; empty when it can.
    const std::string& fault() const { return fault_; }
    Seats& seats() { return *seats_; }
    RetryBudget& retries() { return retries_; }

    /// With what the queue knows.
    BackendReport report() const;
    void note_request();
    void note_end() { ended_ms_ = loop_.now_ms(); }
    void note_failure() { ++counts_.failed; }
    void note_retry() { ++counts_.retried; }
    bool has_news = false;

  private:
    void open_tls();
    std::shared_ptr<ChannelPool> make_pool() const;
    loop::Loop& loop_;
    Backend backend_;
    std::shared_ptr<Seats> seats_;
    RetryBudget retries_;
    std::unique_ptr<http::TlsContext> tls_;
    std::string fault_;
    BackendReport counts_;
    int64_t ended_ms_ = 0;
};

}  // namespace orilla::gateway
