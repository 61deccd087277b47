// What a served kind has fields for but this build does not do: refused with a reason, never accepted and ignored. The
// table in the .cpp is the list; a row goes when the feature comes.
#pragma once

#include <optional>
#include <string_view>

#include "orilla/schema/type_info.hpp"

namespace orilla::api {

/// The reason, when the field's value is refused. The field is not zero.
std::optional<std::string_view> find_refusal(const TypeInfo& parent, const FieldInfo& field, const void* object);

}  // namespace orilla::api
