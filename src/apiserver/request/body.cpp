// What writes share: the query parameters about how to write, and the body in its several encodings.
#include <algorithm>

#include "orilla/kinds/protobuf.hpp"
#include "orilla/objects/decoding.hpp"
#include "orilla/schema/field_errors.hpp"
#include "orilla/schema/manifest.hpp"
#include "orilla/schema/utf8.hpp"
#include "request/large_work.hpp"
#include "request/negotiation.hpp"
#include "rest/rest.hpp"

namespace orilla::apiserver {

namespace {
constexpr size_t field_manager_bytes_max = 128;

/// Neither a control nor a format character, nor a blank other than ' '.
bool is_printable(uint32_t code) {
    static constexpr std::pair<uint32_t, uint32_t> others[] = {
        {0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},     {0x600, 0x605},     {0x61c, 0x61c},
        {0x6dd, 0x6dd},   {0x70f, 0x70f},   {0x1680, 0x1680}, {0x180e, 0x180e},   {0x2000, 0x200f},
        {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000}, {0xd800, 0xf8ff},   {0xfeff, 0xfeff},
        {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0001, 0xe007f}, {0xf0000, 0x7fffffff}};
    return std::none_of(std::begin(others), std::end(others),
                        [code](const auto& range) { return code >= range.first && code <= range.second; });
}
}  // namespace

namespace {
Error invalid_write_option(http::Method method, std::string_view field, std::string_view reason, const std::string& message) {
    Cause cause{std::string(reason), message, std::string(field)};
    return api::make_invalid_error("meta.k8s.io", write_options_of(method), "", {std::move(cause)});
}

/// Who the write is kept in the name of.
Result<void> check_field_manager(const http::Query& query, http::Method method) {
    const std::string_view manager = query.get("fieldManager");
    if (manager.size() > field_manager_bytes_max)
        return invalid_write_option(method, "fieldManager", "FieldValueTooLong", "Too long: may not be more than 128 bytes");
    for (size_t at = 0; at < manager.size();) {
        uint32_t character = 0;
        const size_t length = api::utf8_length(manager.substr(at), &character);
        if (length != 0 && !is_printable(character))
            return invalid_write_option(method, "fieldManager", "FieldValueInvalid",
                                  "Invalid value: should only contain printable characters (at index " + std::to_string(at) + ")");
        at += std::max<size_t>(length, 1);  // what is no UTF-8 counts as U+FFFD, which is printable
    }
    return ok();
}
}  // namespace

std::string_view write_options_of(http::Method method) {
    switch (method) {
        case http::Method::post: return "CreateOptions";
        case http::Method::put: return "UpdateOptions";
        case http::Method::patch: return "PatchOptions";
        case http::Method::delete_: return "DeleteOptions";
        default: return {};
    }
}

Result<void> check_write_options(const http::Query& query, const http::Request& request) {
    TRY_VOID(check_field_manager(query, request.method));
    TRY_VOID(parse_dry_run(query, request.method));
    TRY_VOID(parse_field_validation(query, request.method));
    const bool apply = parse_media_type(request.header("content-type")).type == "application/apply-patch+yaml";
    if (request.method == http::Method::patch && query.has("force") && !apply)
        return invalid_write_option(request.method, "force", "FieldValueForbidden", "Forbidden: may not be specified for non-apply patch");
    return ok();
}

Result<bool> parse_dry_run(const http::Query& query, http::Method method) {
    bool dry_run = false;
    for (const std::string_view value : query.all("dryRun")) {
        if (value == "All") {
            dry_run = true;
            continue;
        }
        if (value.empty()) continue;
        const std::string message = "Unsupported value: \"" + std::string(value) + "\": supported values: \"All\"";
        return invalid_write_option(method, "dryRun", "FieldValueNotSupported", message);
    }
    return dry_run;
}

Result<FieldValidation> parse_field_validation(const http::Query& query, http::Method method) {
    const std::string_view text = query.get("fieldValidation");
    if (text.empty() || text == "Warn") return FieldValidation::warn;
    if (text == "Strict") return FieldValidation::strict;
    if (text == "Ignore") return FieldValidation::ignore;
    const std::string message =
        "Unsupported value: \"" + std::string(text) + "\": supported values: \"Ignore\", \"Strict\", \"Warn\"";
    return invalid_write_option(method, "fieldValidation", "FieldValueNotSupported", message);
}

Result<void> check_fields(FieldValidation validation, const api::DecodeReport& report) {
    if (validation != FieldValidation::strict) return ok();
    return report.check_strict();
}

void note_warnings(const ResourceRequest& request, FieldValidation validation, const api::DecodeReport& report) {
    if (validation != FieldValidation::warn) return;
    request.warnings.insert(request.warnings.end(), report.field_problems.begin(), report.field_problems.end());
}

Result<objects::WriteContext> parse_write_context(const ResourceRequest& request) {
    objects::WriteContext context;
    context.identity = &request.who;
    context.warnings = &request.warnings;
    context.manager = request.info.query.get("fieldManager");
    // As Kubernetes does: the program's name as it told it.
    if (context.manager.empty()) {
        const std::string_view agent = request.http.header("user-agent");
        context.manager = agent.substr(0, agent.find('/'));
    }
    TRY(context.dry_run, parse_dry_run(request.info.query, request.http.method));
    return context;
}

namespace {
enum class BodyType { json, yaml, protobuf };

Result<BodyType> body_type_of(const http::Request& request) {
    const MediaType type = parse_media_type(request.header("content-type"));
    if (type.type.empty() || equal_fold(type.type, "application/json")) return BodyType::json;
    if (equal_fold(type.type, "application/yaml")) return BodyType::yaml;
    if (type.type == api::protobuf_content_type) return BodyType::protobuf;
    return Error(Code::unsupported_media_type,
                 "the body of the request was in an unknown format - accepted media types include: application/json, "
                 "application/yaml, " + std::string(api::protobuf_content_type));
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

Result<std::string> body_as_json(Rest& rest, const http::Request& request, const api::TypeInfo& wanted) {
    TRY(const BodyType type, body_type_of(request));
    const size_t bytes_max = type == BodyType::yaml ? yaml_at_once_bytes_max : objects::decoded_per_turn_bytes_max;
    if (request.body.size() > bytes_max)
        return Error(Code::too_large, "Request entity too large: limit is " + std::to_string(bytes_max));
    switch (type) {
        case BodyType::json: break;
        case BodyType::yaml:
            if (may_expand(request.body)) return Error(Code::bad_request, "anchors (&) and aliases (*) are not taken in a body of this kind");
            return yaml_to_json(request.body);
        case BodyType::protobuf: return api::protobuf_to_json(rest.kinds(), request.body, &wanted);
    }
    return std::string(request.body);
}

Task<Result<std::string>> read_body(Rest& rest, const http::Request& request, const api::TypeInfo& wanted) {
    auto type = body_type_of(request);
    if (!type) co_return std::move(type).error();
    std::string text(request.body);
    if (*type == BodyType::json) co_return text;
    if (*type == BodyType::yaml) {
        if (text.size() <= yaml_at_once_bytes_max && !may_expand(text)) co_return yaml_to_json(text);
        auto convert = [text = std::move(text)] { return yaml_to_json(text); };
        auto converting = run_long(rest, std::move(convert));
        co_return co_await std::move(converting);
    }
    auto json = api::protobuf_to_json(rest.kinds(), text, &wanted);
    if (text.size() > objects::decoded_per_turn_bytes_max) co_await rest.loop.yield();
    co_return json;
}

}  // namespace orilla::apiserver
