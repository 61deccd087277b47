// What a request wants, taken apart once: authorisation, routing and the handlers look at this and at no path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/http/message.hpp"
#include "orilla/http/uri.hpp"

namespace orilla::apiserver {

struct RequestInfo {
    /// get, list, watch, create, update, patch, delete or deletecollection of a resource; empty for a method that is none of
    /// these here.
    std::string_view verb;
    std::string group;
    std::string version;
    std::string resource;  ///< its plural; empty: the request is for no resource
    std::string subresource;
    std::string ns;
    std::string name;
    bool in_namespace = false;          ///< the path names a namespace
    std::vector<std::string> segments;  ///< the path of what is no resource
    http::Query query;                  ///< of a resource's request

    bool is_resource() const { return !resource.empty(); }
};

/// /api/V/... and /apis/G/V/... are resources', everything else is not (discovery, /version). bad_request for what could mean
/// two things, not_found for a path with something behind the subresource.
Result<RequestInfo> parse_request_info(const http::Request& request);

/// get and head.
bool is_read(http::Method method);

}  // namespace orilla::apiserver
