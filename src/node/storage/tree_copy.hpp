// Copies a directory with all that is below it: owners, modes, times, extended attributes, links, holes. Nothing in it is
// trusted: links are not followed, and depth and memory have bounds. Blocks are shared where the file system can. All of it may
// block.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/objects/volume_disk.hpp"

namespace orilla::node {

/// Into a directory that is empty. How many bytes the two share on the disk.
Result<int64_t> copy_tree(const std::string& from, const std::string& to, objects::CopyProgress& progress);
/// The moment that `has_changed_since` is asked with, as the file system's clock has it.
int64_t file_clock_ns();
/// Whether anything in it was written, made, renamed or removed.
Result<bool> has_changed_since(const std::string& dir, int64_t moment_ns);
/// Each directory, itself first, and each plain file below; nothing else can be opened.
Result<void> visit_files(const std::string& dir, const std::function<Result<void>(const UniqueFd&)>& visit);

}  // namespace orilla::node
