// Small renderings of text that several files of the server need.
#pragma once

#include <string>
#include <string_view>

namespace orilla::server {

/// With quotes; control characters, quotes and backslashes escaped; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);
std::string base64(std::string_view bytes);

}  // namespace orilla::server
