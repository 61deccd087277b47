// The OpenAPI documents that kubectl reads before it applies, patches or explains: version 3 for each API group, version 2
// for all of them in one, and the smallest version 2 document (protobuf) that 1.27 and 1.28 accept. All of it is rendered from the tables when asked
// for; only the hashes of the documents are kept, because they are the clients' cache keys.
#pragma once

#include <string>
#include <string_view>

namespace orilla::apiserver {

/// GET /openapi/v3.
std::string render_openapi_v3_index();
/// GET /openapi/v3/PATH, `path` such as apis/apps/v1; empty when there is none.
std::string render_openapi_v3(std::string_view path);
/// The hash that the index names for it; empty when there is none.
std::string openapi_v3_hash(std::string_view path);
/// Hash of the index itself.
std::string openapi_v3_index_hash();

/// GET /openapi/v2, as JSON with all schemas and their operations, for clients that read types from it.
std::string render_openapi_v2();
std::string openapi_v2_hash();
/// The same in protobuf, as little as kubectl 1.27 and 1.28 need.
std::string render_openapi_v2_protobuf();

}  // namespace orilla::apiserver
