#include "request/request_info.hpp"

#include <span>

#include "request/status.hpp"

namespace orilla::apiserver {

namespace {
using Segments = std::span<std::string>;

/// False when the segments are no resource's.
Result<bool> take_resource(Segments segments, RequestInfo& info) {
    size_t at = 0;
    if (segments.size() >= 3 && segments[0] == "api") {
        at = 2;
    } else if (segments.size() >= 4 && segments[0] == "apis") {
        at = 3;
    } else {
        return false;
    }
    // /namespaces/NS/RESOURCE is inside a namespace; /namespaces/NS itself and its subresources are the object.
    const bool is_part = segments.size() == at + 3 && (segments[at + 2] == "status" || segments[at + 2] == "finalize");
    const bool in_namespace = segments[at] == "namespaces" && segments.size() >= at + 3 && !is_part;
    const size_t resource_at = in_namespace ? at + 2 : at;
    constexpr size_t parts = 3;  // resource, name, subresource
    if (segments.size() > resource_at + parts) return no_such_path();
    info.version = std::move(segments[at - 1]);
    if (at == 3) info.group = std::move(segments[1]);
    if (in_namespace) info.ns = std::move(segments[at + 1]);
    info.in_namespace = in_namespace;
    std::string* const places[parts] = {&info.resource, &info.name, &info.subresource};
    for (size_t i = resource_at; i < segments.size(); ++i) *places[i - resource_at] = std::move(segments[i]);
    return true;
}

/// As discovery lists them.
std::string_view verb_of(http::Method method, const RequestInfo& info, bool watches) {
    const bool has_name = !info.name.empty();
    switch (method) {
        case http::Method::get:
        case http::Method::head: return watches ? "watch" : has_name ? "get" : "list";
        case http::Method::post: return !has_name || !info.subresource.empty() ? "create" : "";
        case http::Method::put: return has_name ? "update" : "";
        case http::Method::patch: return has_name ? "patch" : "";
        case http::Method::delete_: return has_name ? "delete" : "deletecollection";
        case http::Method::other: break;
    }
    return {};
}
}  // namespace

bool is_read(http::Method method) { return method == http::Method::get || method == http::Method::head; }

Result<RequestInfo> parse_request_info(const http::Request& request) {
    RequestInfo info;
    TRY(info.segments, http::split_path(request.path));
    TRY(const bool is_resource, take_resource(info.segments, info));
    if (!is_resource) return info;
    info.segments.clear();
    TRY(info.query, http::Query::parse(request.query));
    TRY(const bool watches, info.query.flag("watch"));
    info.verb = verb_of(request.method, info, watches && info.subresource.empty());
    return info;
}

}  // namespace orilla::apiserver
