// What both versions of the OpenAPI documents say about types: a schema for each struct, under the name that the reference
// server gives it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "orilla/kinds/registry.hpp"

namespace orilla::apiserver {

enum class OpenApi { v2, v3 };

/// A cache key, not a signature.
std::string hash_openapi(std::string_view text);
/// The document that a kind is in: api/v1, apis/apps/v1.
std::string openapi_document_path(const api::KindInfo& kind);

std::string schema_name(const api::TypeInfo& type);
/// What `$ref` says.
std::string schema_reference(const api::TypeInfo& type, OpenApi version);

using OpenApiSchemas = std::map<std::string, const api::TypeInfo*>;
/// A type and all that it is made of.
void collect_schemas(const api::TypeInfo& root, OpenApiSchemas& schemas);
/// The schemas by name, in braces; those of kinds say so.
void append_schemas(std::string& out, const api::KindRegistry& kinds, const OpenApiSchemas& schemas, OpenApi version);

}  // namespace orilla::apiserver
