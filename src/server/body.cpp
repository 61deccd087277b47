// What writes share: the query parameters about how to write, and the body in its several encodings.
#include "negotiation.hpp"
#include "orilla/api/protobuf.hpp"
#include "rest.hpp"

namespace orilla::server {

Result<bool> parse_dry_run(const Query& query) {
    bool dry_run = false;
    for (const std::string_view value : query.all("dryRun")) {
        if (value == "All") {
            dry_run = true;
            continue;
        }
        if (value.empty()) continue;
        const std::string message = "Unsupported value: \"" + std::string(value) + "\": supported values: \"All\"";
        return Error(Code::invalid, "dryRun: " + message).with_cause({"FieldValueNotSupported", message, "dryRun"});
    }
    return dry_run;
}

Result<FieldValidation> parse_field_validation(const Query& query) {
    const std::string_view text = query.get("fieldValidation");
    if (text.empty() || text == "Warn") return FieldValidation::warn;
    if (text == "Strict") return FieldValidation::strict;
    if (text == "Ignore") return FieldValidation::ignore;
    const std::string message =
        "Unsupported value: \"" + std::string(text) + "\": supported values: \"Ignore\", \"Strict\", \"Warn\"";
    return Error(Code::invalid, "fieldValidation: " + message)
        .with_cause({"FieldValueNotSupported", message, "fieldValidation"});
}

Result<void> check_fields(FieldValidation validation, const api::DecodeReport& report) {
    if (validation != FieldValidation::strict) return ok();
    return report.check_strict();
}

void add_warnings(Response& response, FieldValidation validation, const api::DecodeReport& report) {
    if (validation != FieldValidation::warn) return;
    for (const std::string& problem : report.field_problems) {
        std::string value = "299 - \"";
        for (const char c : problem) {
            if (c == '"' || c == '\\') value += '\\';
            value += c;
        }
        response.add_header("Warning", value + "\"");
    }
}

Result<std::string> body_as_json(const Request& request) {
    const MediaType type = parse_media_type(request.header("content-type"));
    if (type.type.empty() || equal_fold(type.type, "application/json")) return std::string(request.body);
    if (type.type == api::protobuf_content_type) return api::protobuf_to_json(request.body);
    return Error(Code::unsupported_media_type,
                 "the body of the request was in an unknown format - accepted media types include: application/json, " +
                     std::string(api::protobuf_content_type));
}

}  // namespace orilla::server
