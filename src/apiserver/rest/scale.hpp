// The scale subresource: autoscaling/v1 Scale as a view of spec.replicas.
#pragma once

#include "rest/rest.hpp"

namespace orilla::apiserver {

Task<Result<http::Response>> get_scale(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> update_scale(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> patch_scale(Rest& rest, const ResourceRequest& request);

}  // namespace orilla::apiserver
