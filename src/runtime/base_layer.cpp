#include "base_layer.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>

#include "cgroup_files.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::runtime {

Result<void> make_base_layer(const std::string& path) {
    // An image without /etc shows this one: for everybody, whatever umask we were started with.
    for (const char* directory : {"", "/proc", "/sys", "/dev", "/etc"}) {
        TRY_VOID(make_directories(path + directory));
        if (::chmod((path + directory).c_str(), 0755) != 0)
            return Error::from_errno(fmt::format("chmod {}{}", path, directory), errno);
    }
    for (const char* file : {"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}) {
        const UniqueFd fd(::open((path + file).c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
        if (!fd || ::fchmod(fd.get(), 0644) != 0) return Error::from_errno(fmt::format("make {}{}", path, file), errno);
    }
    return ok();
}

}  // namespace orilla::runtime
