// Whether an object may be stored: required fields and enums from the tables, names, the rules between fields of each
// API group, what an update may not change, and what this build does not do yet (refused rather than ignored). Objects
// are validated after defaulting. An error is Code::invalid with one cause for every flaw found, in the reference
// server's words: `Pod "web" is invalid: spec.containers[0].image: Required value`.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "orilla/api/object.hpp"
#include "orilla/base/result.hpp"

namespace orilla::api {

/// Flaws reported for one object; more are not looked at.
inline constexpr size_t validation_causes_max = 100;

Result<void> validate_create(const Object& object);
/// `old` is the stored object of the same kind.
Result<void> validate_update(const Object& updated, const Object& old);
/// For /status, where only the status and some metadata changes.
Result<void> validate_status_update(const Object& updated, const Object& old);

/// Why nothing can be reached at an address from elsewhere: `may not be in the loopback range (127.0.0.0/8, ::1/128)`, and
/// so for link-local, multicast and unspecified ones; empty for others.
std::string_view special_address(std::string_view ip);

/// The error that the above return: `KIND.GROUP "NAME" is invalid: FIELD: MESSAGE`, or `[a, b]` for many.
Error make_invalid_error(std::string_view group, std::string_view kind, std::string_view name,
                         std::vector<Cause> causes);

}  // namespace orilla::api
