#include "health_checks.hpp"

#include <fmt/core.h>

#include "orilla/http/server.hpp"
#include "orilla/http/sockets.hpp"

namespace orilla::proxy {
namespace {

http::ServerLimits limits() {
    http::ServerLimits out;
    out.connections_max = 32;
    out.client_connections_max = 16;
    out.refused_connections_max = 8;
    out.connection.idle_ms_max = 30'000;
    out.connection.head_ms_max = 5'000;
    out.connection.body_ms_max = 5'000;
    out.connection.write_stall_ms_max = 5'000;
    out.connection.parser.url_bytes_max = 1024;
    out.connection.parser.header_bytes_max = 8 * 1024;
    out.connection.parser.header_count_max = 32;
    out.connection.parser.body_bytes_max = 1024;
    return out;
}

http::Response response_of(HealthAnswer answer) {
    http::Response response(answer.status, "application/json", std::move(answer.body));
    response.add_header("X-Content-Type-Options", "nosniff");
    return response;
}

}  // namespace

HealthAnswer render_health(const std::string& service, size_t local_endpoints, bool proxy_is_healthy) {
    const size_t slash = service.find('/');
    // Names of objects need no escapes.
    return {local_endpoints > 0 && proxy_is_healthy ? 200 : 503,
            fmt::format("{{\n\t\"service\": {{\n\t\t\"namespace\": \"{}\",\n\t\t\"name\": \"{}\"\n\t}},\n"
                        "\t\"localEndpoints\": {},\n\t\"serviceProxyHealthy\": {}\n}}",
                        service.substr(0, slash), service.substr(slash + 1), local_endpoints, proxy_is_healthy)};
}

/// One Service's.
class HealthCheck final : public http::Handler {
  public:
    HealthCheck(loop::Loop& loop, std::string service, uint16_t port, const bool& healthy)
        : service_(std::move(service)), port_(port), healthy_(healthy), server_(loop, *this, limits()) {}

    Result<void> listen() {
        TRY(UniqueFd listener, http::listen_tcp(fmt::format("0.0.0.0:{}", port_)));
        server_.serve_plain(std::move(listener));
        return ok();
    }
    uint16_t port() const { return port_; }
    void set_endpoints(size_t count) { endpoints_ = count; }

    std::shared_ptr<const http::Caller> identify(const http::Peer&) const override {
        auto anybody = std::make_shared<http::Caller>();
        anybody->admitted = true;
        return anybody;
    }
    http::Response refuse(const http::Request&) const override { return http::Response(403); }
    loop::Task<http::Response> handle(const http::Request&) override {
        http::Response response = response_of(render_health(service_, endpoints_, healthy_));
        response.add_header("X-Load-Balancing-Endpoint-Weight", std::to_string(endpoints_));
        co_return response;
    }
    http::Response render_http_error(int status, std::string_view message) const override {
        return http::Response(status, "text/plain", std::string(message) + "\n");
    }

  private:
    const std::string service_;
    const uint16_t port_;
    const bool& healthy_;
    size_t endpoints_ = 0;
    http::Server server_;  ///< last: it asks the rest
};

HealthChecks::HealthChecks(loop::Loop& loop) : loop_(loop) {}
HealthChecks::~HealthChecks() = default;

Result<void> HealthChecks::set(const std::string& service, uint16_t port, size_t local_endpoints) {
    auto found = checks_.find(service);
    if (found != checks_.end() && found->second->port() != port) {
        checks_.erase(found);
        found = checks_.end();
    }
    if (port == 0) return ok();
    if (found == checks_.end()) {
        auto check = std::make_unique<HealthCheck>(loop_, service, port, healthy_);
        TRY_VOID(check->listen());
        found = checks_.emplace(service, std::move(check)).first;
    }
    found->second->set_endpoints(local_endpoints);
    return ok();
}

}  // namespace orilla::proxy
