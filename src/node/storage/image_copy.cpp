#include "storage/image_copy.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>

namespace orilla::node {
namespace {

/// Writers of the volume wait for so long at most: longer than that, and probes and clients give up.
constexpr int64_t frozen_ms_max = 10'000;
constexpr size_t piece_bytes = size_t{1} << 20;

int64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Thaws when it goes.
class Frozen {
  public:
    explicit Frozen(const UniqueFd& mounted) : mounted_(mounted) {}
    ~Frozen() { thaw(mounted_); }
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;

  private:
    const UniqueFd& mounted_;
};

struct Limits {
    objects::CopyProgress& progress;
    int64_t end_ns = 0;  ///< monotonic; 0: none
};

Result<void> check_limits(const Limits& limits) {
    if (limits.progress.cancelled.load()) return Error(Code::unavailable, "the copy was given up: it is not wanted any more");
    if (limits.end_ns == 0 || clock_ns(CLOCK_MONOTONIC) < limits.end_ns) return ok();
    return Error(
        Code::unavailable,
        fmt::format("copying takes longer than {} s, for which a volume that pods have can be held still: copy it while "
                    "no pod has it, or keep the data directory on a file system that shares blocks (btrfs, xfs)",
                    frozen_ms_max / 1000));
}

Result<void> copy_piece(const UniqueFd& source, const UniqueFd& target, off_t begin, off_t end, const Limits& limits) {
    for (off_t at = begin; at < end;) {
        TRY_VOID(check_limits(limits));
        off_t from = at, to = at;
        const ssize_t copied = copy_file_range(source.get(), &from, target.get(), &to,
                                               std::min<size_t>(piece_bytes, static_cast<size_t>(end - at)), 0);
        if (copied < 0) return Error::from_errno("copy the volume's data", errno);
        if (copied == 0) return ok();  // it ends here
        at += copied;
        limits.progress.bytes.fetch_add(copied);
    }
    return ok();
}

/// Holes stay holes.
Result<void> copy_data(const UniqueFd& source, const UniqueFd& target, off_t bytes, const Limits& limits) {
    for (off_t at = 0; at < bytes;) {
        const off_t begin = lseek(source.get(), at, SEEK_DATA);
        if (begin < 0 && errno == ENXIO) break;
        const off_t end = begin < 0 ? -1 : lseek(source.get(), begin, SEEK_HOLE);
        if (begin < 0 || end < 0) return Error::from_errno("look for the volume's data", errno);
        TRY_VOID(copy_piece(source, target, begin, std::min(end, bytes), limits));
        at = end;
    }
    return ok();
}

}  // namespace

Result<void> copy_file_data(const UniqueFd& source, const UniqueFd& target, int64_t bytes, objects::CopyProgress& progress) {
    return copy_data(source, target, bytes, {progress, 0});
}

void thaw(const UniqueFd& mounted) {
    if (mounted) static_cast<void>(ioctl(mounted.get(), FITHAW, 0));
}

Result<CopiedVolume> copy_image(const UniqueFd& source, const UniqueFd& target, const UniqueFd& mounted,
                                objects::CopyProgress& progress) {
    std::optional<Frozen> frozen;
    if (mounted) {
        if (ioctl(mounted.get(), FIFREEZE, 0) != 0) return Error::from_errno("hold the volume's file system still", errno);
        frozen.emplace(mounted);
    }
    struct stat from {};
    if (fstat(source.get(), &from) != 0) return Error::from_errno("look at the volume's data", errno);
    CopiedVolume out{clock_ns(CLOCK_REALTIME), 0};
    file_clone_range whole{};
    whole.src_fd = source.get();
    if (ioctl(target.get(), FICLONERANGE, &whole) == 0) {
        out.shared_bytes = int64_t{from.st_blocks} * stat_block_bytes;
        progress.bytes = from.st_size;
        return out;
    }
    const int64_t end_ns = mounted ? clock_ns(CLOCK_MONOTONIC) + frozen_ms_max * 1'000'000 : 0;
    TRY_VOID(copy_data(source, target, from.st_size, {progress, end_ns}));
    return out;
}

}  // namespace orilla::node
