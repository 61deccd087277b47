// Names that survive a power cut. What is in a file is on the disk after fsync(2) of the file; that there is such a file
// (or directory, or that it was renamed) only after one of its directory. An error here means that nobody may be told that
// something is safe.
#pragma once

#include <sys/types.h>

#include <string>

#include "orilla/base/result.hpp"

namespace orilla {

/// fsync(2) of a file or a directory by its name.
Result<void> sync_path(const std::string& path);
/// The directory that `path` is a name in.
std::string parent_directory(const std::string& path);
/// mkdir -p; what it makes on the way has mode 0755. Each name that it makes is on the disk when it returns; what is there
/// already costs nothing.
Result<void> make_durable_directory(const std::string& path, mode_t mode);

}  // namespace orilla
