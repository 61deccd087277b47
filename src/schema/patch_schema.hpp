// What the strategic merge patch asks a type's table about one field.
#pragma once

#include <string_view>

#include "orilla/schema/type_info.hpp"

namespace orilla::api {

struct PatchField {
    const TypeInfo* type = nullptr;  ///< of the value or of the elements; nullptr where the schema knows nothing
    std::string_view merge_key;
    bool merge = false;
    bool retain_keys = false;
    bool replace = false;

    /// Lists of objects merge only by a key.
    bool merges_by_key() const { return merge && !merge_key.empty(); }
};

inline constexpr std::string_view directive_patch = "$patch";
inline constexpr std::string_view directive_retain_keys = "$retainKeys";
inline constexpr std::string_view directive_delete_prefix = "$deleteFromPrimitiveList/";
inline constexpr std::string_view directive_order_prefix = "$setElementOrder/";

/// Never fails: a field that the schema lacks is replaced whole.
PatchField find_patch_field(const TypeInfo* parent, std::string_view name);

}  // namespace orilla::api
