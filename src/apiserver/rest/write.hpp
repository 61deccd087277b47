// POST, PUT and PATCH. What may be written and how it is completed is the store's business (objects::Objects); here the
// request becomes one typed object and the outcome an answer.
#pragma once

#include "rest/rest.hpp"

namespace orilla::apiserver {

/// bad_request unless the body of a PUT names the object of the URL.
Result<void> check_body_name(const ResourceRequest& request, std::string_view name);

Task<Result<http::Response>> create_item(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> update_item(Rest& rest, const ResourceRequest& request, objects::Part part);
Task<Result<http::Response>> patch_item(Rest& rest, const ResourceRequest& request, objects::Part part);

}  // namespace orilla::apiserver
