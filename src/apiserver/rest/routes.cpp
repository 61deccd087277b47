#include "rest/routes.hpp"
#include "request/write_options.hpp"
#include "rest/delete.hpp"
#include "rest/metrics_api.hpp"
#include "rest/pod_parts.hpp"
#include "rest/read.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "request/status.hpp"
#include "rest/scale.hpp"
#include "rest/write.hpp"
#include "stream/watch.hpp"

namespace orilla::apiserver {

namespace {
template <objects::Part part>
Task<Result<http::Response>> update_part(Rest& rest, const ResourceRequest& request) {
    return update_item(rest, request, part);
}
template <objects::Part part>
Task<Result<http::Response>> patch_part(Rest& rest, const ResourceRequest& request) {
    return patch_item(rest, request, part);
}

constexpr Route all_routes[] = {
    {"*", "", "create", create_item},
    {"*", "", "delete", delete_item},
    {"*", "", "deletecollection", delete_collection},
    {"*", "", "get", get_item},
    {"*", "", "list", list_items},
    {"*", "", "patch", patch_part<objects::Part::main>},
    {"*", "", "update", update_part<objects::Part::main>},
    {"*", "", "watch", watch_items},
    {"*", "scale", "get", get_scale},
    {"*", "scale", "patch", patch_scale},
    {"*", "scale", "update", update_scale},
    {"*", "status", "get", get_item},
    {"*", "status", "patch", patch_part<objects::Part::status>},
    {"*", "status", "update", update_part<objects::Part::status>},
    {"namespaces", "finalize", "update", update_part<objects::Part::finalize>},
    {"pods", "binding", "create", bind_pod},
    {"pods", "eviction", "create", evict_pod},
    {"pods", "log", "get", read_pod_log, true},
    {"pods", "resize", "get", get_item},
    {"pods", "resize", "patch", patch_part<objects::Part::resize>},
    {"pods", "resize", "update", update_part<objects::Part::resize>},
};

/// Of kinds that nobody stores: whatever these tell has one here, and none above.
constexpr Route computed_routes[] = {
    {"nodes.metrics.k8s.io", "", "get", get_node_metrics},
    {"nodes.metrics.k8s.io", "", "list", list_node_metrics},
    {"pods.metrics.k8s.io", "", "get", get_pod_metrics},
    {"pods.metrics.k8s.io", "", "list", list_pod_metrics},
};

bool tells(const api::KindInfo& kind, const RequestInfo& info) {
    if (info.subresource.empty()) return kind.has_verb(info.verb);
    const api::SubresourceInfo* part = kind.find_subresource(info.subresource);
    return part && std::ranges::find(part->verbs, info.verb) != part->verbs.end();
}

/// For these kubectl has verbs: whoever calls one is told more than that there is no such path.
bool is_known_to_kubernetes(const RequestInfo& info) {
    static constexpr std::string_view parts[] = {"attach", "ephemeralcontainers", "exec", "portforward", "proxy"};
    return info.resource == "pods" && std::ranges::find(parts, info.subresource) != std::end(parts);
}

/// There are none, and no discovery names them: but kubectl lists them before it says that it knows no such kind, and
/// would tell of this list's absence instead.
bool lists_custom_resources(const http::Request& request) {
    return is_read(request.method) && request.path == "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
}

http::Response no_custom_resources() {
    return http::Response(
        200, "application/json",
        R"({"kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","metadata":{},"items":[]})"
        "\n");
}

void add_warnings(http::Response& response, const objects::Warnings& warnings) {
    for (const std::string& warning : warnings) {
        std::string value = "299 - \"";
        for (const char c : warning) {
            if (c == '"' || c == '\\') value += '\\';
            value += c;
        }
        response.add_header("Warning", value + "\"");
    }
}

Result<const Route*> choose_route(const api::KindInfo& kind, const RequestInfo& info) {
    if (!info.subresource.empty() && !kind.find_subresource(info.subresource)) {
        if (!is_known_to_kubernetes(info)) return no_such_path();
        return Error(Code::method_not_allowed,
                     fmt::format("pods/{} is not served by this version of Orilla", info.subresource));
    }
    const Route* route = tells(kind, info) ? find_route(kind, info.subresource, info.verb) : nullptr;
    // Across namespaces one may look, not write: a namespace that was forgotten must not empty the node.
    const bool across = kind.namespaced && info.ns.empty();
    const bool looks = info.verb == "get" || info.verb == "list" || info.verb == "watch";
    if (!route || (across && !looks)) return no_such_method();
    return route;
}
}  // namespace

std::span<const Route> routes(api::Payload payload) {
    if (payload == api::Payload::computed) return computed_routes;
    return all_routes;
}

const Route* find_route(const api::KindInfo& kind, std::string_view subresource, std::string_view verb) {
    for (const Route& route : routes(kind.payload))
        if ((route.resource == "*" || route.resource == kind.resource) && route.subresource == subresource &&
            route.verb == verb)
            return &route;
    return nullptr;
}

Task<Result<http::Response>> serve_resource(Rest& rest, const http::Request& request, const objects::Identity& who,
                                            RequestInfo info) {
    const api::KindInfo* kind = rest.kinds().find_resource(info.group, info.version, info.resource);
    if (lists_custom_resources(request)) co_return no_custom_resources();
    if (!kind || info.in_namespace != (kind->namespaced && !info.ns.empty())) co_return no_such_path();
    // All namespaces: only as a collection.
    if (kind->namespaced && info.ns.empty() && !info.name.empty()) co_return no_such_path();
    CO_CHECK(const Route* route, choose_route(*kind, info));
    if (!is_read(request.method) && request.method != http::Method::delete_)
        CO_CHECK_VOID(check_write_options(info.query, request));
    Form form = Form::json;
    if (!route->is_text) {
        CO_CHECK(form, negotiate_object(request.header("accept")));
    }
    const api::KindRef held(*kind);  // it may be removed meanwhile
    objects::Warnings warnings;
    const ResourceRequest resource{*kind, std::move(info), request, who, warnings, form};
    AWAIT(auto response, route->handler(rest, resource));
    if (response) add_warnings(*response, warnings);
    co_return std::move(response);
}

}  // namespace orilla::apiserver
