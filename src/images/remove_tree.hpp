// Deletes trees that strangers made: never follows a link, never leaves the file system it started on.
#pragma once

#include <string>

#include "orilla/base/result.hpp"

namespace orilla::images {

/// `name` under `parent_fd`, whatever it is. Absent is fine. Adds the bytes of removed files to `reclaimed_bytes`.
Result<void> remove_tree(int parent_fd, const std::string& name, int64_t* reclaimed_bytes = nullptr);

}  // namespace orilla::images
