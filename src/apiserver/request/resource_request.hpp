// One request for a resource, taken apart: what its handler and what reads its options and body look at.
#pragma once

#include "orilla/http/message.hpp"
#include "orilla/kinds/object.hpp"
#include "orilla/objects/objects.hpp"
#include "request/negotiation.hpp"
#include "request/request_info.hpp"

namespace orilla::apiserver {

/// Lives in the router's frame until the answer was given.
struct ResourceRequest {
    const api::KindInfo& kind;
    RequestInfo info;
    const http::Request& http;
    const objects::Identity& who;
    objects::Warnings& warnings;  ///< told with an answer that is a success
    Form form = Form::json;

    store::Key key() const { return {std::string(kind.resource), info.ns, info.name}; }
};

}  // namespace orilla::apiserver
