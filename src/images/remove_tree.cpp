#include "remove_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "limits.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::images {

namespace {

struct CloseStream {
    void operator()(DIR* stream) const { closedir(stream); }
};

Result<void> remove_at(int parent_fd, const char* name, int64_t* reclaimed_bytes, size_t depth) {
    struct stat seen {};
    if (fstatat(parent_fd, name, &seen, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ok() : Result<void>(Error::from_errno(std::string("stat ") + name, errno));
    if (!S_ISDIR(seen.st_mode)) {
        if (unlinkat(parent_fd, name, 0) != 0 && errno != ENOENT)
            return Error::from_errno(std::string("unlink ") + name, errno);
        if (reclaimed_bytes && S_ISREG(seen.st_mode) && seen.st_nlink == 1) *reclaimed_bytes += seen.st_size;
        return ok();
    }
    if (depth > 2 * path_depth_max) return Error(Code::corrupt, fmt::format("remove {}: nested too deeply", name));
    UniqueFd fd(openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return Error::from_errno(std::string("open ") + name, errno);
    const int directory_fd = fd.get();
    std::unique_ptr<DIR, CloseStream> stream(fdopendir(directory_fd));
    if (!stream) return Error::from_errno(std::string("list ") + name, errno);
    fd.release();  // the stream closes it
    while (const dirent* entry = readdir(stream.get())) {
        const std::string_view child = entry->d_name;
        if (child == "." || child == "..") continue;
        TRY_VOID(remove_at(directory_fd, entry->d_name, reclaimed_bytes, depth + 1));
    }
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return Error::from_errno(std::string("rmdir ") + name, errno);
    return ok();
}

}  // namespace

Result<void> remove_tree(int parent_fd, const std::string& name, int64_t* reclaimed_bytes) {
    return remove_at(parent_fd, name.c_str(), reclaimed_bytes, 0);
}

}  // namespace orilla::images
