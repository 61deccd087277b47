// The router: who may come in, and which handler answers a path.
#pragma once

#include "orilla/apiserver/server.hpp"
#include "orilla/base/random.hpp"
#include "orilla/http/message.hpp"
#include "rest/rest.hpp"

namespace orilla::http {
struct Counters;
}

namespace orilla::apiserver {


class ApiHandler final : public http::Handler {
  public:
    ApiHandler(loop::Loop& loop, objects::Objects& objects, const ServerOptions& options);

    bool admits(const http::Request& request) const override;
    http::Response refuse(const http::Request& request) const override;
    Task<http::Response> handle(const http::Request& request) override;
    http::Response render_http_error(int status, std::string_view message) const override;

    /// For /orilla/v1/kubeconfig; set once TLS is on.
    void set_pki(const pki::Pki& pki) { pki_ = pki; }
    /// For /metrics; set once the HTTP server is there.
    void set_counters(const http::Counters* counters, std::function<size_t()> connections);

  private:
    /// What every answer says: how long it may be kept, and by which name it is in a log.
    void stamp(http::Response& response, std::string_view audit_id) const;
    Task<Result<http::Response>> route(const http::Request& request);
    Task<Result<http::Response>> route_resource(const http::Request& request, std::vector<std::string> segments);
    Result<http::Response> serve_system(const http::Request& request, const std::vector<std::string>& segments);
    Result<http::Response> serve_discovery(const http::Request& request, const std::vector<std::string>& segments);
    Result<http::Response> serve_kubeconfig(const http::Request& request) const;
    std::string render_metrics();

    Rest rest_;
    const ServerOptions& options_;
    std::optional<pki::Pki> pki_;
    const http::Counters* counters_ = nullptr;
    std::function<size_t()> connections_;
    int64_t started_wall_s_;
    mutable SystemRandom random_;  ///< for names of requests
};

}  // namespace orilla::apiserver
