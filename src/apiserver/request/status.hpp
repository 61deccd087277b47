// Errors as Kubernetes Status objects. One promise: every answer that is not a success has this form.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/error.hpp"
#include "orilla/http/message.hpp"

namespace orilla::apiserver {

/// Status.details besides causes: the object that the request was about. `kind` is the resource for NotFound and
/// Conflict, the Kind for Invalid (contract section 7).
struct StatusDetails {
    std::string_view name;
    std::string_view group;
    std::string_view kind;
    std::string_view uid;
};

/// The details that the error's own words name: `deployments.apps "x" not found`, `Pod "x" is invalid: ...`. The views
/// point into the error's message.
StatusDetails details_from_message(const Error& error);

/// 404 and 405 for what is not served at all.
Error no_such_path();
Error no_such_method();

std::string render_status(const Error& error, const StatusDetails& details = {});
http::Response status_response(const Error& error, const StatusDetails& details = {});
/// {"status":"Success"} with details; code 200 or 201.
http::Response success_response(int code, const StatusDetails& details = {});

}  // namespace orilla::apiserver
