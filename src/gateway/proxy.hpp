// The gateway's handler of requests: finds the rule, sends the request on to an endpoint of its backend, and the answer back,
// each as it comes. It promises that no body is held beyond a piece of it, that a request that no backend has acted on is tried
// again elsewhere, and that what a backend does wrong becomes 502 or 504 and nothing worse.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "filters.hpp"
#include "fronts.hpp"
#include "orilla/gateway/routes.hpp"
#include "orilla/http/server.hpp"
#include "orilla/loop/loop.hpp"
#include "route_table.hpp"
#include "upstream.hpp"

namespace orilla::gateway {

class Proxy final : public http::Handler {
  public:
    /// `wanted` is told of backends that requests wait for and that somebody could start.
    Proxy(loop::Loop& loop, std::function<void(const std::string& backend)> wanted);
    ~Proxy() override;

    std::vector<Fault> apply(Change change);
    std::set<uint16_t> ports() const;
    /// Serves a port whose listeners are known.
    void listen(http::Server& server, uint16_t port, UniqueFd socket);
    /// From now on each answer is the last one of its connection.
    void retire() { is_retired_ = true; }
    void set_logs_access(bool logs) { logs_access_ = logs; }
    /// Before the first change.
    void set_cookie_secret(std::string secret) { cookie_secret_ = std::move(secret); }

    /// Until something was done that `take_reports` tells.
    loop::Task<void> wait_for_news();
    std::vector<BackendReport> take_reports();
    std::string take_access_lines();

    std::shared_ptr<const http::Caller> identify(const http::Peer& peer) const override;
    http::Response refuse(const http::Request& request) const override;
    bool streams_body(const http::Request& request) const override;
    loop::Task<http::Response> handle(const http::Request& request) override;
    http::Response render_http_error(int status, std::string_view message) const override;

  private:
    struct Journey;
    class Answer;
    class Switched;

    std::optional<http::Response> plan(const http::Request& request, Journey& journey);
    std::optional<http::Response> filter(const http::Request& request, Journey& journey, const RequestFacts& facts);
    loop::Task<Result<void>> ask(const http::Request& request, Journey& journey);
    http::Response answer(const http::Request& request, std::unique_ptr<Journey> journey);
    http::Response fail(int status, std::string_view message, int retry_after_s = 0) const;
    void end(Journey& journey);
    void tell_news();

    loop::Loop& loop_;
    RouteTable routes_;
    Fronts fronts_;
    std::unordered_map<std::string, std::shared_ptr<Upstream>> upstreams_;
    const std::function<void(const std::string& backend)> wanted_;
    std::string cookie_secret_;
    std::shared_ptr<const http::Caller> everybody_;
    loop::Event news_;
    bool has_news_ = false;
    bool is_retired_ = false;
    bool logs_access_ = false;
    std::string access_lines_;
    uint64_t lots_ = 0;  ///< drawn for shares
};

}  // namespace orilla::gateway
