// The three kinds of patch that PATCH takes, on JSON text: JSON patch (RFC 6902), JSON merge patch (RFC 7386) and
// Kubernetes' strategic merge patch, which reads list strategies and merge keys from the type's table. A patch that
// cannot be read is bad_request, a JSON patch whose operation fails is invalid; the document is never half-patched,
// because the result is a new text. It refuses documents nested deeper than document_depth_max.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::api {

struct TypeInfo;

inline constexpr size_t document_depth_max = 64;
inline constexpr size_t json_patch_operations_max = 10'000;
/// What all "copy" operations of one patch may duplicate together.
inline constexpr size_t json_patch_copy_bytes_max = 3 * 1024 * 1024;
/// List elements that all insertions and removals of one patch may pass over.
inline constexpr size_t json_patch_list_steps_max = 50'000'000;

Result<std::string> apply_json_patch(std::string_view document, std::string_view patch);
Result<std::string> apply_merge_patch(std::string_view document, std::string_view patch);
Result<std::string> apply_strategic_patch(std::string_view document, std::string_view patch, const TypeInfo& type);

/// What `apply` sends, computed as kubectl does: what the manifest dropped since the last apply is deleted, what it
/// says is set, what others added to the live object stays. An empty patch is "{}".
Result<std::string> make_three_way_patch(std::string_view last_applied, std::string_view manifest, std::string_view live,
                                         const TypeInfo& type);

}  // namespace orilla::api
