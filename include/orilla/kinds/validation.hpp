// Whether an object may be stored: required fields and enums from the tables, names, the rules between fields of each
// API group, what an update may not change, and what this build does not do yet (refused rather than ignored). Objects
// are validated after defaulting. An error is Code::invalid with one cause for every flaw found, in the reference
// server's words: `Pod "web" is invalid: spec.containers[0].image: Required value`.
#pragma once

#include "orilla/base/result.hpp"
#include "orilla/kinds/object.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::api {

Result<void> validate_create(const Object& object);
/// `old` is the stored object of the same kind.
Result<void> validate_update(const Object& updated, const Object& old);
/// Of a write to the subresource resize.
Result<void> validate_resize(const Object& updated, const Object& old);
/// For /status, where only the status and some metadata changes.
Result<void> validate_status_update(const Object& updated, const Object& old);
/// What its writer should know although it may be stored: fields of its spec that do nothing on this node.
std::vector<std::string> find_warnings(const Object& object);

}  // namespace orilla::api
