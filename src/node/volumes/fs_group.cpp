#include "volumes/fs_group.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "orilla/base/unique_fd.hpp"

namespace orilla::node {
namespace {

/// Each level holds a descriptor open.
constexpr int depth_max = 200;
constexpr mode_t file_bits = 0660, directory_bits = 0110 | S_ISGID;

mode_t wanted_mode(const struct stat& seen) {
    return (seen.st_mode & 07777) | file_bits | (S_ISDIR(seen.st_mode) ? directory_bits : 0);
}

bool looks_right(const struct stat& seen, int64_t gid) {
    return static_cast<int64_t>(seen.st_gid) == gid && (seen.st_mode & 07777) == wanted_mode(seen);
}

/// `entry` is open as a path only: what it was opened as is what is changed.
Result<void> give_to_group(const UniqueFd& entry, const struct stat& seen, int64_t gid) {
    if (looks_right(seen, gid)) return ok();
    if (fchownat(entry.get(), "", static_cast<uid_t>(-1), static_cast<gid_t>(gid), AT_EMPTY_PATH) != 0)
        return Error::from_errno("chown for fsGroup", errno);
    if (S_ISLNK(seen.st_mode)) return ok();
    const std::string by_fd = "/proc/self/fd/" + std::to_string(entry.get());
    if (chmod(by_fd.c_str(), wanted_mode(seen)) != 0) return Error::from_errno("chmod for fsGroup", errno);
    return ok();
}

Result<void> walk(const UniqueFd& entry, const struct stat& seen, int64_t gid, int depth) {
    // Inside first: a root that looks right tells that all of it was done.
    if (S_ISDIR(seen.st_mode)) {
        if (depth >= depth_max)
            return Error(Code::invalid, "fsGroup: directories are deeper than " + std::to_string(depth_max));
        const int listed = openat(entry.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const std::unique_ptr<DIR, int (*)(DIR*)> names(listed < 0 ? nullptr : fdopendir(listed), closedir);
        if (!names) return Error::from_errno("read directory for fsGroup", errno);
        while (const dirent* name = readdir(names.get())) {
            const std::string_view text = name->d_name;
            if (text == "." || text == "..") continue;
            UniqueFd inner(openat(entry.get(), name->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
            struct stat found {};
            if (!inner || fstat(inner.get(), &found) != 0) continue;  // gone meanwhile
            if (found.st_dev == seen.st_dev) TRY_VOID(walk(inner, found, gid, depth + 1));
        }
    }
    return give_to_group(entry, seen, gid);
}

}  // namespace

Result<void> apply_fs_group(const std::string& root, int64_t gid, bool only_on_mismatch) {
    UniqueFd top(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat seen {};
    if (!top || fstat(top.get(), &seen) != 0) return Error::from_errno("open " + root, errno);
    if (only_on_mismatch && looks_right(seen, gid)) return ok();
    return walk(top, seen, gid, 0);
}

}  // namespace orilla::node
