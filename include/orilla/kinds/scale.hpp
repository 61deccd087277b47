// The subresource scale, of every kind that says in kinds.tsv where its replicas stand. Pure.
#pragma once

#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/kinds/object.hpp"

namespace orilla::api {

/// method_not_allowed of a kind that has none.
Result<Scale> scale_of(const Object& object, std::string_view revision);
/// Writes what the Scale asks for into the object; its resourceVersion and uid are preconditions.
Result<void> take_scale(const Scale& scale, Object& object);

}  // namespace orilla::api
