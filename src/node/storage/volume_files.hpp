// What all kinds of volumes are made of: directories, marks, names. All of it may block.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::node {

bool exists(const std::string& path);
/// Fine when it is there; it has this mode afterwards, whatever the umask.
Result<void> make_plain_directory(const std::string& path, mode_t mode);
Result<void> touch(const std::string& path);
/// With all that is below; fine when there is none.
Result<void> remove_directory(const std::string& path);
/// A file of so many bytes that takes no room.
Result<UniqueFd> make_sparse(const std::string& file, int64_t bytes);
/// A number that survives a power cut, and a move of the data by whatever copies files.
Result<void> write_number(const std::string& file, int64_t number);
/// The same in a directory that nobody trusts before it is synced and has its name: one commit of the disk instead of two.
Result<void> write_first_number(const std::string& file, int64_t number);
/// Code::not_found when there is no such file.
Result<int64_t> read_number(const std::string& file);
/// A directory, for the kernel's calls that want one; a link is none.
Result<UniqueFd> open_directory(const std::string& path);

}  // namespace orilla::node
