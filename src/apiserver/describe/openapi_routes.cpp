#include "describe/openapi_routes.hpp"

#include <fmt/core.h>

#include "describe/openapi_schemas.hpp"
#include "orilla/http/uri.hpp"
#include "request/negotiation.hpp"
#include "request/status.hpp"

namespace orilla::apiserver {

namespace {
constexpr int64_t kept_s = 365 * 24 * 3600;

bool has_tag(const http::Request& request, const std::string& tag) {
    return request.header("if-none-match").find(tag) != std::string_view::npos;
}

http::Response not_modified(const std::string& tag) {
    http::Response response(304);
    response.content_type = {};
    response.add_header("ETag", tag);
    return response;
}

http::Response index(OpenApiHashes& hashes, const http::Request& request) {
    std::string body = hashes.render_v3_index();
    const std::string tag = fmt::format("\"{}\"", hash_openapi(body));
    if (has_tag(request, tag)) return not_modified(tag);
    http::Response response(200, "application/json", std::move(body));
    response.add_header("ETag", tag);
    response.add_header("Vary", "Accept");
    return response;
}

http::Response moved(const std::string& path, const std::string& hash) {
    http::Response response(301, {}, {});
    response.add_header("Location", fmt::format("/openapi/v3/{}?hash={}", path, hash));
    return response;
}

Result<http::Response> document(OpenApiHashes& hashes, const http::Request& request, const std::string& path,
                                int64_t now_wall_s) {
    const std::string hash = hashes.find_v3(path);
    if (hash.empty()) return no_such_path();
    TRY(const auto query, http::Query::parse(request.query));
    const std::string_view asked = query.get("hash");
    if (!asked.empty() && asked != hash) return moved(path, hash);
    const std::string tag = fmt::format("\"{}\"", hash);
    if (has_tag(request, tag)) return not_modified(tag);
    http::Response response(200, "application/json", render_openapi_v3(hashes.kinds(), path));
    response.add_header("ETag", tag);
    response.add_header("Vary", "Accept");
    if (asked.empty()) return response;
    // Its URL names its content. The client's cache computes with Expires minus Date.
    response.add_header("Cache-Control", "public, immutable");
    response.add_header("Expires", http::render_http_date(now_wall_s + kept_s));
    return response;
}
Result<http::Response> version_2(OpenApiHashes& hashes, const http::Request& request) {
    const std::string_view accept = request.header("accept");
    if (prefers_openapi_v2_protobuf(accept))
        return http::Response(200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
                              render_openapi_v2_protobuf(hashes.kinds()));
    if (!accepts_json(accept))
        return Error(Code::not_acceptable,
                     "only the following media types are accepted: application/json, "
                     "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
    const std::string tag = fmt::format("\"{}\"", hashes.v2());
    if (has_tag(request, tag)) return not_modified(tag);
    http::Response response(200, "application/json", render_openapi_v2(hashes.kinds()));
    response.add_header("ETag", tag);
    response.add_header("Vary", "Accept");
    return response;
}
}  // namespace

Result<http::Response> serve_openapi(OpenApiHashes& hashes, const http::Request& request, int64_t now_wall_s) {
    constexpr std::string_view v3 = "/openapi/v3";
    if (request.path == "/openapi/v2") return version_2(hashes, request);
    if (request.path == v3 || request.path == "/openapi/v3/") return index(hashes, request);
    if (!request.path.starts_with("/openapi/v3/")) return no_such_path();
    return document(hashes, request, std::string(request.path.substr(v3.size() + 1)), now_wall_s);
}

}  // namespace orilla::apiserver
