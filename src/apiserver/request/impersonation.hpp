// Acting as somebody else, which this server does not do: a request that asks for it is refused, whatever it is for, and
// never served with the rights of who sent it.
#pragma once

#include "orilla/base/result.hpp"
#include "orilla/http/message.hpp"
#include "orilla/objects/identity.hpp"

namespace orilla::apiserver {

/// 403 in Kubernetes' words when one of the Impersonate-* headers is there.
Result<void> check_impersonation(const http::Request& request, const objects::Identity& who);

}  // namespace orilla::apiserver
