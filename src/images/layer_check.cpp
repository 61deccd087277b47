#include "layer_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string_view>

#include "layer_path.hpp"
#include "limits.hpp"

namespace orilla::images {

LayerCheck::LayerCheck(UniqueFd layer) : layer_(std::move(layer)) {}

Result<void> LayerCheck::enter(UniqueFd directory) {
    if (!directory) return Error::from_errno("open a directory", errno);
    if (open_.size() > 2 * path_depth_max) return Error(Code::corrupt, "it is nested too deeply");
    Stream stream(fdopendir(directory.get()));
    if (!stream) return Error::from_errno("list a directory", errno);
    directory.release();  // the stream closes it
    open_.push_back(std::move(stream));
    return ok();
}

Result<void> LayerCheck::look_at(const char* name) {
    struct stat seen {};
    const int here = dirfd(open_.back().get());
    if (fstatat(here, name, &seen, AT_SYMLINK_NOFOLLOW) != 0) return Error::from_errno("stat " + printable(name), errno);
    if (S_ISDIR(seen.st_mode)) return enter(UniqueFd(openat(here, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
    if (S_ISREG(seen.st_mode) && (seen.st_nlink == 1 || linked_.insert(seen.st_ino).second)) size_bytes_ += seen.st_size;
    return ok();
}

Result<bool> LayerCheck::look(size_t entries_max) {
    if (layer_) TRY_VOID(enter(std::move(layer_)));
    for (size_t looked = 0; looked < entries_max && !open_.empty();) {
        errno = 0;
        const dirent* entry = readdir(open_.back().get());
        if (!entry && errno != 0) return Error::from_errno("list a directory", errno);
        if (!entry) {
            open_.pop_back();
            continue;
        }
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        ++looked;
        TRY_VOID(look_at(entry->d_name));
    }
    return open_.empty();
}

}  // namespace orilla::images
