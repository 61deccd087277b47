#include "describe/openapi.hpp"
#include "describe/openapi_schemas.hpp"
#include "orilla/schema/codec.hpp"

namespace orilla::apiserver {

namespace {
void append_operation(std::string& out, const api::KindInfo& kind, std::string_view method, std::string_view action) {
    const std::string schema = "{\"schema\":{\"$ref\":\"" + schema_reference(*kind.type, OpenApi::v3) + "\"}}";
    out += "\"" + std::string(method) + "\":{\"operationId\":\"" + std::string(action) + std::string(kind.kind) + "\"";
    if (method != "get") {
        out += R"(,"parameters":[)";
        for (const char* name : {"dryRun", "fieldManager", "fieldValidation"}) {
            if (out.back() != '[') out += ',';
            out += R"({"name":")" + std::string(name) + R"(","in":"query","schema":{"type":"string"}})";
        }
        out += R"(],"requestBody":{"content":{)";
        if (method == "patch")
            out += R"("application/json-patch+json":)" + schema + R"(,"application/merge-patch+json":)" + schema +
                   R"(,"application/strategic-merge-patch+json":)" + schema;
        else out += "\"*/*\":" + schema;
        out += "}}";
    }
    out += R"(,"responses":{"200":{"description":"OK","content":{"application/json":)" + schema + "}}}";
    out += R"(,"x-kubernetes-action":")" + std::string(action) + R"(","x-kubernetes-group-version-kind":{"group":")" +
           std::string(kind.group) + R"(","kind":")" + std::string(kind.kind) + R"(","version":")" + std::string(kind.version) +
           "\"}}";
}

void append_paths(std::string& out, const api::KindInfo& kind) {
    const std::string base =
        "/" + openapi_document_path(kind) + (kind.namespaced ? "/namespaces/{namespace}/" : "/") + std::string(kind.plural);
    if (out.back() != '{') out += ',';
    api::append_json_string(out, base);
    out += ":{";
    append_operation(out, kind, "get", "list");
    out += ',';
    append_operation(out, kind, "post", "post");
    out += "},";
    api::append_json_string(out, base + "/{name}");
    out += ":{";
    append_operation(out, kind, "get", "get");
    out += ',';
    append_operation(out, kind, "put", "put");
    out += ',';
    append_operation(out, kind, "patch", "patch");
    out += '}';
}
}  // namespace

std::string render_openapi_v3(const api::KindRegistry& kinds, std::string_view path) {
    std::string paths = "{";
    OpenApiSchemas schemas;
    for (const api::KindInfo& kind : kinds.all()) {
        if (openapi_document_path(kind) != path) continue;
        append_paths(paths, kind);
        collect_schemas(*kind.type, schemas);
    }
    if (schemas.empty()) return {};
    std::string out = R"({"openapi":"3.0.0","info":{"title":"Kubernetes","version":"v1.33.0"},"paths":)" + paths +
                      R"(},"components":{"schemas":)";
    append_schemas(out, kinds, schemas, OpenApi::v3);
    return out + "}}\n";
}

}  // namespace orilla::apiserver
