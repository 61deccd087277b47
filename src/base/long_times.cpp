// Debian's libstdc++ for 32-bit ARM looks at files with times of 32 bits: std::filesystem would refuse what was changed after
// January 2038, and that is everything on a box whose clock says so. Orilla is linked with `--wrap=stat64` and the like
// (meson.build), which leads those calls here.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdint>

namespace {

timespec shorten(const statx_timestamp& time) {
    timespec out{};
    out.tv_sec = static_cast<decltype(out.tv_sec)>(std::clamp<int64_t>(time.tv_sec, INT32_MIN, INT32_MAX));
    out.tv_nsec = static_cast<long>(time.tv_nsec);
    return out;
}

int look(int fd, const char* path, int flags, struct stat64* out) {
    static_assert(sizeof out->st_mtim.tv_sec == 4 && sizeof out->st_size == 8);
    struct statx seen {};
    if (statx(fd, path, flags, STATX_BASIC_STATS, &seen) != 0) return -1;
    *out = {};
    out->st_dev = makedev(seen.stx_dev_major, seen.stx_dev_minor);
    out->st_ino = seen.stx_ino;
    out->st_mode = seen.stx_mode;
    out->st_nlink = seen.stx_nlink;
    out->st_uid = seen.stx_uid;
    out->st_gid = seen.stx_gid;
    out->st_rdev = makedev(seen.stx_rdev_major, seen.stx_rdev_minor);
    out->st_size = static_cast<off64_t>(seen.stx_size);
    out->st_blksize = static_cast<blksize_t>(seen.stx_blksize);
    out->st_blocks = static_cast<blkcnt64_t>(seen.stx_blocks);
    out->st_atim = shorten(seen.stx_atime);
    out->st_mtim = shorten(seen.stx_mtime);
    out->st_ctim = shorten(seen.stx_ctime);
    return 0;
}

}  // namespace

extern "C" {
int __wrap_stat64(const char* path, struct stat64* out) { return look(AT_FDCWD, path, 0, out); }
int __wrap_lstat64(const char* path, struct stat64* out) { return look(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, out); }
int __wrap_fstat64(int fd, struct stat64* out) { return look(fd, "", AT_EMPTY_PATH, out); }
}
