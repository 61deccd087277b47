#include <cstdint>

#include "openapi.hpp"
#include "orilla/api/kinds.hpp"

namespace orilla::server {

namespace {
/// Protobuf's wire format, as far as nested messages and strings go.
void append_varint(std::string& out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

std::string field(unsigned number, std::string_view content) {
    std::string out;
    append_varint(out, number << 3 | 2);
    append_varint(out, content.size());
    return out += content;
}

/// in "query", its name, of type string.
std::string query_parameter(std::string_view name) {
    const std::string sub_schema = field(2, "query") + field(4, name) + field(6, "string");
    return field(8, field(1, field(2, field(3, sub_schema))));
}

std::string kind_path(const api::KindInfo& kind) {
    const std::string base = (kind.group.empty() ? "/api/" : "/apis/") + std::string(kind.api_version);
    return base + (kind.namespaced ? "/namespaces/{namespace}/" : "/") + std::string(kind.plural) + "/{name}";
}

std::string named_path(const api::KindInfo& kind) {
    const std::string yaml = "group: \"" + std::string(kind.group) + "\"\nkind: " + std::string(kind.kind) +
                             "\nversion: " + std::string(kind.version) + "\n";
    const std::string extension = field(1, "x-kubernetes-group-version-kind") + field(2, field(2, yaml));
    std::string operation;
    for (const char* type : {"application/json-patch+json", "application/merge-patch+json",
                             "application/strategic-merge-patch+json"})
        operation += field(7, type);
    operation += query_parameter("fieldValidation") + query_parameter("dryRun") + field(13, extension);
    return field(2, field(1, kind_path(kind)) + field(2, field(8, operation)));
}
}  // namespace

std::string render_openapi_v2_protobuf() {
    std::string paths;
    for (const api::KindInfo& kind : api::all_kinds()) paths += named_path(kind);
    return field(1, "2.0") + field(2, field(1, "Kubernetes") + field(2, "v1.33.0")) + field(8, paths);
}

}  // namespace orilla::server
