#include "disk_room.hpp"

#include <fmt/core.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>

namespace orilla::images {

Result<void> check_room(int fd, uint64_t wanted_bytes) {
    struct statfs disk {};
    if (::fstatfs(fd, &disk) != 0) return ok();
    const auto block = static_cast<uint64_t>(disk.f_frsize != 0 ? disk.f_frsize : disk.f_bsize);
    const uint64_t free_bytes = disk.f_bavail * block;
    if (has_room(disk.f_blocks * block, free_bytes, wanted_bytes)) return ok();
    constexpr uint64_t mib = 1 << 20;
    return Error::from_errno(fmt::format("write {} MiB with {} MiB free, some of which images have to leave",
                                         (wanted_bytes + mib - 1) / mib, free_bytes / mib),
                             ENOSPC);
}

Result<void> DiskRoom::take(int fd, size_t bytes) {
    if (bytes > left_bytes_) {
        TRY_VOID(check_room(fd, bytes));
        left_bytes_ = std::max<uint64_t>(bytes, room_bytes_per_look);
    }
    left_bytes_ -= bytes;
    return ok();
}

}  // namespace orilla::images
