#include "request/write_options.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <iterator>

#include "orilla/schema/field_errors.hpp"
#include "orilla/schema/utf8.hpp"
#include "request/negotiation.hpp"

namespace orilla::apiserver {

namespace {
constexpr size_t field_manager_bytes_max = 128;

/// Neither a control nor a format character, nor a blank other than ' '.
bool is_printable(uint32_t code) {
    static constexpr std::pair<uint32_t, uint32_t> others[] = {
        {0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},       {0x600, 0x605},       {0x61c, 0x61c},
        {0x6dd, 0x6dd},   {0x70f, 0x70f},   {0x1680, 0x1680},   {0x180e, 0x180e},     {0x2000, 0x200f},
        {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},   {0xd800, 0xf8ff},     {0xfeff, 0xfeff},
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
            return invalid_write_option(
                method, "fieldManager", "FieldValueInvalid",
                fmt::format("Invalid value: should only contain printable characters (at index {})", at));
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
        return invalid_write_option(request.method, "force", "FieldValueForbidden",
                                    "Forbidden: may not be specified for non-apply patch");
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
        const std::string message = fmt::format("Unsupported value: \"{}\": supported values: \"All\"", value);
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
        fmt::format("Unsupported value: \"{}\": supported values: \"Ignore\", \"Strict\", \"Warn\"", text);
    return invalid_write_option(method, "fieldValidation", "FieldValueNotSupported", message);
}

Result<void> check_fields(FieldValidation validation, const api::DecodeReport& report) {
    if (validation != FieldValidation::strict) return ok();
    return report.check_strict();
}

void note_warnings(const ResourceRequest& request, FieldValidation validation, const api::DecodeReport& report) {
    if (validation != FieldValidation::warn) return;
    std::ranges::move(report.problem_texts(), std::back_inserter(request.warnings));
}

Result<objects::WriteContext> parse_write_context(const ResourceRequest& request) {
    objects::WriteContext context;
    context.identity = &request.who;
    context.warnings = &request.warnings;
    context.subresource = request.info.subresource;
    context.manager = request.info.query.get("fieldManager");
    // As Kubernetes does: the program's name as it told it.
    if (context.manager.empty()) {
        const std::string_view agent = request.http.header("user-agent");
        context.manager = agent.substr(0, agent.find('/'));
    }
    TRY(context.dry_run, parse_dry_run(request.info.query, request.http.method));
    return context;
}

}  // namespace orilla::apiserver
