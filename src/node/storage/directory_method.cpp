#include "storage/directory_method.hpp"

#include <unistd.h>

#include <cerrno>

#include "orilla/base/file_system.hpp"
#include "storage/volume_files.hpp"

namespace orilla::node {

Result<int64_t> DirectoryMethod::size(const std::string& volume) const { return read_number(volume + figure()); }

Result<void> DirectoryMethod::check_growth() const { return ok(); }

/// First what is to be: a crash before the limit is made good when this is asked for again, or by the next pod.
Result<void> DirectoryMethod::grow(const std::string& volume, int64_t bytes) const {
    TRY(const int64_t have, size(volume));
    if (bytes > have) TRY_VOID(write_number(volume + figure(), bytes));
    return settle(volume);
}

bool DirectoryMethod::is_open(const std::string& volume) const { return !list_names(volume + "/users").empty(); }

Result<void> DirectoryMethod::close(const std::string&, bool) const { return ok(); }

Result<void> DirectoryMethod::write_size(const std::string& volume, int64_t bytes) {
    return write_first_number(volume + "/size", bytes);
}

Result<void> DirectoryMethod::sync_file_system(const std::string& dir) {
    TRY(const UniqueFd on, open_directory(dir));
    if (syncfs(on.get()) != 0) return Error::from_errno("sync the file system of " + dir, errno);
    return ok();
}

}  // namespace orilla::node
