// Documents as trees, for patches and JSONPath only; typed objects never pass through here. Keeps Boost.JSON out of
// the public headers and its parser's limits in one place.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::api {

/// `what` names the text in the error: "patch", "document".
Result<boost::json::value> parse_value(std::string_view text, std::string_view what);
std::string render_value(const boost::json::value& value);
/// About as many bytes as the value's JSON text has, without making it.
size_t estimate_bytes(const boost::json::value& value);

inline std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }
inline boost::json::string_view key_of(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace orilla::api
