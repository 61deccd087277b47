// What images leave of the disk to others: to the store, which must go on, and to the logs. An image can be pulled again,
// so it is the first that has to stop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "orilla/base/result.hpp"

namespace orilla::images {

inline constexpr uint64_t room_kept_share = 10;                ///< a tenth of the file system ...
inline constexpr uint64_t room_kept_bytes_max = 256ULL << 20;  ///< ... but no more than this
inline constexpr uint64_t room_bytes_per_look = 1ULL << 20;    ///< written between two looks

/// Whether `wanted_bytes` may be written to a file system of so many bytes, `free_bytes` of them free. One that does not
/// tell its size (0) has room, and nothing (0) fits everywhere: what is there already must not be refused.
inline constexpr bool has_room(uint64_t total_bytes, uint64_t free_bytes, uint64_t wanted_bytes) {
    if (total_bytes == 0 || wanted_bytes == 0) return true;
    const uint64_t share = total_bytes / room_kept_share;
    const uint64_t kept = share < room_kept_bytes_max ? share : room_kept_bytes_max;
    return free_bytes >= kept && free_bytes - kept >= wanted_bytes;
}

/// ENOSPC when writing `wanted_bytes` to the file system of `fd` would leave less than images have to leave.
Result<void> check_room(int fd, uint64_t wanted_bytes);

/// Looks at the disk while a file grows.
class DiskRoom {
  public:
    /// Before each write of `bytes` to `fd`.
    Result<void> take(int fd, size_t bytes);

  private:
    uint64_t left_bytes_ = 0;  ///< before the next look
};

}  // namespace orilla::images
