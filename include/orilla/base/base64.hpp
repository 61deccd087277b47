// Base64 with padding, in one line (RFC 4648 section 4).
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla {

bool is_base64(std::string_view text);
/// invalid when it is none.
Result<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);
/// Of what the text stands for, should it be base64.
size_t decoded_base64_bytes(std::string_view text);

}  // namespace orilla
