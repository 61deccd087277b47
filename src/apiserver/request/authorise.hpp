// Who may do what. So far one group may do everything, and nobody else anything. Pure.
#pragma once

#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/objects/identity.hpp"

namespace orilla::apiserver {

struct RequestInfo;

inline constexpr std::string_view masters_group = "system:masters";

/// Whether there is anything that this identity may do: the requests of others are not even read.
bool may_ask(const objects::Identity& who);

/// forbidden when it may not do this.
Result<void> authorise(const objects::Identity& who, const RequestInfo& what);

/// What those are told who may do nothing.
Error refusal_of(const objects::Identity& who);

}  // namespace orilla::apiserver
