// The router: who may come in, and which handler answers a path.
#pragma once

#include "http_message.hpp"
#include "orilla/server/server.hpp"
#include "orilla/base/random.hpp"
#include "rest.hpp"

namespace orilla::server {

struct HttpCounters;

class ApiHandler final : public Handler {
  public:
    ApiHandler(loop::Loop& loop, store::Objects& objects, const ServerOptions& options);

    bool admits(const Request& request) const override;
    Response refuse(const Request& request) const override;
    Task<Response> handle(const Request& request) override;
    Response render_http_error(int status, std::string_view message) const override;

    /// For /orilla/v1/kubeconfig; set once TLS is on.
    void set_pki(const Pki& pki) { pki_ = pki; }
    /// For /metrics; set once the HTTP server is there.
    void set_counters(const HttpCounters* counters, std::function<size_t()> connections);

  private:
    /// What every answer says: how long it may be kept, and by which name it is in a log.
    void stamp(Response& response, std::string_view audit_id) const;
    Task<Result<Response>> route(const Request& request);
    Task<Result<Response>> route_resource(const Request& request, std::vector<std::string> segments);
    Result<Response> serve_system(const Request& request, const std::vector<std::string>& segments);
    Result<Response> serve_discovery(const Request& request, const std::vector<std::string>& segments);
    Result<Response> serve_kubeconfig(const Request& request) const;
    std::string render_metrics();

    Rest rest_;
    const ServerOptions& options_;
    std::optional<Pki> pki_;
    const HttpCounters* counters_ = nullptr;
    std::function<size_t()> connections_;
    int64_t started_wall_s_;
    mutable SystemRandom random_;  ///< for names of requests
};

}  // namespace orilla::server
