// Errors as Kubernetes Status objects. One promise: every answer that is not a success has this form.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/error.hpp"
#include "orilla/http/message.hpp"

namespace orilla::apiserver {

/// 404 and 405 for what is not served at all.
Error no_such_path();
Error no_such_method();

/// Status.details of what went well: the object that it was done to.
struct StatusDetails {
    std::string_view name;
    std::string_view group;
    std::string_view kind;  ///< the resource
    std::string_view uid;
};

std::string render_status(const Error& error);
http::Response status_response(const Error& error);
/// {"status":"Success"} with details; code 200 or 201.
http::Response success_response(int code, const StatusDetails& details = {});

}  // namespace orilla::apiserver
