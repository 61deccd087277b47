#include "request/body.hpp"

#include "orilla/kinds/protobuf.hpp"
#include "orilla/objects/decoding.hpp"
#include "orilla/schema/manifest.hpp"
#include "request/negotiation.hpp"

namespace orilla::apiserver {

namespace {
enum class BodyType { json, yaml, protobuf };

Result<BodyType> body_type_of(const http::Request& request) {
    const MediaType type = parse_media_type(request.header("content-type"));
    if (type.type.empty() || equal_fold(type.type, "application/json")) return BodyType::json;
    if (equal_fold(type.type, "application/yaml")) return BodyType::yaml;
    if (type.type == api::protobuf_content_type) return BodyType::protobuf;
    return Error(Code::unsupported_media_type,
                 "the body of the request was in an unknown format - accepted media types include: application/json, "
                 "application/yaml, " +
                     std::string(api::protobuf_content_type));
}

/// A few bytes of YAML are megabytes once their aliases are expanded.
bool may_expand(std::string_view yaml) {
    return yaml.find('&') != std::string_view::npos && yaml.find('*') != std::string_view::npos;
}

Result<std::string> yaml_to_json(std::string_view text) {
    TRY(auto documents, api::read_documents(text, "body"));
    if (documents.empty()) return std::string();
    if (documents.size() > 1) return Error(Code::bad_request, "the body of the request has more than one YAML document");
    return std::move(documents.front().json);
}
}  // namespace

Result<std::string> body_as_json(const api::KindRegistry& kinds, const http::Request& request, const api::TypeInfo& wanted) {
    TRY(const BodyType type, body_type_of(request));
    const size_t bytes_max = type == BodyType::yaml ? yaml_at_once_bytes_max : objects::decoded_per_turn_bytes_max;
    if (request.body.size() > bytes_max)
        return Error(Code::too_large, "Request entity too large: limit is " + std::to_string(bytes_max));
    switch (type) {
        case BodyType::json: break;
        case BodyType::yaml:
            if (may_expand(request.body))
                return Error(Code::bad_request, "anchors (&) and aliases (*) are not taken in a body of this kind");
            return yaml_to_json(request.body);
        case BodyType::protobuf: return api::protobuf_to_json(kinds, request.body, &wanted);
    }
    return std::string(request.body);
}

loop::Task<Result<std::string>> read_body(LargeWork where, const api::KindRegistry& kinds, const http::Request& request,
                                          const api::TypeInfo& wanted) {
    auto type = body_type_of(request);
    if (!type) co_return std::move(type).error();
    std::string text(request.body);
    if (*type == BodyType::json) co_return text;
    if (*type == BodyType::yaml) {
        if (text.size() <= yaml_at_once_bytes_max && !may_expand(text)) co_return yaml_to_json(text);
        auto convert = [text = std::move(text)] { return yaml_to_json(text); };
        CO_RETURN_AWAIT(run_long(where, std::move(convert)));
    }
    auto json = api::protobuf_to_json(kinds, text, &wanted);
    if (text.size() > objects::decoded_per_turn_bytes_max) co_await where.loop.yield();
    co_return json;
}

}  // namespace orilla::apiserver
