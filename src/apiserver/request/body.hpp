// The body of a write in its several encodings.
#pragma once

#include "rest/rest.hpp"

namespace orilla::apiserver {

/// The request's body as JSON, whatever it is written in; unsupported_media_type for what is not known.
Task<Result<std::string>> read_body(Rest& rest, const http::Request& request, const api::TypeInfo& wanted);

/// The body of a request that is small by its nature (options, a scale, a binding) as JSON (protobuf may be of the type that is
/// wanted where it names none); too_large for others, unsupported_media_type for what is not known.
Result<std::string> body_as_json(Rest& rest, const http::Request& request, const api::TypeInfo& wanted);

}  // namespace orilla::apiserver
