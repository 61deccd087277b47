#include "orilla/kinds/codec.hpp"

#include <fmt/core.h>

namespace orilla::api {
namespace {
std::string both(std::string_view api_version, std::string_view kind) {
    return fmt::format("\"{}\" in version \"{}\"", kind, api_version);
}
}  // namespace

Result<void> check_named(const KindInfo& kind, const DecodeReport& report) {
    if (!report.kind.empty() && report.kind != kind.kind)
        return Error(Code::bad_request, fmt::format("kind: the document is a {}, expected {}", report.kind, kind.kind));
    if (!report.api_version.empty() && report.api_version != kind.api_version)
        return Error(Code::bad_request,
                     fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                                 report.api_version, kind.api_version));
    return ok();
}

Result<Object> decode_object(const KindInfo& kind, std::string_view json, DecodeReport* report) {
    DecodeReport own;
    if (report == nullptr) report = &own;
    Object object(kind);
    TRY_VOID(decode_into(*kind.type, object.data(), json, report));
    TRY_VOID(check_named(kind, *report));
    return object;
}

Result<Object> decode_object(const KindRegistry& kinds, std::string_view json, DecodeReport* report) {
    TRY(DocumentHead head, read_document_head(json));
    if (head.kind.empty()) return Error(Code::bad_request, "Object 'Kind' is missing: kind is required");
    if (head.api_version.empty()) return Error(Code::bad_request, "apiVersion is missing: apiVersion is required");
    const KindInfo* kind = kinds.find(head.api_version, head.kind);
    if (kind == nullptr) return Error(Code::bad_request, "no matches for kind " + both(head.api_version, head.kind));
    return decode_object(*kind, json, report);
}

Result<Object> GradualObject::take() {
    TRY_VOID(check_named(object_.kind(), *report_));
    return std::move(object_);
}

std::string encode(const Object& object, const EncodeOptions& options) {
    std::string out;
    encode_to(out, object.type_info(), object.data(), options);
    out.shrink_to_fit();
    return out;
}

}  // namespace orilla::api
