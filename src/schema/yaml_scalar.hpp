// What a plain (unquoted) YAML scalar means in JSON, by the rules of sigs.k8s.io/yaml: YAML 1.1 as Go's reader takes
// it.
#pragma once

#include <string>
#include <string_view>

namespace orilla::api {

struct YamlScalar {
    enum class Type : uint8_t { null, boolean, number, string } type;
    std::string json;  ///< as JSON; for strings the text itself
};

YamlScalar resolve_plain_scalar(std::string_view text);

}  // namespace orilla::api
