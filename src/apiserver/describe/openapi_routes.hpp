// The OpenAPI documents with the headers that let clients keep them.
#pragma once

#include "describe/openapi.hpp"
#include "orilla/base/result.hpp"
#include "orilla/http/message.hpp"

namespace orilla::apiserver {

/// `path` is that of the request, /openapi/...; `now_wall_s` dates what may be kept.
Result<http::Response> serve_openapi(OpenApiHashes& hashes, const http::Request& request, int64_t now_wall_s);

}  // namespace orilla::apiserver
