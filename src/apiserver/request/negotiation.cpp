#include "request/negotiation.hpp"

#include <algorithm>
#include <optional>

#include "orilla/http/message.hpp"

namespace orilla::apiserver {

namespace {
std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// The part before `separator`; `text` goes on behind it.
std::string_view take(std::string_view& text, char separator) {
    const size_t at = text.find(separator);
    const std::string_view part = trim(text.substr(0, at));
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return part;
}

bool is_json(const MediaType& type) {
    return equal_fold(type.type, "application/json") || type.type == "*/*" || equal_fold(type.type, "application/*");
}

bool is_yaml(const MediaType& type) { return equal_fold(type.type, "application/yaml"); }

/// What an entry of Accept asks for, of what there is for objects.
std::optional<Form> form_of(const MediaType& type) {
    if (!is_json(type) && !is_yaml(type)) return std::nullopt;
    if (type.as.empty()) return Form::json;
    if (type.group != "meta.k8s.io") return std::nullopt;
    if (type.as == "Table" && type.version == "v1") return Form::table;
    if (type.as == "Table" && type.version == "v1beta1") return Form::table_v1beta1;
    if (type.as.starts_with("PartialObjectMetadata") && type.version == "v1") return Form::partial_metadata;
    return std::nullopt;
}

Error not_acceptable() {
    return Error(Code::not_acceptable, "only the following media types are accepted: application/json, application/yaml");
}
}  // namespace

MediaType parse_media_type(std::string_view text) {
    MediaType type;
    type.type = take(text, ';');
    while (!text.empty()) {
        std::string_view parameter = take(text, ';');
        const std::string_view name = take(parameter, '=');
        if (name == "as") type.as = trim(parameter);
        if (name == "g") type.group = trim(parameter);
        if (name == "v") type.version = trim(parameter);
    }
    return type;
}

std::vector<MediaType> parse_accept(std::string_view header) {
    std::vector<MediaType> types;
    while (!header.empty() && types.size() < accept_entries_max) {
        const std::string_view entry = take(header, ',');
        if (!entry.empty()) types.push_back(parse_media_type(entry));
    }
    return types;
}

Result<Form> negotiate_object(std::string_view accept) {
    if (accept.empty() || accept == "application/json") return Form::json;
    for (const MediaType& type : parse_accept(accept))
        if (const auto form = form_of(type)) return *form;
    return not_acceptable();
}

Result<Form> negotiate_discovery(std::string_view accept) {
    if (accept.empty()) return Form::json;
    for (const MediaType& type : parse_accept(accept)) {
        if (!is_json(type) && !is_yaml(type)) continue;
        if (type.as.empty()) return Form::json;
        if (type.group != "apidiscovery.k8s.io" || type.as != "APIGroupDiscoveryList") continue;
        if (type.version == "v2") return Form::discovery_v2;
        if (type.version == "v2beta1") return Form::discovery_v2beta1;
    }
    return not_acceptable();
}

bool prefers_yaml(std::string_view accept) {
    if (accept.find("yaml") == std::string_view::npos) return false;
    for (const MediaType& type : parse_accept(accept)) {
        const bool is_discovery = type.group == "apidiscovery.k8s.io" && (is_json(type) || is_yaml(type));
        if (form_of(type) || is_discovery) return is_yaml(type);
    }
    return false;
}

bool accepts_json(std::string_view accept) {
    if (accept.empty()) return true;
    const auto types = parse_accept(accept);
    return std::ranges::any_of(types, is_json);
}

bool prefers_openapi_v2_protobuf(std::string_view accept) {
    for (const MediaType& type : parse_accept(accept)) {
        if (type.type == "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" ||
            type.type == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
            return true;
        if (is_json(type)) return false;
    }
    return false;
}

bool accepts_gzip(std::string_view accept_encoding) {
    while (!accept_encoding.empty()) {
        std::string_view weight = take(accept_encoding, ',');
        const std::string_view coding = take(weight, ';');
        weight = trim(weight);
        if (!equal_fold(coding, "gzip") && coding != "*") continue;
        // q=0, q=0.0 and the like refuse it.
        const bool refused = weight.starts_with("q=") && weight.find_first_not_of("0.", 2) == std::string_view::npos;
        return !refused;
    }
    return false;
}

}  // namespace orilla::apiserver
