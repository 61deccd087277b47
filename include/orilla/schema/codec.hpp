// JSON to typed objects and back, driven by TypeInfo: no code per type. Decoding checks types, depth and size, treats
// null as absent, and reports unknown and duplicate fields by path; what to do about those is the caller's
// (fieldValidation). Encoding prints compact JSON, fields in schema order, absent ones left out
// but for structs that are no pointers in Go: those are always there, empty or null, as the reference writes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/schema/values.hpp"

namespace orilla::api {

constexpr size_t json_bytes_max = size_t{3} << 20;      ///< of one document, as the reference server's request limit
constexpr int json_depth_max = 128;                     ///< nested objects and arrays
constexpr size_t decoded_bytes_max = size_t{32} << 20;  ///< of structs and entries in memory, made from one document
constexpr size_t field_problems_max = 100;              ///< unknown and duplicate fields remembered per document

/// What a decode noticed beside errors.
/// A field that is not of its type, or that stands there twice.
struct FieldProblem {
    std::string path;  ///< spec.foo
    bool is_duplicate = false;
    std::string text;  ///< `unknown field "spec.foo"`, `duplicate field "spec.x"`
    bool operator==(const FieldProblem&) const = default;
};

struct DecodeReport {
    std::string api_version;  ///< as the document says, "" when it does not
    std::string kind;
    std::vector<FieldProblem> field_problems;  ///< in document order
    std::vector<std::string> problem_texts() const;
    /// Error for fieldValidation=Strict: bad_request `strict decoding error: unknown field "spec.foo", ...`; ok without
    /// problems.
    Result<void> check_strict() const;
};

/// Decodes into the zeroed value at `target`; on error its content is valid but meaningless. Names the field in errors:
/// `spec.replicas: expected int32, got string`.
Result<void> decode_into(const TypeInfo& type, void* target, std::string_view json, DecodeReport* report = nullptr);
/// A document of a known type; its kind and apiVersion are reported, not checked.
template <class T>
Result<T> decode(std::string_view json, DecodeReport* report = nullptr) {
    T value{};
    TRY_VOID(decode_into(type_info<T>(), &value, json, report));
    return value;
}
/// Only apiVersion and kind of a document, without decoding the rest into anything.
struct DocumentHead {
    std::string api_version;
    std::string kind;
    std::string name;
    std::string namespace_;
};
Result<DocumentHead> read_document_head(std::string_view json);

struct EncodeOptions {
    /// Printed as metadata.resourceVersion of the document instead of the stored one, unless empty.
    std::string_view resource_version;
    /// Leaves metadata.resourceVersion empty, whatever it is, and says where in the text its digits are to come.
    size_t* revision_at = nullptr;
    /// Items of typed lists may go without kind and apiVersion.
    bool with_type_meta = true;
};
void encode_to(std::string& out, const TypeInfo& type, const void* value, const EncodeOptions& options = {});
template <class T>
requires requires { typename T::ApiStruct; }
std::string encode(const T& value, const EncodeOptions& options = {}) {
    std::string out;
    encode_to(out, type_info<T>(), &value, options);
    out.shrink_to_fit();  // the store keeps it
    return out;
}
/// invalid unless the text is one JSON object; `what` names it in the error.
Result<void> check_json_object(std::string_view text, std::string_view what);
/// Appends `text` as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

}  // namespace orilla::api
