#include <fmt/core.h>
#include <cstdint>

#include "describe/openapi.hpp"
#include "describe/openapi_schemas.hpp"

namespace orilla::apiserver {

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
    const std::string yaml = fmt::format("group: \"{}\"\nkind: {}\nversion: {}\n", kind.group, kind.kind, kind.version);
    const std::string extension = field(1, "x-kubernetes-group-version-kind") + field(2, field(2, yaml));
    std::string operation;
    for (const char* type :
         {"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"})
        operation += field(7, type);
    operation += query_parameter("fieldValidation") + query_parameter("dryRun") + field(13, extension);
    return field(2, field(1, kind_path(kind)) + field(2, field(8, operation)));
}
}  // namespace

// ---- JSON ------------------------------------------------------------------------------------------------------------

namespace {
constexpr std::string_view list_meta_name = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
constexpr std::string_view list_meta_schema =
    R"({"type":"object","properties":{"continue":{"type":"string"},"remainingItemCount":{"type":"integer","format":"int64"},)"
    R"("resourceVersion":{"type":"string"},"selfLink":{"type":"string"}}})";

std::string reference(const std::string& name) { return "{\"$ref\":\"#/definitions/" + name + "\"}"; }

std::string kind_of(const api::KindInfo& kind, std::string_view name) {
    return R"({"group":")" + std::string(kind.group) + R"(","kind":")" + std::string(name) + R"(","version":")" +
           std::string(kind.version) + "\"}";
}

std::string list_name(const api::KindInfo& kind) { return schema_name(*kind.type) + "List"; }

/// Lists are no types of their own here.
std::string list_schema(const api::KindInfo& kind) {
    return R"({"type":"object","properties":{"apiVersion":{"type":"string"},"items":{"type":"array","items":)" +
           reference(schema_name(*kind.type)) + R"(},"kind":{"type":"string"},"metadata":)" +
           reference(std::string(list_meta_name)) + R"(},"required":["items"],"x-kubernetes-group-version-kind":[)" +
           kind_of(kind, kind.list_kind) + "]}";
}

std::string query_parameters(std::initializer_list<std::string_view> names) {
    std::string out;
    for (const std::string_view name : names)
        out += R"(,{"in":"query","name":")" + std::string(name) + R"(","type":"string","uniqueItems":true})";
    return out;
}

struct Operation {
    std::string_view method, action, consumes, body, parameters, answer;
};

void append_operation_v2(std::string& out, const api::KindInfo& kind, const Operation& operation) {
    if (out.back() != '{') out += ',';
    out += "\"" + std::string(operation.method) + R"(":{"operationId":")" + std::string(operation.action) +
           std::string(kind.kind) + '"';
    if (!operation.consumes.empty()) out += R"(,"consumes":[)" + std::string(operation.consumes) + "]";
    std::string parameters;
    if (!operation.body.empty())
        parameters = R"(,{"in":"body","name":"body","required":true,"schema":)" + std::string(operation.body) + "}";
    parameters += operation.parameters;
    if (!parameters.empty()) out += R"(,"parameters":[)" + parameters.substr(1) + "]";
    out += R"(,"produces":["application/json","application/yaml"],"responses":{"200":{"description":"OK","schema":)" +
           std::string(operation.answer) + R"(}},"x-kubernetes-action":")" + std::string(operation.action) +
           R"(","x-kubernetes-group-version-kind":)" + kind_of(kind, kind.kind) + "}";
}

void append_paths_v2(std::string& out, const api::KindInfo& kind) {
    constexpr std::string_view objects = R"("application/json","application/yaml","application/vnd.kubernetes.protobuf")";
    constexpr std::string_view patches =
        R"("application/json-patch+json","application/merge-patch+json","application/strategic-merge-patch+json")";
    const std::string object = reference(schema_name(*kind.type));
    const std::string list = reference(list_name(kind));
    const std::string written = query_parameters({"dryRun", "fieldManager", "fieldValidation", "pretty"});
    const std::string listed = query_parameters({"continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
                                                 "resourceVersionMatch", "timeoutSeconds", "watch", "pretty"});
    const std::string item = kind_path(kind);
    if (out.back() != '{') out += ',';
    out += "\"" + item.substr(0, item.rfind('/')) + "\":{";
    append_operation_v2(out, kind, {"get", "list", {}, {}, listed, list});
    if (kind.has_verb("create")) append_operation_v2(out, kind, {"post", "post", objects, object, written, object});
    out += "},\"" + item + "\":{";
    append_operation_v2(out, kind, {"get", "get", {}, {}, query_parameters({"pretty"}), object});
    append_operation_v2(out, kind, {"put", "put", objects, object, written, object});
    append_operation_v2(out, kind, {"patch", "patch", patches, R"({"type":"object"})", written, object});
    append_operation_v2(
        out, kind,
        {"delete", "delete", {}, {}, query_parameters({"dryRun", "gracePeriodSeconds", "propagationPolicy"}), object});
    out += '}';
}
}  // namespace

std::string render_openapi_v2(const api::KindRegistry& kinds) {
    std::string paths = "{";
    std::string lists;
    OpenApiSchemas schemas;
    for (const api::KindInfo& kind : kinds.all()) {
        append_paths_v2(paths, kind);
        collect_schemas(*kind.type, schemas);
        lists += fmt::format(",\"{}\":{}", list_name(kind), list_schema(kind));
    }
    std::string out =
        R"({"swagger":"2.0","info":{"title":"Kubernetes","version":"v1.33.0"},"paths":)" + paths + R"(},"definitions":)";
    append_schemas(out, kinds, schemas, OpenApi::v2);
    out.pop_back();
    return out + lists + ",\"" + std::string(list_meta_name) + "\":" + std::string(list_meta_schema) + "}}\n";
}

// ---- protobuf --------------------------------------------------------------------------------------------------------

std::string render_openapi_v2_protobuf(const api::KindRegistry& kinds) {
    std::string paths;
    for (const api::KindInfo& kind : kinds.all()) paths += named_path(kind);
    return field(1, "2.0") + field(2, field(1, "Kubernetes") + field(2, "v1.33.0")) + field(8, paths);
}

}  // namespace orilla::apiserver
