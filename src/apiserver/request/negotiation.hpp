// Which form of an answer a client asked for. The first entry of its Accept list that can be served wins; JSON and YAML are
// always there, so only a list without either is refused.
#pragma once

#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::apiserver {

constexpr size_t accept_entries_max = 32;

/// One entry of Accept, or a Content-Type: `application/json;as=Table;v=v1;g=meta.k8s.io`.
struct MediaType {
    std::string_view type;  ///< application/json
    std::string_view as;
    std::string_view group;
    std::string_view version;
};
MediaType parse_media_type(std::string_view text);
std::vector<MediaType> parse_accept(std::string_view header);

enum class Form {
    json,
    table,  ///< meta.k8s.io/v1 Table
    table_v1beta1,
    partial_metadata,  ///< meta.k8s.io/v1 PartialObjectMetadata or ...List
    discovery_v2,
    discovery_v2beta1,
    openapi_v2_protobuf,
};

/// For objects and lists: json, table or partial_metadata. not_acceptable when nothing fits.
Result<Form> negotiate_object(std::string_view accept);
/// For /api and /apis: json or discovery.
Result<Form> negotiate_discovery(std::string_view accept);
/// Whether the entry that wins, for objects and discovery, is YAML.
bool prefers_yaml(std::string_view accept);
/// For what is never YAML.
bool accepts_json(std::string_view accept);
/// Of OpenAPI version 2, which is JSON for everybody else.
bool prefers_openapi_v2_protobuf(std::string_view accept);
/// Accept-Encoding has gzip.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace orilla::apiserver
