#include "upstream.hpp"

#include <utility>

#include "orilla/http/client.hpp"

namespace orilla::gateway {

Upstream::Upstream(loop::Loop& loop, Backend backend) : loop_(loop) { replace(std::move(backend)); }

Upstream::~Upstream() {
    for (const auto& endpoint : endpoints_) endpoint->pool->close();
}

void Upstream::replace(Backend backend) {
    const bool speaks_otherwise = backend.protocol != backend_.protocol || backend.tls != backend_.tls;
    std::vector<std::shared_ptr<UpstreamEndpoint>> kept = std::exchange(endpoints_, {});
    for (const Endpoint& wanted : backend.endpoints) {
        std::shared_ptr<UpstreamEndpoint> endpoint;
        for (auto& old : kept)
            if (old && !speaks_otherwise && old->endpoint.ip == wanted.ip && old->endpoint.port == wanted.port)
                endpoint = std::exchange(old, nullptr);
        if (!endpoint) {
            endpoint = std::make_shared<UpstreamEndpoint>();
            endpoint->pool = std::make_shared<ChannelPool>(loop_, ChannelPool::Limits());
        }
        endpoint->endpoint = wanted;
        endpoints_.push_back(std::move(endpoint));
    }
    for (const auto& old : kept) {
        if (!old) continue;
        old->is_gone = true;
        old->pool->close();
    }
    backend_ = std::move(backend);
    if (speaks_otherwise) open_tls();
}

void Upstream::open_tls() {
    fault_.clear();
    std::unique_ptr<http::TlsContext> before = std::move(tls_);
    if (!backend_.tls && backend_.protocol != BackendProtocol::https) return;
    http::ServerTrust trust;
    if (backend_.tls) {
        trust.authority = backend_.tls->authorities;
        trust.server_name = backend_.tls->server_name;
        trust.certificate = backend_.tls->certificate;
        trust.key = backend_.tls->private_key;
    }
    auto made = http::TlsContext::create_client(trust);
    if (made) tls_ = std::move(*made);
    else fault_ = made.error().message();
}

std::shared_ptr<UpstreamEndpoint> Upstream::choose(const UpstreamEndpoint* not_this) {
    std::shared_ptr<UpstreamEndpoint> best;
    const size_t count = endpoints_.size();
    for (size_t i = 0; i < count; ++i) {
        const auto& one = endpoints_[(next_ + i) % count];
        if (one->endpoint.is_draining || one.get() == not_this) continue;
        if (!best || one->in_flight < best->in_flight) best = one;
    }
    if (count > 0) next_ = (next_ + 1) % count;
    return best;
}

}  // namespace orilla::gateway
