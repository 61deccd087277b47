// UTF-8 (RFC 3629): what JSON text is made of. Bytes from containers, images and the network are anything; before they
// are printed into an object they become text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace orilla::api {

/// Bytes of the valid sequence at the front of a text that is not empty, and which character that is; 0 when there is none.
size_t utf8_length(std::string_view text, uint32_t* character = nullptr);
bool is_utf8(std::string_view text);
/// The same text with U+FFFD for each byte that belongs to no valid sequence.
std::string to_utf8(std::string_view bytes);

}  // namespace orilla::api
