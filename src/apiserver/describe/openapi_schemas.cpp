#include "describe/openapi_schemas.hpp"

#include <fmt/core.h>
#include <vector>

#include "describe/descriptions.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/values.hpp"

namespace orilla::apiserver {

/// 64-bit FNV-1a as text.
std::string hash_openapi(std::string_view text) {
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789ABCDEF"[hash >> shift & 15];
    return out;
}

std::string openapi_document_path(const api::KindInfo& kind) {
    return (kind.group.empty() ? "api/" : "apis/") + std::string(kind.api_version);
}

/// io.k8s.api.apps.v1.Deployment: as the reference server names it.
std::string schema_name(const api::TypeInfo& type) {
    switch (type.kind) {
        case api::Kind::quantity: return "io.k8s.apimachinery.pkg.api.resource.Quantity";
        case api::Kind::int_or_string: return "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
        case api::Kind::time: return "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
        case api::Kind::micro_time: return "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
        case api::Kind::raw: return "io.k8s.apimachinery.pkg.runtime.RawExtension";
        default: break;
    }
    const std::string package(type.package);
    if (package == "meta/v1") return "io.k8s.apimachinery.pkg.apis.meta.v1." + std::string(type.name);
    const size_t slash = package.find('/');
    if (slash == std::string::npos) return fmt::format("io.k8s.api.core.{}.{}", package, type.name);
    const std::string directory = package.substr(0, std::min(package.find('.'), slash));
    return fmt::format("io.k8s.api.{}.{}.{}", directory, package.substr(slash + 1), type.name);
}

std::string schema_reference(const api::TypeInfo& type, OpenApi version) {
    return (version == OpenApi::v2 ? "#/definitions/" : "#/components/schemas/") + schema_name(type);
}

namespace {
/// Types that have a schema of their own, rather than being written out where they are used.
bool is_named(const api::TypeInfo& type) {
    switch (type.kind) {
        case api::Kind::object:
        case api::Kind::quantity:
        case api::Kind::int_or_string:
        case api::Kind::time:
        case api::Kind::micro_time:
        case api::Kind::raw: return true;
        default: return false;
    }
}

std::string_view leaf_schema(api::Kind kind) {
    switch (kind) {
        case api::Kind::boolean: return R"("type":"boolean")";
        case api::Kind::int32: return R"("type":"integer","format":"int32")";
        case api::Kind::int64: return R"("type":"integer","format":"int64")";
        case api::Kind::number: return R"("type":"number","format":"double")";
        case api::Kind::bytes: return R"("type":"string","format":"byte")";
        case api::Kind::int_or_string: return R"("type":"string","format":"int-or-string")";
        case api::Kind::time:
        case api::Kind::micro_time: return R"("type":"string","format":"date-time")";
        case api::Kind::raw:
        case api::Kind::object: return R"("type":"object")";
        case api::Kind::string:
        case api::Kind::quantity: break;
    }
    return R"("type":"string")";
}

/// The members of an element's schema, without braces.
std::string element_schema(const api::TypeInfo& type, OpenApi version) {
    if (!is_named(type)) return std::string(leaf_schema(type.kind));
    return fmt::format("\"$ref\":\"{}\"", schema_reference(type, version));
}

void append_next_member(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out += ',';
    api::append_json_string(out, name);
    out += ':';
    api::append_json_string(out, value);
}

void append_string_list(std::string& out, std::string_view name, std::span<const std::string_view> values) {
    if (values.empty()) return;
    out += ',';
    api::append_json_string(out, name);
    out += ":[";
    for (size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ',';
        api::append_json_string(out, values[i]);
    }
    out += ']';
}

/// What stands beside the type: description, default, enum and the facts that patches need. Starts with a comma or is empty.
std::string field_facts(const api::TypeInfo& type, const api::FieldInfo& field) {
    const api::FieldRules& rules = field.rules();
    std::string out;
    append_next_member(out, "description", describe_field(type.name, field.name));
    if (!rules.default_json.empty()) out += ",\"default\":" + std::string(rules.default_json);
    if (!rules.open_enum && field.shape != api::Shape::list) append_string_list(out, "enum", rules.enum_values);
    append_next_member(out, "x-kubernetes-patch-strategy", rules.patch_strategy);
    append_next_member(out, "x-kubernetes-patch-merge-key", rules.merge_key);
    append_next_member(out, "x-kubernetes-list-type", rules.list_type);
    append_string_list(out, "x-kubernetes-list-map-keys", rules.list_map_keys);
    append_next_member(out, "x-kubernetes-map-type", rules.map_type.empty() ? rules.struct_type : rules.map_type);
    return out;
}

void append_field_schema(std::string& out, const api::TypeInfo& type, const api::FieldInfo& field, OpenApi version) {
    api::append_json_string(out, field.name);
    out += ":{";
    const std::string element = element_schema(*field.type, version);
    const std::string facts = field_facts(type, field);
    if (field.shape == api::Shape::list) out += "\"type\":\"array\",\"items\":{" + element + "}";
    else if (field.shape == api::Shape::map) out += "\"type\":\"object\",\"additionalProperties\":{" + element + "}";
    // Version 3 reads nothing beside a reference.
    else if (version == OpenApi::v3 && is_named(*field.type) && !facts.empty()) out += "\"allOf\":[{" + element + "}]";
    else out += element;
    out += facts + "}";
}

/// Every document has them, and no struct.
void append_type_meta(std::string& out) {
    for (const char* name : {"apiVersion", "kind"}) {
        if (out.back() != '{') out += ',';
        api::append_json_string(out, name);
        out += ":{\"type\":\"string\"";
        append_next_member(out, "description", describe_field("*", name));
        out += '}';
    }
}

void append_type_schema(std::string& out, const api::KindRegistry& kinds, const api::TypeInfo& type, OpenApi version) {
    api::append_json_string(out, schema_name(type));
    out += ":{";
    out += leaf_schema(type.kind);
    append_next_member(out, "description", describe_type(type.name));
    if (type.kind == api::Kind::object) {
        std::vector<std::string_view> required;
        out += ",\"properties\":{";
        if (type.is_document()) append_type_meta(out);
        for (const api::FieldInfo& field : type.fields) {
            if (out.back() != '{') out += ',';
            append_field_schema(out, type, field, version);
            if (field.required) required.push_back(field.name);
        }
        out += '}';
        append_string_list(out, "required", required);
    }
    if (const api::KindInfo* kind = type.kind == api::Kind::object ? kinds.find(type) : nullptr) {
        out += R"(,"x-kubernetes-group-version-kind":[{"group":")" + std::string(kind->group) + R"(","kind":")" +
               std::string(kind->kind) + R"(","version":")" + std::string(kind->version) + R"("}])";
    }
    out += '}';
}
}  // namespace

void collect_schemas(const api::TypeInfo& root, OpenApiSchemas& schemas) {
    std::vector<const api::TypeInfo*> open = {&root};
    while (!open.empty()) {
        const api::TypeInfo* type = open.back();
        open.pop_back();
        if (!is_named(*type) || !schemas.emplace(schema_name(*type), type).second) continue;
        for (const api::FieldInfo& field : type->fields) open.push_back(field.type);
    }
}

void append_schemas(std::string& out, const api::KindRegistry& kinds, const OpenApiSchemas& schemas, OpenApi version) {
    out += '{';
    for (const auto& [name, type] : schemas) {
        if (out.back() != '{') out += ',';
        append_type_schema(out, kinds, *type, version);
    }
    out += '}';
}

}  // namespace orilla::apiserver
