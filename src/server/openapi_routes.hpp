// The OpenAPI documents with the headers that let clients keep them.
#pragma once

#include "http_message.hpp"
#include "orilla/base/result.hpp"

namespace orilla::server {

/// `path` is that of the request, /openapi/...; `now_wall_s` dates what may be kept.
Result<Response> serve_openapi(const Request& request, int64_t now_wall_s);

}  // namespace orilla::server
