#include "orilla/base/durable.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "orilla/base/unique_fd.hpp"

namespace orilla {

Result<void> sync_path(const std::string& path) {
    // Not O_PATH: the kernel refuses to sync such a descriptor.
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return Error::from_errno("sync " + path, errno);
    return ok();
}

std::string parent_directory(const std::string& path) {
    const size_t end = path.find_last_not_of('/');
    const size_t slash = end == std::string::npos ? end : path.rfind('/', end);
    if (slash == std::string::npos) return path.empty() || path.front() != '/' ? "." : "/";
    return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> make_durable_directory(const std::string& path, mode_t mode) {
    const std::string parent = parent_directory(path);
    bool made = ::mkdir(path.c_str(), mode) == 0;
    if (!made && errno == ENOENT && parent != path && !path.empty()) {
        TRY_VOID(make_durable_directory(parent, 0755));
        made = ::mkdir(path.c_str(), mode) == 0;
    }
    if (made) return sync_path(parent);
    struct stat seen {};
    if (errno == EEXIST && ::stat(path.c_str(), &seen) == 0 && S_ISDIR(seen.st_mode)) return ok();
    return Error::from_errno("make directory " + path, errno == EEXIST ? ENOTDIR : errno);
}

}  // namespace orilla
