// What a request goes through: who asks, for what, may they, and the handler that answers.
#pragma once

#include "describe/openapi.hpp"
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

    std::shared_ptr<const http::Caller> identify(const http::Peer& peer) const override;
    http::Response refuse(const http::Request& request) const override;
    Task<http::Response> handle(const http::Request& request) override;
    http::Response render_http_error(int status, std::string_view message) const override;

    /// For /orilla/v1/kubeconfig; set once TLS is on.
    void set_pki(const pki::Pki& pki) { pki_ = pki; }
    /// Whose members are administrators on this machine; -1 without one.
    void set_admin_group(int id) { admin_group_ = id; }
    /// For /metrics; set once the HTTP server is there.
    void set_counters(const http::Counters* counters, std::function<size_t()> connections);

  private:
    /// What every answer says: how long it may be kept, and by which name it is in a log.
    void stamp(http::Response& response, std::string_view audit_id) const;
    Task<Result<http::Response>> route(const http::Request& request);
    Result<http::Response> serve_system(const http::Request& request, const std::vector<std::string>& segments);
    Result<http::Response> serve_discovery(const http::Request& request, const std::vector<std::string>& segments);
    Result<http::Response> serve_kubeconfig(const http::Request& request) const;
    std::string render_metrics();

    Rest rest_;
    OpenApiHashes openapi_;
    const ServerOptions& options_;
    int admin_group_ = -1;
    std::optional<pki::Pki> pki_;
    const http::Counters* counters_ = nullptr;
    std::function<size_t()> connections_;
    int64_t started_wall_s_;
    mutable SystemRandom random_;  ///< for names of requests
};

}  // namespace orilla::apiserver
