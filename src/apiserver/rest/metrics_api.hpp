// metrics.k8s.io: what nodes and pods use now, as objects that nobody stores. Without a value there is no object: it is found
// by nobody, and a list has the others.
#pragma once

#include "rest/rest.hpp"

namespace orilla::apiserver {

Task<Result<http::Response>> get_node_metrics(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> list_node_metrics(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> get_pod_metrics(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> list_pod_metrics(Rest& rest, const ResourceRequest& request);

}  // namespace orilla::apiserver
