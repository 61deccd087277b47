#include "request/api_handler.hpp"

#include <algorithm>

#include "describe/discovery.hpp"
#include "describe/health.hpp"
#include "describe/metrics.hpp"
#include "describe/openapi_routes.hpp"
#include "request/impersonation.hpp"
#include "request/status.hpp"
#include "rest/images_api.hpp"
#include "rest/rewriting.hpp"

namespace orilla::apiserver {

namespace {
Error no_such_path() { return Error(Code::not_found, "the server could not find the requested resource"); }

Error no_such_method() {
    return Error(Code::method_not_allowed, "the server does not allow this method on the requested resource");
}

bool is_read(http::Method method) { return method == http::Method::get || method == http::Method::head; }

/// There are none, and no discovery names them: but kubectl lists them before it says that it knows no such kind, and
/// would tell of this list's absence instead.
bool lists_custom_resources(const http::Request& request) {
    return is_read(request.method) && request.path == "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
}

/// The verb of a request as discovery lists it; empty for what is no verb.
std::string_view verb_of(http::Method method, bool has_name) {
    switch (method) {
        case http::Method::get:
        case http::Method::head: return has_name ? "get" : "list";
        case http::Method::post: return has_name ? std::string_view() : "create";
        case http::Method::put: return has_name ? "update" : std::string_view();
        case http::Method::patch: return has_name ? "patch" : std::string_view();
        case http::Method::delete_: return has_name ? "delete" : "deletecollection";
        case http::Method::other: break;
    }
    return {};
}

std::string_view part_verb_of(http::Method method) { return method == http::Method::post ? "create" : verb_of(method, true); }

bool lists(const api::SubresourceInfo& part, std::string_view verb) {
    for (const std::string_view known : part.verbs)
        if (known == verb) return true;
    return false;
}

/// For these kubectl has verbs: whoever calls one is told more than that there is no such path.
bool is_known_to_kubernetes(const api::KindInfo& kind, std::string_view part) {
    if (kind.resource != "pods") return false;
    for (const std::string_view known : {"attach", "ephemeralcontainers", "exec", "portforward", "proxy", "resize"})
        if (part == known) return true;
    return false;
}

/// A listener on every address is reached at loopback.
std::string reachable(const std::string& address) {
    for (const auto& [every, loopback] : {std::pair("0.0.0.0:", "127.0.0.1:"), std::pair("[::]:", "[::1]:")})
        if (address.starts_with(every)) return loopback + address.substr(std::string_view(every).size());
    return address;
}

Task<Result<http::Response>> serve_object(Rest& rest, const ResourceRequest& request) {
    const bool has_name = !request.path.name.empty();
    const std::string_view verb = verb_of(request.http.method, has_name);
    if (verb.empty() || !request.kind.has_verb(verb)) co_return no_such_method();
    // Across namespaces one may look, not write: a namespace that was forgotten must not empty the node.
    const bool across = request.kind.namespaced && request.path.ns.empty();
    if (across && !is_read(request.http.method)) co_return no_such_method();
    auto watching = request.query.flag("watch");
    if (!watching) co_return std::move(watching).error();
    Task<Result<http::Response>> task;
    if (is_read(request.http.method) && *watching) task = watch_items(rest, request);
    else if (verb == "get") task = get_item(rest, request);
    else if (verb == "list") task = list_items(rest, request);
    else if (verb == "create") task = create_item(rest, request);
    else if (verb == "update") task = update_item(rest, request, objects::Part::main);
    else if (verb == "patch") task = patch_item(rest, request, objects::Part::main);
    else if (verb == "delete") task = delete_item(rest, request);
    else task = delete_collection(rest, request);
    co_return co_await std::move(task);
}

Task<Result<http::Response>> serve_scale(Rest& rest, const ResourceRequest& request) {
    if (is_read(request.http.method)) return get_scale(rest, request);
    if (request.http.method == http::Method::put) return update_scale(rest, request);
    return patch_scale(rest, request);
}

Task<Result<http::Response>> serve_part(Rest& rest, const ResourceRequest& request) {
    const std::string& name = request.path.subresource;
    const api::SubresourceInfo* part = request.kind.find_subresource(name);
    if (!part) {
        if (!is_known_to_kubernetes(request.kind, name)) co_return no_such_path();
        co_return Error(Code::method_not_allowed, "pods/" + name + " is not served by this version of Orilla");
    }
    if (!lists(*part, part_verb_of(request.http.method))) co_return no_such_method();
    const objects::Part written = name == "finalize" ? objects::Part::finalize : objects::Part::status;
    Task<Result<http::Response>> task;
    if (name == "scale") task = serve_scale(rest, request);
    else if (name == "log") task = read_pod_log(rest, request);
    else if (name == "binding") task = bind_pod(rest, request);
    else if (name == "eviction") task = evict_pod(rest, request);
    else if (is_read(request.http.method)) task = get_item(rest, request);
    else if (request.http.method == http::Method::put) task = update_item(rest, request, written);
    else if (request.http.method == http::Method::patch) task = patch_item(rest, request, written);
    else co_return no_such_method();
    co_return co_await std::move(task);
}
}  // namespace

ApiHandler::ApiHandler(loop::Loop& loop, objects::Objects& objects, const ServerOptions& options)
    : rest_{loop, objects, options.logs, options.images, options.executor}, options_(options), started_wall_s_(loop.clock().wall_s()) {}

void ApiHandler::set_counters(const http::Counters* counters, std::function<size_t()> connections) {
    counters_ = counters;
    connections_ = std::move(connections);
}

bool ApiHandler::admits(const http::Request& request) const { return request.identity->kind == http::Identity::Kind::admin; }

namespace {
constexpr size_t audit_id_bytes_max = 64;

bool is_audit_id(std::string_view text) {
    if (text.empty() || text.size() > audit_id_bytes_max) return false;
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

Error refusal_of(const http::Identity& identity) {
    if (identity.kind == http::Identity::Kind::unauthenticated) return Error(Code::unauthorized, "Unauthorized");
    return Error(Code::forbidden, "forbidden: User \"" + identity.user +
                                      "\" is not let in: only root, members of the group orilla and certificates for "
                                      "system:masters are");
}
}  // namespace

void ApiHandler::stamp(http::Response& response, std::string_view audit_id) const {
    response.add_header("Audit-Id", is_audit_id(audit_id) ? audit_id : std::string_view(random_.uuid()));
    if (response.headers.find("Cache-Control: ") == std::string::npos)
        response.add_header("Cache-Control", "no-cache, private");
}

http::Response ApiHandler::refuse(const http::Request& request) const {
    http::Response response = status_response(refusal_of(*request.identity));
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
    auto routing = route(request);
    Result<http::Response> result = co_await std::move(routing);
    http::Response answer = result ? std::move(result).value() : status_response(result.error(), details_from_message(result.error()));
    auto rewriting = rewrite_answer(rest_, request, std::move(answer));
    http::Response response = co_await std::move(rewriting);
    stamp(response, request.header("audit-id"));
    co_return response;
}

Task<Result<http::Response>> ApiHandler::route(const http::Request& request) {
    if (auto checked = check_impersonation(request); !checked) co_return std::move(checked).error();
    if (request.method == http::Method::other) co_return no_such_method();
    if (request.path.starts_with("/openapi/")) {
        if (!is_read(request.method)) co_return no_such_method();
        co_return serve_openapi(request, rest_.now_s());
    }
    auto segments = http::split_path(request.path);
    if (!segments) co_return std::move(segments).error();
    Task<Result<http::Response>> task;
    if (segments->size() >= 3 && (*segments)[0] == "orilla" && (*segments)[1] == "v1" && (*segments)[2] == "images") {
        segments->erase(segments->begin(), segments->begin() + 3);
        task = serve_images(rest_, request, std::move(*segments));
    } else if (!segments->empty() && (((*segments)[0] == "api" && segments->size() > 2) ||
                                      ((*segments)[0] == "apis" && segments->size() > 3))) {
        task = route_resource(request, std::move(*segments));
    } else {
        if (!is_read(request.method)) co_return no_such_method();
        co_return serve_system(request, *segments);
    }
    co_return co_await std::move(task);
}

Task<Result<http::Response>> ApiHandler::route_resource(const http::Request& request, std::vector<std::string> segments) {
    auto path = parse_resource_path(std::move(segments));
    const api::KindInfo* kind = path ? api::find_resource(path->group, path->version, path->plural) : nullptr;
    if (lists_custom_resources(request))
        co_return http::Response(200, "application/json",
                           R"({"kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","metadata":{},"items":[]})" "\n");
    if (!kind || path->namespaced != (kind->namespaced && !path->ns.empty())) co_return no_such_path();
    // All namespaces: only as a collection.
    if (kind->namespaced && path->ns.empty() && !path->name.empty()) co_return no_such_path();
    auto query = http::Query::parse(request.query);
    if (!query) co_return std::move(query).error();
    if (!is_read(request.method) && request.method != http::Method::delete_)
        if (auto checked = check_write_options(*query, request); !checked) co_return std::move(checked).error();
    const bool is_log = path->subresource == "log";
    Form form = Form::json;
    if (!is_log) {
        auto negotiated = negotiate_object(request.header("accept"));
        if (!negotiated) co_return std::move(negotiated).error();
        form = *negotiated;
    }
    const ResourceRequest resource{*kind, std::move(*path), std::move(*query), request, form};
    auto task = resource.path.subresource.empty() ? serve_object(rest_, resource) : serve_part(rest_, resource);
    co_return co_await std::move(task);
}

// ---- what is not about objects ---------------------------------------------------------------------------------------

Result<http::Response> ApiHandler::serve_discovery(const http::Request& request, const std::vector<std::string>& segments) {
    std::string body;
    const bool core = segments[0] == "api";
    if (segments.size() == 1) {
        TRY(const Form form, negotiate_discovery(request.header("accept")));
        if (form == Form::json) {
            body = core ? render_api_versions(options_.advertised_address) : render_api_group_list();
        } else {
            const std::string_view type =
                form == Form::discovery_v2 ? "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
                                           : "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
            return http::Response(200, type, render_aggregated_discovery(core, form));
        }
    } else if (core) {
        body = render_api_resource_list({}, segments[1]);
    } else {
        body = segments.size() == 2 ? render_api_group(segments[1]) : render_api_resource_list(segments[1], segments[2]);
    }
    if (body.empty()) return no_such_path();
    return http::Response(200, "application/json", std::move(body));
}

Result<http::Response> ApiHandler::serve_system(const http::Request& request, const std::vector<std::string>& segments) {
    if (segments.empty())
        return http::Response(200, "application/json",
                        R"({"paths":["/api","/api/v1","/apis","/healthz","/healthz/ping","/livez","/livez/ping","/metrics",)"
                        R"("/openapi/v2","/openapi/v3","/orilla/v1/images","/orilla/v1/kubeconfig","/readyz","/readyz/ping",)"
                        R"("/readyz/startup","/version"]})" "\n");
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
