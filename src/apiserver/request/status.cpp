#include "request/status.hpp"

#include <fmt/core.h>

#include "orilla/schema/codec.hpp"

namespace orilla::apiserver {

namespace {
void append_status_member(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (out.back() != '{') out += ',';
    api::append_json_string(out, name);
    out += ':';
    api::append_json_string(out, value);
}

void append_causes(std::string& out, const std::vector<Cause>& causes) {
    if (causes.empty()) return;
    if (out.back() != '{') out += ',';
    out += "\"causes\":[";
    for (const auto& cause : causes) {
        if (out.back() != '[') out += ',';
        out += '{';
        append_status_member(out, "reason", cause.reason);
        append_status_member(out, "message", cause.message);
        append_status_member(out, "field", cause.field);
        out += '}';
    }
    out += ']';
}

void append_details(std::string& out, const StatusDetails& details) {
    append_status_member(out, "name", details.name);
    append_status_member(out, "group", details.group);
    append_status_member(out, "kind", details.kind);
    append_status_member(out, "uid", details.uid);
}

void append_details(std::string& out, const Error& error) {
    const ErrorTarget& target = error.target();
    append_details(out, {target.name, target.group, target.kind, {}});
    append_causes(out, error.causes());
    if (error.retry_after_s() == 0) return;
    if (out.back() != '{') out += ',';
    out += "\"retryAfterSeconds\":" + std::to_string(error.retry_after_s());
}

constexpr std::string_view status_start = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":)";
}  // namespace

Error no_such_path() { return Error(Code::not_found, "the server could not find the requested resource"); }

Error no_such_method() {
    return Error(Code::method_not_allowed, "the server does not allow this method on the requested resource");
}

std::string render_status(const Error& error) {
    std::string out(status_start);
    out += "\"Failure\",\"message\":";
    api::append_json_string(out, error.message());
    out += ",\"reason\":";
    api::append_json_string(out, status_reason(error.code()));
    out += ",\"details\":{";
    append_details(out, error);
    out += fmt::format("}},\"code\":{}}}\n", http_status(error.code()));
    return out;
}

http::Response status_response(const Error& error) {
    http::Response response(http_status(error.code()), "application/json", render_status(error));
    if (error.retry_after_s() > 0) response.add_header("Retry-After", std::to_string(error.retry_after_s()));
    return response;
}

http::Response success_response(int code, const StatusDetails& details) {
    std::string out(status_start);
    out += "\"Success\"";
    out += ",\"details\":{";
    append_details(out, details);
    out += fmt::format("}},\"code\":{}}}\n", code);
    return http::Response(code, "application/json", std::move(out));
}

}  // namespace orilla::apiserver
