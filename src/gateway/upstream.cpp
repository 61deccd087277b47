#include "upstream.hpp"

#include <utility>

#include "orilla/http/client.hpp"

namespace orilla::gateway {

Upstream::Upstream(loop::Loop& loop, std::string secret, std::function<void()> wanted)
    : loop_(loop), seats_(std::make_shared<Seats>(loop, std::move(secret), std::move(wanted))), ended_ms_(loop.now_ms()) {}

Upstream::~Upstream() {
    for (const EndpointPtr& endpoint : seats_->queue().balancer().endpoints())
        if (endpoint->pool) endpoint->pool->close();
}

void Upstream::close() { seats_->close(); }

std::shared_ptr<ChannelPool> Upstream::make_pool() const {
    ChannelPool::Limits limits;
    limits.idle_max = backend_.queue.in_flight_max;
    return std::make_shared<ChannelPool>(loop_, limits);
}

void Upstream::replace(Backend backend) {
    const bool speaks_otherwise = backend.protocol != backend_.protocol || backend.tls != backend_.tls;
    const std::vector<EndpointPtr> before = seats_->queue().balancer().endpoints();
    backend_ = std::move(backend);
    // Before the endpoints: who waits may be seated at a new one as soon as it is there.
    if (speaks_otherwise) open_tls();
    for (const EndpointPtr& endpoint : seats_->replace(backend_)) endpoint->pool = make_pool();
    for (const EndpointPtr& endpoint : before) {
        if (!endpoint->is_gone && !speaks_otherwise) continue;
        endpoint->pool->close();
        if (!endpoint->is_gone) endpoint->pool = make_pool();
    }
}

void Upstream::open_tls() {
    fault_.clear();
    tls_.reset();
    if (!backend_.tls && backend_.protocol != BackendProtocol::https) return;
    http::ServerTrust trust;
    if (backend_.tls) {
        trust.authority = backend_.tls->authorities;
        trust.server_name = backend_.tls->server_name;
        trust.accepted_names = backend_.tls->alternative_names;
        trust.certificate = backend_.tls->certificate;
        trust.key = backend_.tls->private_key;
    }
    auto made = http::TlsContext::create_client(trust);
    if (made) tls_ = std::move(*made);
    else fault_ = made.error().message();
}

void Upstream::note_request() {
    ++counts_.requests;
    has_news = true;
    retries_.note_request(loop_.now_ms());
}

BackendReport Upstream::report() const {
    BackendReport report = counts_;
    BackendQueue& queue = seats_->queue();
    report.key = backend_.key;
    report.refused = queue.refused();
    report.waited_ms = queue.waited_ms();
    report.waiting = static_cast<uint32_t>(queue.waiting());
    report.in_flight = queue.balancer().in_flight();
    report.idle_ms = report.in_flight + report.waiting > 0 ? 0 : loop_.now_ms() - ended_ms_;
    return report;
}

}  // namespace orilla::gateway
