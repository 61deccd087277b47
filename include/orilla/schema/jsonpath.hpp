// The template language of `-o jsonpath=` and `wait --for=jsonpath=`: text with {expressions} in braces: .field,
// ['field'], [n], [start:end:step], [*], .*, ..recursive, [?(@.x=="y")], "literal", {range EXPR}...{end}. Values print
// as kubectl prints them: strings bare, everything else as JSON, several separated by a space.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::api {

inline constexpr size_t jsonpath_bytes_max = 16 * 1024;
inline constexpr int jsonpath_depth_max = 32;
/// Steps of one evaluation: nodes visited.
inline constexpr size_t jsonpath_steps_max = 10'000'000;

/// Prints `json` through the template. A field that no object has is not found unless `allow_missing`.
Result<std::string> render_jsonpath(std::string_view json_template, std::string_view json, bool allow_missing = true);
/// The values that one expression, with or without braces and leading dot, selects, as printed.
Result<std::vector<std::string>> find_jsonpath(std::string_view expression, std::string_view json);

}  // namespace orilla::api
