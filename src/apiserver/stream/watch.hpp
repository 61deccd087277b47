// WATCH: one JSON document a line, as long as the client stays. Selectors turn changes into ADDED and DELETED where an
// object enters or leaves what is watched; a client that falls behind the store's history is told 410 and let go.
#pragma once

#include "rest/rest.hpp"

namespace orilla::apiserver {

Task<Result<http::Response>> watch_items(Rest& rest, const ResourceRequest& request);

}  // namespace orilla::apiserver
