// The OpenAPI documents that kubectl reads before it applies, patches or explains: version 3 for each API group, version 2
// for all of them in one, and the smallest version 2 document (protobuf) that 1.27 and 1.28 accept. All of it is rendered from
// the tables when asked for; only the hashes of the documents are kept, because they are the clients' cache keys.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "orilla/kinds/registry.hpp"

namespace orilla::apiserver {

/// GET /openapi/v3/PATH, `path` such as apis/apps/v1; empty when there is none.
std::string render_openapi_v3(const api::KindRegistry& kinds, std::string_view path);
/// GET /openapi/v2, as JSON with all schemas and their operations, for clients that read types from it.
std::string render_openapi_v2(const api::KindRegistry& kinds);
/// The same in protobuf, as little as kubectl 1.27 and 1.28 need.
std::string render_openapi_v2_protobuf(const api::KindRegistry& kinds);

/// Made when they are first asked for, and again when the kinds have changed.
class OpenApiHashes {
  public:
    /// `kinds` outlives it.
    explicit OpenApiHashes(const api::KindRegistry& kinds) : kinds_(kinds) {}
    const api::KindRegistry& kinds() const { return kinds_; }

    /// Of the version 3 document; empty when there is none.
    std::string find_v3(std::string_view path);
    const std::string& v2();
    /// GET /openapi/v3: every path, with its hash.
    std::string render_v3_index();

  private:
    void follow_kinds();
    const std::map<std::string, std::string, std::less<>>& all_v3();

    const api::KindRegistry& kinds_;
    uint64_t revision_ = 0;                               ///< of the kinds
    std::map<std::string, std::string, std::less<>> v3_;  ///< path -> hash
    std::string v2_;
};

}  // namespace orilla::apiserver
