// DELETE of one object and of a collection.
#pragma once

#include "rest/rest.hpp"

namespace orilla::apiserver {

/// DeleteOptions as the store takes them; invalid for what it cannot do.
Result<objects::DeleteOptions> check_delete_options(const ResourceRequest& request, const api::DeleteOptions& options);

Task<Result<http::Response>> delete_item(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> delete_collection(Rest& rest, const ResourceRequest& request);

}  // namespace orilla::apiserver
