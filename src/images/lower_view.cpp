#include "lower_view.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace orilla::images {

bool is_whiteout(const struct stat& seen) { return S_ISCHR(seen.st_mode) && seen.st_rdev == makedev(0, 0); }

bool is_opaque(int directory_fd) {
    char value = 0;
    // The trusted twin needs a privilege that this process gave up; both are always set together.
    return fgetxattr(directory_fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

namespace {
enum class Look { found, absent, hidden };

Look look_in(int root, const std::vector<std::string>& components, LowerEntry& out) {
    UniqueFd at(fcntl(root, F_DUPFD_CLOEXEC, 3));
    bool opaque = false;
    for (size_t i = 0; at; ++i) {
        struct stat seen {};
        if (fstatat(at.get(), components[i].c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0)
            return opaque ? Look::hidden : Look::absent;
        if (is_whiteout(seen)) return Look::hidden;
        if (i + 1 == components.size()) {
            out.directory = std::move(at);
            out.name = components[i];
            out.seen = seen;
            return Look::found;
        }
        if (!S_ISDIR(seen.st_mode)) return Look::hidden;
        at.reset(openat(at.get(), components[i].c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        opaque = opaque || (at && is_opaque(at.get()));
    }
    return Look::absent;
}
}  // namespace

std::optional<LowerEntry> LowerView::find(const std::vector<std::string>& components) const {
    if (components.empty()) return std::nullopt;
    for (const int root : roots_) {
        LowerEntry entry;
        const Look look = look_in(root, components, entry);
        if (look == Look::found) return entry;
        if (look == Look::hidden) return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace orilla::images
