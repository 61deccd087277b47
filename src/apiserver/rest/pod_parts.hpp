// The subresources of pods that are not views of the object: binding, eviction and log.
#pragma once

#include "rest/rest.hpp"

namespace orilla::apiserver {

Task<Result<http::Response>> bind_pod(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> evict_pod(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> read_pod_log(Rest& rest, const ResourceRequest& request);

}  // namespace orilla::apiserver
