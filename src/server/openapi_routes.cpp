#include "openapi_routes.hpp"

#include <ctime>

#include "negotiation.hpp"
#include "openapi.hpp"
#include "uri.hpp"

namespace orilla::server {

namespace {
constexpr int64_t kept_s = 365 * 24 * 3600;

std::string http_date(int64_t wall_s) {
    const auto time = static_cast<time_t>(wall_s);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[64];
    const size_t length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text, length};
}

bool has_tag(const Request& request, const std::string& tag) {
    return request.header("if-none-match").find(tag) != std::string_view::npos;
}

Response not_modified(const std::string& tag) {
    Response response(304);
    response.content_type = {};
    response.add_header("ETag", tag);
    return response;
}

Response index(const Request& request) {
    const std::string tag = "\"" + openapi_v3_index_hash() + "\"";
    if (has_tag(request, tag)) return not_modified(tag);
    Response response(200, "application/json", render_openapi_v3_index());
    response.add_header("ETag", tag);
    response.add_header("Vary", "Accept");
    return response;
}

Response moved(const std::string& path, const std::string& hash) {
    Response response(301, {}, {});
    response.add_header("Location", "/openapi/v3/" + path + "?hash=" + hash);
    return response;
}

Result<Response> document(const Request& request, const std::string& path, int64_t now_wall_s) {
    const std::string hash = openapi_v3_hash(path);
    if (hash.empty()) return Error(Code::not_found, "the server could not find the requested resource");
    TRY(const auto query, Query::parse(request.query));
    const std::string_view asked = query.get("hash");
    if (!asked.empty() && asked != hash) return moved(path, hash);
    const std::string tag = "\"" + hash + "\"";
    if (has_tag(request, tag)) return not_modified(tag);
    Response response(200, "application/json", render_openapi_v3(path));
    response.add_header("ETag", tag);
    response.add_header("Vary", "Accept");
    if (asked.empty()) return response;
    // Its URL names its content. The client's cache computes with Expires minus Date.
    response.add_header("Cache-Control", "public, immutable");
    response.add_header("Date", http_date(now_wall_s));
    response.add_header("Expires", http_date(now_wall_s + kept_s));
    return response;
}
}  // namespace

Result<Response> serve_openapi(const Request& request, int64_t now_wall_s) {
    constexpr std::string_view v3 = "/openapi/v3";
    if (request.path == "/openapi/v2") {
        if (!accepts_openapi_v2_protobuf(request.header("accept")))
            return Error(Code::not_acceptable, "/openapi/v2 is only served as "
                                               "application/com.github.proto-openapi.spec.v2@v1.0+protobuf; see /openapi/v3");
        return Response(200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", render_openapi_v2_protobuf());
    }
    if (request.path == v3 || request.path == "/openapi/v3/") return index(request);
    if (!request.path.starts_with("/openapi/v3/"))
        return Error(Code::not_found, "the server could not find the requested resource");
    return document(request, std::string(request.path.substr(v3.size() + 1)), now_wall_s);
}

}  // namespace orilla::server
