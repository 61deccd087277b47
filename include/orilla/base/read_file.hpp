// The whole of a file, a pipe or standard input, and never more than the caller has room for: an endless one ends with an
// error that names the limit. Blocks: not for coroutines.
#pragma once

#include <cstddef>
#include <string>

#include "orilla/base/result.hpp"

namespace orilla {

/// `name` is for errors. Code::too_large past `bytes_max`.
Result<std::string> read_fd(int fd, const std::string& name, size_t bytes_max);
Result<std::string> read_file(const std::string& path, size_t bytes_max);
/// "8 MiB", "1500 bytes".
std::string render_bytes(size_t bytes);

}  // namespace orilla
