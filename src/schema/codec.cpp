#include <cstddef>

#include "decoder.hpp"

namespace orilla::api {
std::vector<std::string> DecodeReport::problem_texts() const {
    std::vector<std::string> texts;
    for (const FieldProblem& problem : field_problems) texts.push_back(problem.text);
    return texts;
}

Result<void> DecodeReport::check_strict() const {
    if (field_problems.empty()) return ok();
    std::string message = "strict decoding error: ";
    for (const FieldProblem& problem : field_problems) {
        if (&problem != field_problems.data()) message += ", ";
        message += problem.text;
    }
    return Error(Code::bad_request, message);
}

namespace {
/// What a head is made of; everything else is skipped as unknown.
struct HeadMetadata {
    Str name;
    Str namespace_;
};
struct Head {
    HeadMetadata metadata;
};
constexpr FieldInfo head_metadata_fields[] = {
    {"name", &tables::leaf_string, nullptr, offsetof(HeadMetadata, name), Shape::plain, false, true, false, 0, 0},
    {"namespace", &tables::leaf_string, nullptr, offsetof(HeadMetadata, namespace_), Shape::plain, false, true, false, 0, 0},
};
constexpr TypeInfo head_metadata_type = {
    "ObjectMeta", "", "", head_metadata_fields, sizeof(HeadMetadata), alignof(HeadMetadata), Kind::object, true, -1};
constexpr FieldInfo head_fields[] = {
    {"metadata", &head_metadata_type, nullptr, offsetof(Head, metadata), Shape::plain, false, false, false, 0, 0},
};
/// A document of whatever version: kind and apiVersion are reported, not kept.
constexpr TypeInfo head_type = {"Head", "", "v1", head_fields, sizeof(Head), alignof(Head), Kind::object, true, -1};
}  // namespace

Result<DocumentHead> read_document_head(std::string_view json) {
    Head head;
    DecodeReport report;
    TRY_VOID(decode_into(head_type, &head, json, &report));
    return DocumentHead{report.api_version, report.kind, head.metadata.name.str(), head.metadata.namespace_.str()};
}

}  // namespace orilla::api
