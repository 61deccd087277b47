// Which handler answers which verb of which resource: one table, and a second one for kinds that nobody stores. What discovery
// tells has one route, and what it does not tell has none.
#pragma once

#include <span>
#include <string_view>

#include "rest/rest.hpp"

namespace orilla::apiserver {

struct Route {
    std::string_view resource;  ///< the store's name of it: "deployments.apps"; "*": whichever has this subresource
    std::string_view subresource;
    std::string_view verb;
    Task<Result<http::Response>> (*handler)(Rest& rest, const ResourceRequest& request);
    bool is_text = false;  ///< the answer is no object: it has no forms to choose from
};

/// Of the kinds with such a payload.
std::span<const Route> routes(api::Payload payload);
/// Null when there is none.
const Route* find_route(const api::KindInfo& kind, std::string_view subresource, std::string_view verb);

/// Finds the route of a request for a resource and has it answered. Errors: not_found for what is not served,
/// method_not_allowed.
Task<Result<http::Response>> serve_resource(Rest& rest, const http::Request& request, const objects::Identity& who,
                                            RequestInfo info);

}  // namespace orilla::apiserver
