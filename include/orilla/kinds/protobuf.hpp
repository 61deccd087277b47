// Protobuf bodies of served kinds.
#pragma once

#include "orilla/kinds/object.hpp"
#include "orilla/kinds/registry.hpp"
#include "orilla/schema/protobuf.hpp"

namespace orilla::api {

/// A request body of any served kind.
Result<Object> decode_protobuf_object(const KindRegistry& kinds, std::string_view body);
/// Any request body as the JSON document it stands for: served kinds, DeleteOptions, Scale, Eviction. One that names no type
/// is `otherwise`, as a JSON body without kind is what its path wants.
Result<std::string> protobuf_to_json(const KindRegistry& kinds, std::string_view body, const TypeInfo* otherwise = nullptr);

}  // namespace orilla::api
