#include "reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

namespace orilla::store {

Reserve::Reserve(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    struct stat seen {};
    if (fd_ && ::fstat(fd_.get(), &seen) == 0) have_bytes_ = seen.st_size;
    fill();
}

void Reserve::fill(int64_t spare_bytes) {
    struct statvfs disk {};
    if (!fd_ || have_bytes_ >= bytes || ::fstatvfs(fd_.get(), &disk) != 0) return;
    const auto free_bytes = static_cast<int64_t>(disk.f_bavail) * static_cast<int64_t>(disk.f_frsize);
    if (free_bytes < bytes - have_bytes_ + spare_bytes) return;
    // Not posix_fallocate, which writes where the file system cannot allocate.
    if (::fallocate(fd_.get(), 0, 0, bytes) != 0) return;
    have_bytes_ = bytes;
    in_use_ = false;
}

bool Reserve::give_back() {
    const int64_t left_bytes = std::max<int64_t>(have_bytes_ - step_bytes, 0);
    if (have_bytes_ == 0 || ::ftruncate(fd_.get(), left_bytes) != 0) return false;
    have_bytes_ = left_bytes;
    in_use_ = true;
    // A journal hands freed blocks out only after its commit.
    (void)::fsync(fd_.get());
    return true;
}

}  // namespace orilla::store
