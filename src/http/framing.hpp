// Heads as they go out, of both sides.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orilla/http/message.hpp"

namespace orilla::http {

/// "200 OK"; empty for a status that has no name.
std::string_view status_text(int status);
void append_number(std::string& out, uint64_t number, int base = 10);
/// `HTTP/1.1 200 OK`, without its end.
void append_status_line(std::string& out, int status);
/// Name, value, and the line's end.
void append_field(std::string& out, std::string_view name, std::string_view value);
/// The size of a chunk, as it stands before it.
void append_chunk_size(std::string& out, size_t bytes);
/// The chunk that ends a body, and what comes behind it.
void append_last_chunk(std::string& out, const Headers& trailers);

}  // namespace orilla::http
