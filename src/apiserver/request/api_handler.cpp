#include "request/api_handler.hpp"

#include <algorithm>

#include "describe/discovery.hpp"
#include "describe/health.hpp"
#include "describe/metrics.hpp"
#include "describe/openapi_routes.hpp"
#include "request/authenticate.hpp"
#include "request/authorise.hpp"
#include "request/status.hpp"
#include "rest/images_api.hpp"
#include "rest/rewriting.hpp"
#include "rest/routes.hpp"

namespace orilla::apiserver {

namespace {
/// A listener on every address is reached at loopback.
std::string reachable(const std::string& address) {
    for (const auto& [every, loopback] : {std::pair("0.0.0.0:", "127.0.0.1:"), std::pair("[::]:", "[::1]:")})
        if (address.starts_with(every)) return loopback + address.substr(std::string_view(every).size());
    return address;
}
}  // namespace

ApiHandler::ApiHandler(loop::Loop& loop, objects::Objects& objects, const ServerOptions& options)
    : rest_{loop, objects, options.logs, options.images, options.usage, options.executor},
      openapi_(rest_.kinds()),
      options_(options),
      started_wall_s_(loop.clock().wall_s()) {}

void ApiHandler::set_counters(const http::Counters* counters, std::function<size_t()> connections) {
    counters_ = counters;
    connections_ = std::move(connections);
}

std::shared_ptr<const http::Caller> ApiHandler::identify(const http::Peer& peer) const {
    return apiserver::identify(peer, admin_group_);
}

namespace {
constexpr size_t audit_id_bytes_max = 64;

bool is_audit_id(std::string_view text) {
    if (text.empty() || text.size() > audit_id_bytes_max) return false;
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}
}  // namespace

void ApiHandler::stamp(http::Response& response, std::string_view audit_id) const {
    response.add_header("Audit-Id", is_audit_id(audit_id) ? audit_id : std::string_view(random_.uuid()));
    if (response.headers.find("Cache-Control: ") == std::string::npos)
        response.add_header("Cache-Control", "no-cache, private");
}

http::Response ApiHandler::refuse(const http::Request& request) const {
    auto who = authenticate(request);
    http::Response response = status_response(who ? refusal_of(**who) : who.error());
    stamp(response, request.header("audit-id"));
    return response;
}

http::Response ApiHandler::render_http_error(int status, std::string_view message) const {
    Code code = Code::bad_request;
    if (status == 413) code = Code::too_large;
    if (status == 429) code = Code::too_many_requests;
    Error error(code, std::string(message));
    if (status == 429) error = std::move(error).with_retry_after(1);
    http::Response response = status_response(error);
    response.status = status;
    const std::string wrong = "\"code\":" + std::to_string(http_status(code));
    if (const size_t at = response.body.rfind(wrong); at != std::string::npos)
        response.body.replace(at, wrong.size(), "\"code\":" + std::to_string(status));
    stamp(response, {});
    return response;
}

Task<http::Response> ApiHandler::handle(const http::Request& request) {
    rest_.loop.note("a request for", request.path);
    AWAIT(Result<http::Response> result, route(request));
    http::Response answer = result ? std::move(result).value() : status_response(result.error());
    AWAIT(http::Response response, rewrite_answer(rest_, request, std::move(answer)));
    stamp(response, request.header("audit-id"));
    co_return response;
}

Task<Result<http::Response>> ApiHandler::route(const http::Request& request) {
    CO_CHECK(const objects::Identity* who, authenticate(request));
    if (request.method == http::Method::other) co_return no_such_method();
    CO_CHECK(RequestInfo info, parse_request_info(request));
    CO_CHECK_VOID(authorise(*who, info));
    const auto& segments = info.segments;
    Task<Result<http::Response>> task;
    if (info.is_resource()) {
        task = serve_resource(rest_, request, *who, std::move(info));
    } else if (segments.size() >= 3 && segments[0] == "orilla" && segments[1] == "v1" && segments[2] == "images") {
        std::vector<std::string> rest_of_path(segments.begin() + 3, segments.end());
        task = serve_images(rest_, request, std::move(rest_of_path));
    } else {
        if (!is_read(request.method)) co_return no_such_method();
        if (!segments.empty() && segments[0] == "openapi") co_return serve_openapi(openapi_, request, rest_.now_s());
        co_return serve_system(request, segments);
    }
    co_return co_await std::move(task);
}

// ---- what is not about objects ---------------------------------------------------------------------------------------

Result<http::Response> ApiHandler::serve_discovery(const http::Request& request, const std::vector<std::string>& segments) {
    std::string body;
    const bool core = segments[0] == "api";
    if (segments.size() == 1) {
        TRY(const Form form, negotiate_discovery(request.header("accept")));
        if (form == Form::json) {
            body = core ? render_api_versions(options_.advertised_address) : render_api_group_list(rest_.kinds());
        } else {
            const std::string_view type = form == Form::discovery_v2
                                              ? "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
                                              : "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
            return http::Response(200, type, render_aggregated_discovery(rest_.kinds(), core, form));
        }
    } else if (core) {
        body = render_api_resource_list(rest_.kinds(), {}, segments[1]);
    } else {
        body = segments.size() == 2 ? render_api_group(rest_.kinds(), segments[1])
                                    : render_api_resource_list(rest_.kinds(), segments[1], segments[2]);
    }
    if (body.empty()) return no_such_path();
    return http::Response(200, "application/json", std::move(body));
}

Result<http::Response> ApiHandler::serve_system(const http::Request& request, const std::vector<std::string>& segments) {
    if (segments.empty())
        return http::Response(
            200, "application/json",
            R"({"paths":["/api","/api/v1","/apis","/healthz","/healthz/ping","/livez","/livez/ping","/metrics",)"
            R"("/openapi/v2","/openapi/v3","/orilla/v1/images","/orilla/v1/kubeconfig","/readyz","/readyz/ping",)"
            R"("/readyz/startup","/version"]})"
            "\n");
    const std::string& first = segments[0];
    if (first == "orilla" && segments.size() == 3 && segments[1] == "v1" && segments[2] == "kubeconfig")
        return serve_kubeconfig(request);
    if (first == "api" || first == "apis") return serve_discovery(request, segments);
    if (first == "healthz" || first == "livez" || first == "readyz") return serve_health(request, segments, options_.ready);
    if (segments.size() > 1) return no_such_path();
    if (first == "version") return http::Response(200, "application/json", render_version(options_.build));
    if (first == "metrics") return http::Response(200, "text/plain; version=0.0.4; charset=utf-8", render_metrics());
    return no_such_path();
}

Result<http::Response> ApiHandler::serve_kubeconfig(const http::Request& request) const {
    if (!pki_) return Error(Code::unavailable, "kubeconfig: the daemon does not listen on TLS; start it with --listen");
    TRY(const auto query, http::Query::parse(request.query));
    std::string server(query.get("server"));
    if (server.empty()) server = "https://" + reachable(options_.advertised_address);
    // It becomes a line of YAML.
    if (!server.starts_with("https://") || server.find_first_of(" \t\r\n\"'#{}") != std::string::npos)
        return Error(Code::bad_request, "server: must be a URL such as https://192.0.2.1:6443");
    return http::Response(200, "application/yaml", pki::render_kubeconfig(*pki_, server));
}

std::string ApiHandler::render_metrics() {
    std::string out;
    append_process_metrics(out, started_wall_s_);
    append_loop_metrics(out, rest_.loop.meter().stats(rest_.loop.clock().monotonic_ns()));
    append_store_metrics(out, rest_.store());
    if (counters_) append_http_metrics(out, *counters_, connections_ ? connections_() : 0);
    if (options_.append_metrics) options_.append_metrics(out);
    return out;
}

}  // namespace orilla::apiserver
