// YAML for people to read: what `-o yaml` prints. Keys are sorted, lists stand under their key without indentation, texts
// are quoted only where they would mean something else, as kubectl prints them. Reading YAML: manifest.hpp.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::api {

/// The YAML of one JSON document, with a newline at the end.
Result<std::string> render_yaml(std::string_view json);

}  // namespace orilla::api
