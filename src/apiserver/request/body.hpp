// The body of a write in its several encodings.
#pragma once

#include <string>

#include "orilla/http/message.hpp"
#include "orilla/kinds/registry.hpp"
#include "request/large_work.hpp"

namespace orilla::apiserver {

/// The request's body as JSON, whatever it is written in; unsupported_media_type for what is not known.
loop::Task<Result<std::string>> read_body(LargeWork where, const api::KindRegistry& kinds, const http::Request& request,
                                          const api::TypeInfo& wanted);

/// The body of a request that is small by its nature (options, a scale, a binding) as JSON (protobuf may be of the type that is
/// wanted where it names none); too_large for others, unsupported_media_type for what is not known.
Result<std::string> body_as_json(const api::KindRegistry& kinds, const http::Request& request, const api::TypeInfo& wanted);

}  // namespace orilla::apiserver
